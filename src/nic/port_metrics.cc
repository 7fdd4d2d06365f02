// SPDX-License-Identifier: Apache-2.0
#include "nic/port_metrics.h"

#include <utility>

namespace telefence {
namespace {

struct Shown {
  const char* label;  // its value in the second label
  std::uint64_t PortCounts::* count;
};

struct ShownFamily {
  const char* name;
  const char* help;
  const char* second_label;
  std::vector<Shown> shown;
};

std::vector<ShownFamily> shown_families() {
  return {
      {"telefence_port_packets_total", "Packets that a port received and transmitted.", "direction",
       {{"receive", &PortCounts::received}, {"transmit", &PortCounts::transmitted}}},
      {"telefence_port_bytes_total", "Bytes that a port received and transmitted.", "direction",
       {{"receive", &PortCounts::received_bytes}, {"transmit", &PortCounts::transmitted_bytes}}},
      {"telefence_port_lost_total",
       "Packets that a port lost: the receive queue was full, no buffer was free, the port reported an error, or the packet "
       "was longer than the port can send.",
       "reason",
       {{"queue_full", &PortCounts::missed},
        {"no_buffer", &PortCounts::no_buffer},
        {"receive_error", &PortCounts::receive_errors},
        {"transmit_error", &PortCounts::transmit_errors},
        {"too_long", &PortCounts::too_long}}},
  };
}

}  // namespace

void add_port_metrics(const Nic& nic, const std::vector<std::string>& port_names, Catalog& catalog) {
  for (ShownFamily& family : shown_families()) {
    const char* label = family.second_label;
    catalog.add({family.name, family.help, Family::Type::kCounter,
                 [&nic, port_names, label, shown = std::move(family.shown)](std::vector<Sample>& samples) {
                   for (std::size_t i = 0; i < port_names.size(); ++i) {
                     const PortCounts counts = nic.counts(i);
                     for (const Shown& one : shown)
                       samples.push_back({{{"port", port_names[i]}, {label, one.label}},
                                          static_cast<double>(counts.*one.count)});
                   }
                 }});
  }
  catalog.add({"telefence_port_truncated_total",
               "Packets of which only a part was inspected: they fit no buffer, or the driver lost their end.",
               Family::Type::kCounter,
               [&nic, port_names](std::vector<Sample>& samples) {
                 for (std::size_t i = 0; i < port_names.size(); ++i)
                   samples.push_back({{{"port", port_names[i]}}, static_cast<double>(nic.counts(i).truncated)});
               }});
  catalog.add({"telefence_port_up", "1 while the port has a link.", Family::Type::kGauge,
               [&nic, port_names](std::vector<Sample>& samples) {
                 for (std::size_t i = 0; i < port_names.size(); ++i)
                   samples.push_back({{{"port", port_names[i]}}, nic.counts(i).link_up ? 1.0 : 0.0});
               }});
  catalog.add({"telefence_frames_free", "Packet buffers that are free.", Family::Type::kGauge,
               [&nic](std::vector<Sample>& samples) { samples.push_back({{}, static_cast<double>(nic.free_frames())}); }});
}

}  // namespace telefence
