// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asks the tables of several layers about many probes, a chunk at a time: filters are on their way from memory long before they are
// looked at, and so are the lines of what they let through. Worker thread; no allocation.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/uncleared.h"
#include "match/entry_note.h"
#include "match/table_layer.h"

namespace telefence {

template <typename Table, typename Probe>
class LayerProbes {
 public:
  // Enough in flight to hide memory latency, few enough for the stack and the first-level cache.
  static constexpr std::size_t kChunk = 128;

  // The newest layer first. Requires: no table is empty, at most kMostLayers.
  explicit LayerProbes(std::span<const TableLayer<Table>> layers) : layers_(layers) {}

  // report(probe, layer, order) for each probe and layer that may have it, the newest layer first; `order` is of the probe.
  template <typename Report>
  void add(const Probe& probe, Report report) {
    Probe& mine = next(report);
    mine = probe;
    begin(mine);
  }
  // The same in two steps, for who fills it where it stays.
  template <typename Report>
  Probe& next(Report report) {
    if (count_ == kChunk) flush(report);
    return probes_[count_];
  }
  void begin(const Probe& probe) {
    ++count_;
    for (const TableLayer<Table>& layer : layers_) layer.table->prefetch_filter(probe);
    if (count_ - checked_ > kAhead) check();
  }

  template <typename Report>
  void flush(Report report) {
    while (checked_ != count_) check();
    for (const Candidate& candidate : candidates_.first(found_)) layers_[candidate.layer].table->prefetch_entry(probes_[candidate.probe]);
    WordOrder order;
    std::size_t of_probe = kChunk;
    for (const Candidate& candidate : candidates_.first(found_)) {
      if (candidate.probe != of_probe) order = WordOrder();
      of_probe = candidate.probe;
      report(probes_[candidate.probe], layers_[candidate.layer], order);
    }
    count_ = checked_ = found_ = 0;
  }

 private:
  // A core has only so many lines on their way at a time: those asked for at once beyond that are late or lost.
  static constexpr std::size_t kAhead = 32;

  // Of the next probe, the filters of all layers.
  void check() {
    const Probe& probe = probes_[checked_];
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      const Table& table = *layers_[layer].table;
      if (!table.may_contain(probe)) [[likely]]
        continue;
      table.prefetch_line(probe);
      candidates_[found_++] = {static_cast<std::uint16_t>(checked_), static_cast<std::uint16_t>(layer)};
    }
    ++checked_;
  }

  // A probe that the filter of a layer let through.
  struct Candidate {
    std::uint16_t probe = 0;
    std::uint16_t layer = 0;
  };

  std::span<const TableLayer<Table>> layers_;
  std::size_t count_ = 0;
  std::size_t checked_ = 0;  // of those
  std::size_t found_ = 0;
  Uncleared<Probe, kChunk> probes_;
  Uncleared<Candidate, kChunk * kMostLayers> candidates_;
};

}  // namespace telefence
