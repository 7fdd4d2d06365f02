// SPDX-License-Identifier: Apache-2.0
#include "pipeline/datagram_stats.h"

#include <string>
#include <utility>

namespace telefence {
namespace {

using Workers = std::vector<const DatagramStats*>;
using Read = std::uint64_t (*)(const DatagramStats&);
using Sight = FlowMemory::Sight;

double sum(const Workers& workers, Read read) {
  std::uint64_t total = 0;
  for (const DatagramStats* worker : workers) total += read(*worker);
  return static_cast<double>(total);
}

std::uint64_t seen(const DatagramStats& worker, Sight sight) { return worker.sights[static_cast<std::size_t>(sight)].read(); }

}  // namespace

void add_datagram_families(Catalog& catalog, const std::vector<const DatagramStats*>& workers) {
  catalog.add({"telefence_spread_datagrams_total",
               "Messages that went on in another datagram (QUIC): begun, read to their end, given up (longer or in more pieces than is "
               "put together), evicted (gave way to others), refused_evicted (refused connections that gave way before their time).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Read> outcomes[] = {
                     {"begun", [](const DatagramStats& w) { return w.begun.read(); }},
                     {"read", [](const DatagramStats& w) { return w.read.read(); }},
                     {"given_up", [](const DatagramStats& w) { return w.given_up.read(); }},
                     {"evicted", [](const DatagramStats& w) { return w.evicted.read(); }},
                     {"refused_evicted", [](const DatagramStats& w) { return w.refused_evicted.read(); }}};
                 for (const auto& [outcome, read] : outcomes) out.push_back({{{"outcome", outcome}}, sum(workers, read)});
               }});
  catalog.add({"telefence_sealed_packets_total",
               "QUIC Initials, by what became of them: opened; not_opened (by no key that can be known: the server's, those after a "
               "hello that was read, forged or damaged ones); too_small (its receiver discards it, too). Forwarded in any case.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Read> outcomes[] = {
                     {"opened", [](const DatagramStats& w) { return seen(w, Sight::kOpened); }},
                     {"not_opened", [](const DatagramStats& w) { return seen(w, Sight::kNotOpened); }},
                     {"too_small", [](const DatagramStats& w) { return seen(w, Sight::kTooSmall); }}};
                 for (const auto& [outcome, read] : outcomes) out.push_back({{{"outcome", outcome}}, sum(workers, read)});
               }});
}

}  // namespace telefence
