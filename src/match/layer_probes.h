// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asks the tables of several layers about many probes, a chunk at a time. First all filters are asked for, then the lines of all that these
// let through, then all entries: each in a loop that does nothing else, since a core waits for the page of a line before it goes on, and
// only what it sees close behind it is under way meanwhile (measured: a third of what matching took for a hit, and of what it took for two
// numbers of 40,000,000). Worker thread; no allocation.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

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

  // A probe whose filters are still to be asked for. report(probe, likely, layer, order) for each probe and layer that may have it, the newest
  // layer first; `order` is of the probe.
  template <typename Report>
  void add(const Probe& probe, Report report) {
    next(report) = probe;
    ++count_;
  }
  // Starts to bring the filters of what was added since the call before from memory.
  void fetch_filters() {
    for (const TableLayer<Table>& layer : layers_)
      for (std::size_t i = fetched_; i < count_; ++i) layer.table->prefetch_filter(probes_[i]);
    fetched_ = count_;
  }
  // In place of add() when the filters are here already: the place where a probe is filled, then look(). What the filters turn away takes no
  // room. All probes come in one of the two ways.
  template <typename Report>
  Probe& next(Report report) {
    if (count_ == kChunk) flush(report);
    return probes_[count_];
  }
  void look(const Probe& probe) {
    const std::size_t before = found_;
    ask_filters(probe);
    if (found_ != before) fetched_ = checked_ = ++count_;
  }

  template <typename Report>
  void flush(Report report) {
    fetch_filters();
    for (; checked_ != count_; ++checked_) ask_filters(probes_[checked_]);
    const std::span<Candidate> candidates = candidates_.first(found_);
    for (const Candidate& candidate : candidates) table(candidate).prefetch_line(probes_[candidate.probe]);
    find_likely(candidates);
    for (const Candidate& candidate : candidates)
      if (candidate.likely != 0) table(candidate).prefetch_entry(probes_[candidate.probe], candidate.likely);
    WordOrder order;
    std::size_t of_probe = kChunk;
    for (const Candidate& candidate : candidates) {
      if (candidate.likely == 0) continue;  // the filter was mistaken
      if (candidate.probe != of_probe) order = WordOrder();
      of_probe = candidate.probe;
      report(probes_[candidate.probe], candidate.likely, layers_[candidate.layer], order);
    }
    count_ = fetched_ = checked_ = found_ = 0;
  }

 private:
  // Those of all layers. The probe is the next that is not checked.
  void ask_filters(const Probe& probe) {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      if (!layers_[layer].table->may_contain(probe)) [[likely]]
        continue;
      Candidate& candidate = candidates_[found_++];
      candidate.probe = static_cast<std::uint16_t>(checked_);
      candidate.layer = static_cast<std::uint16_t>(layer);
    }
  }

  // A probe that the filter of a layer let through.
  struct Candidate {
    std::uint16_t probe = 0;
    std::uint16_t layer = 0;
    std::uint32_t likely = 0;  // where its entry should be; 0: nowhere
  };
  // Where each should be. Those that a line has no room for lie in one behind it, and what is not there at all is looked for in each that is full:
  // all of them go on together.
  void find_likely(std::span<Candidate> candidates) {
    std::size_t strays = 0;
    const auto look = [&](std::size_t index, std::size_t nth) {
      Candidate& candidate = candidates[index];
      const Probe& probe = probes_[candidate.probe];
      candidate.likely = table(candidate).likely_place(probe, nth);
      if (candidate.likely != 0 || !table(candidate).goes_on(probe, nth)) [[likely]] return;
      table(candidate).prefetch_line(probe, nth + 1);
      strays_[strays++] = static_cast<std::uint16_t>(index);
    };
    for (std::size_t i = 0; i < candidates.size(); ++i) look(i, 0);
    for (std::size_t nth = 1; strays != 0; ++nth) {
      const std::span<const std::uint16_t> before = strays_.first(std::exchange(strays, 0));
      for (const std::uint16_t index : before) look(index, nth);
    }
  }

  const Table& table(const Candidate& candidate) const { return *layers_[candidate.layer].table; }

  std::span<const TableLayer<Table>> layers_;
  std::size_t count_ = 0;
  std::size_t fetched_ = 0;  // of those: their filters are on their way
  std::size_t checked_ = 0;  // and these have been asked
  std::size_t found_ = 0;
  Uncleared<Probe, kChunk> probes_;
  Uncleared<Candidate, kChunk * kMostLayers> candidates_;
  Uncleared<std::uint16_t, kChunk * kMostLayers> strays_;  // indexes of candidates
};

}  // namespace telefence
