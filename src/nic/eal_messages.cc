// SPDX-License-Identifier: Apache-2.0
#include "nic/eal_messages.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace telefence {
namespace {

struct Known {
  std::string_view first, second;  // both stand in one line of the log; "" = any
  std::string_view sentence;
};

// The first that fits wins, so causes stand before their consequences.
constexpr auto kKnown = std::to_array<Known>({
    {"AF_PACKET socket", "Operation not permitted",
     "a packet socket needs the capability CAP_NET_RAW: run as root, or give the capability to the program"},
    {"SIOCGIFINDEX", "", "there is no such kernel interface: `ip link` shows those that exist"},
    {"PACKET_RX_RING", "", "the kernel refused the receive ring of the packet socket: too little memory is free"},
    {"PACKET_TX_RING", "", "the kernel refused the transmit ring of the packet socket: too little memory is free"},
    {"not fit in mbuf", "", "frames of this interface are larger than the buffers: make its MTU smaller"},
    {"xsk socket", "", "the kernel refused an XDP socket: it needs root, Linux 5.4 or newer, and no other XDP program on the "
                       "interface; `driver: af_packet` works without"},
    {"XDP program", "", "the kernel refused the XDP program: it needs root and no other XDP program on the interface; "
                        "`driver: af_packet` works without"},
    {"create umem", "", "the kernel refused the memory of the XDP socket: raise the limit of locked memory (ulimit -l)"},
    {"Couldn't open", "for writing", "the output capture cannot be written: look at its folder and permissions"},
    {"Couldn't open interface", "", "the interface cannot be opened for capturing: it does not exist, or the permission is "
                                    "missing (CAP_NET_RAW)"},
    {"Couldn't open", "", "the input capture cannot be opened: look at its name, its permissions and its format"},
    {"Not managed by a supported kernel driver", "",
     "the device is held by a driver of the kernel: bind it to vfio-pci (dpdk-devbind.py --bind=vfio-pci ADDRESS), or give "
     "its interface name with `driver: af_packet`"},
    {"/dev/vfio", "ermission denied", "the user may not open /dev/vfio: run as root, or give the user the device's group"},
    {"VFIO group is not viable", "", "other devices of its IOMMU group are held by the kernel: bind them to vfio-pci as well"},
    {"cannot open VFIO container", "", "VFIO is not there: load the module vfio-pci and switch the IOMMU on"},
    {"no driver found for", "", "DPDK has no driver of that name: look at the word before the first comma of `device`, and "
                                "whether the driver's package is installed"},
    {"no driver alias", "", "DPDK has no driver of that name: look at the word before the first comma of `device`"},
    {"Unable to parse device", "", "DPDK has no driver of that name: look at the word before the first comma of `device`, and "
                                   "whether the driver's package is installed"},
    {"Cannot find bus", "", "DPDK has no driver of that name: look at the word before the first comma of `device`"},
    {"Cannot create lock", "", "another program runs with the same DPDK file prefix: stop it, or give another prefix"},
    {"Cannot init config", "", "another program runs with the same DPDK file prefix, or its folder cannot be written"},
    {"No free", "hugepages", "no hugepages are free: reserve some (sysctl vm.nr_hugepages=1024), or set `engine: {hugepages: "
                             "off}`"},
    {"No available", "hugepages", "no hugepages are free: reserve some (sysctl vm.nr_hugepages=1024), or set `engine: "
                                  "{hugepages: off}`"},
    {"annot get hugepage information", "", "no hugepages are there: reserve some (sysctl vm.nr_hugepages=1024), or set "
                                           "`engine: {hugepages: off}`"},
    {"Not enough memory available", "", "too little memory: reserve more hugepages, or set `engine: {hugepages: off}`"},
    {"annot allocate memory", "", "too little memory: reserve more hugepages, or make `engine: {frames: N}` smaller"},
    {"does not support \"", "", "this processor is too old for DPDK (it needs SSE4.2)"},
    {"pthread_setaffinity_np failed", "", "a core of `engine.workers` may not be used: look at the limits of the container or service"},
    {"unrecognized option", "", "DPDK does not know one of the extra arguments in `engine.eal`"},
    {"invalid option", "", "DPDK does not know one of the extra arguments in `engine.eal`"},
    {"failed to initialize", "", "its driver refused the arguments: look at the words behind the first comma of `device`"},
    {"invalid parameter for --lcores", "", "a core in the extra arguments `engine.eal` is not there"},
    {"requires an argument", "", "one of the extra arguments in `engine.eal` lacks its value"},
});

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0) line.remove_prefix(1);
  while (line.ends_with('.') || line.ends_with('!')) line.remove_suffix(1);
  return line;
}

bool contains_folded(std::string_view line, std::string_view word) {
  return std::search(line.begin(), line.end(), word.begin(), word.end(), [](char left, char right) {
           return std::tolower(static_cast<unsigned char>(left)) == right;
         }) != line.end();
}

bool sounds_like_an_error(std::string_view line) {
  constexpr std::string_view kWords[] = {"fail", "cannot", "can't", "could", "error", "invalid", "not ", "unable", "unrecog"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return contains_folded(line, word); });
}

// Calls visit(line) until it returns true.
template <typename Visit>
void each_line(std::string_view log, Visit visit) {
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    if (visit(trimmed(log.substr(0, end)))) return;
    log.remove_prefix(std::min(end + 1, log.size()));
  }
}

}  // namespace

std::string explain_eal_log(std::string_view log) {
  for (const Known& known : kKnown) {
    bool found = false;
    each_line(log, [&](std::string_view line) {
      found = line.find(known.first) != std::string_view::npos && line.find(known.second) != std::string_view::npos;
      return found;
    });
    if (found) return std::string(known.sentence);
  }
  // A page of usage may follow the line that matters.
  std::string_view last, last_of_environment;
  each_line(log, [&](std::string_view line) {
    if (!sounds_like_an_error(line)) return false;
    last = line;
    if (line.starts_with("EAL: ")) last_of_environment = line.substr(5);
    return false;
  });
  if (!last_of_environment.empty()) last = last_of_environment;
  if (last.empty()) return "DPDK gives no reason";
  return "DPDK says: " + std::string(last);
}

}  // namespace telefence
