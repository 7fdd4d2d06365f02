// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "config/check.h"
#include "config/cores.h"
#include "nic/mac_address.h"
#include "yaml/read.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxPortName = 32;      // it is a label of metrics
constexpr std::uint32_t kFewestFrames = 1023;
constexpr std::size_t kMaxInterfaceName = 15; // IFNAMSIZ - 1, netdevice(7)

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool is_plain_name(std::string_view name) {
  return name.size() <= kMaxPortName && std::all_of(name.begin(), name.end(), is_word_character);
}

// [domain:]bus:device.function, as lspci(8) writes it.
bool is_pci_address(std::string_view device) {
  const std::size_t dot = device.rfind('.');
  return dot != std::string_view::npos && dot + 2 == device.size() && std::count(device.begin(), device.end(), ':') > 0 &&
         device.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

bool is_vdev(std::string_view device) {
  return device.starts_with("net_") || device.starts_with("eth_") || device.find(',') != std::string_view::npos;
}

// The software drivers of DPDK 22.11, as they begin a vdev string.
constexpr auto kVdevDrivers = std::to_array<std::string_view>(
    {"net_af_packet", "net_af_xdp", "net_bonding", "net_failsafe", "net_memif", "net_null", "net_pcap", "net_ring", "net_softnic",
     "net_tap", "net_tun", "net_vdev_netvsc", "net_vhost", "net_virtio_user", "virtio_user", "eth_af_packet", "eth_af_xdp",
     "eth_bond", "eth_null", "eth_pcap", "eth_ring", "eth_tap", "eth_vhost"});

std::string absence_of_vdev(std::string_view device) {
  const std::string_view driver = device.substr(0, device.find_first_of("0123456789,"));
  if (std::find(kVdevDrivers.begin(), kVdevDrivers.end(), driver) == kVdevDrivers.end()) {
    const std::string_view meant = closest_word(driver, kVdevDrivers);
    return "DPDK has no driver " + std::string(driver) +
           (meant.empty() ? "; net_pcap, net_tap and net_null are some of its own" : "; did you mean " + std::string(meant) + "?");
  }
  constexpr std::string_view kCapture = ",rx_pcap=";
  const std::size_t key = device.find(kCapture);
  if (key == std::string_view::npos) return {};
  const std::string_view value = device.substr(key + kCapture.size());
  const std::string file(value.substr(0, value.find(',')));
  std::error_code failure;
  if (std::filesystem::exists(file, failure)) return {};
  return "there is no capture " + file + "; names within a vdev start where telefenced is started";
}

std::string absence_of(const std::string& device) {
  std::error_code failure;
  if (is_vdev(device)) return absence_of_vdev(device);
  if (is_pci_address(device)) {
    const std::string full = std::count(device.begin(), device.end(), ':') == 1 ? "0000:" + device : device;
    if (std::filesystem::exists("/sys/bus/pci/devices/" + full, failure)) return {};
    return "this machine has no PCI device " + device + "; `lspci -D` shows those it has";
  }
  if (std::filesystem::exists("/sys/class/net/" + device, failure)) return {};
  return "this machine has no network interface " + device + "; `ip link` shows those it has";
}

void check_device(const Checked& checked, const YamlNode& item, const PortOptions& port) {
  const YamlNode* device = item.find("device");
  if (device == nullptr || port.device.empty()) return;
  const bool is_interface = !is_vdev(port.device) && !is_pci_address(port.device);
  if (is_interface && (port.device.size() > kMaxInterfaceName || port.device.find('/') != std::string::npos)) {
    Checked::add(checked.mistakes, *device,
                 "\"" + port.device + "\" is no PCI address (0000:3b:00.0), no interface name (at most 15 characters) "
                 "and no vdev (net_pcap0,rx_pcap=in.pcap)");
    return;
  }
  const std::string absence = absence_of(port.device);
  if (!absence.empty()) Checked::add(checked.warnings, *device, absence);
  const YamlNode* driver = item.find("driver");
  if (driver != nullptr && !is_interface)
    Checked::add(checked.warnings, *driver, "only kernel interfaces have a driver to choose; " + port.device + " is none");
}

void check_ports(const Checked& checked) {
  const YamlNode* list = checked.root.find("ports");
  if (list == nullptr || list->items.empty()) {
    checked.warn("ports", "there are no ports: the daemon would see no traffic");
    return;
  }
  std::map<std::string, int> names, devices;  // to the line of the first
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlNode& item = list->items[i];
    const PortOptions& port = checked.config.nic.ports[i];
    const YamlNode* name = item.find("name");
    if (name != nullptr && !port.name.empty()) {
      const auto [first, is_new] = names.emplace(port.name, name->line);
      if (!is_new)
        Checked::add(checked.mistakes, *name, "the name " + port.name + " is taken by the port in line " +
                                                  std::to_string(first->second) + "; give each port its own");
      if (!is_plain_name(port.name))
        Checked::add(checked.mistakes, *name, "a port name has at most 32 letters, digits, - _ and .");
    }
    const YamlNode* device = item.find("device");
    if (device != nullptr && !port.device.empty()) {
      const auto [first, is_new] = devices.emplace(port.device, device->line);
      if (!is_new)
        Checked::add(checked.mistakes, *device, "the device " + port.device + " is taken by the port in line " +
                                                    std::to_string(first->second));
    }
    check_device(checked, item, port);
  }
}

// Which ports are joined to something, and from which line.
class Uses {
 public:
  explicit Uses(const Checked& checked) : checked_(checked) {
    for (const PortOptions& port : checked.config.nic.ports)
      if (!port.name.empty()) names_.push_back(port.name);
  }

  void use(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kScalar) return;
    if (std::find(names_.begin(), names_.end(), node.text) == names_.end()) {
      Checked::add(checked_.mistakes, node, unknown(node.text));
      return;
    }
    const auto [first, is_new] = lines_.emplace(node.text, node.line);
    if (!is_new)
      Checked::add(checked_.mistakes, node, "the port " + node.text + " is used in line " + std::to_string(first->second) +
                                                " already; a port belongs to one wire or is one mirror");
  }
  // The port that copies are answered by: one of its own, or a mirror. Requires: all others are known.
  void use_to_respond(const YamlNode& node, const NicOptions& nic) {
    const auto found = lines_.find(node.text);
    if (found == lines_.end()) return use(node);
    if (std::find(nic.mirror.begin(), nic.mirror.end(), node.text) != nic.mirror.end()) return;
    Checked::add(checked_.mistakes, node, "the port " + node.text + " is in the wire of line " + std::to_string(found->second) +
                                              "; give answers a port of their own, or a mirror that can send");
  }
  bool uses(const std::string& name) const { return lines_.contains(name); }

 private:
  std::string unknown(const std::string& name) const {
    const std::string start = "there is no port " + name + " under ports; ";
    const std::string_view meant = closest_word(name, names_);
    if (!meant.empty()) return start + "did you mean " + std::string(meant) + "?";
    std::string all;
    for (const std::string_view known : names_) all += (all.empty() ? "" : ", ") + std::string(known);
    return start + (all.empty() ? "none is named there" : "there are " + all);
  }

  const Checked& checked_;
  std::vector<std::string_view> names_;
  std::map<std::string, int> lines_;
};

void check_respond(const Checked& checked, Uses& uses) {
  const NicOptions& nic = checked.config.nic;
  const YamlNode* respond = checked.root.find_path("respond.port");
  if (respond == nullptr) respond = checked.root.find("respond");  // the port alone
  if (respond != nullptr && !nic.respond.empty()) {
    uses.use_to_respond(*respond, nic);
    if (nic.mirror.empty())
      Checked::add(checked.mistakes, *respond, "there is no mirror whose traffic could be answered; name one under mirror, or leave "
                                               "respond out: a wire answers by its own ports");
  }
  const YamlNode* gateway = checked.root.find_path("respond.gateway");
  if (gateway == nullptr || nic.respond_gateway.empty()) return;
  const std::optional<MacAddress> address = mac_from(nic.respond_gateway);
  if (!address || !is_one_station(*address))
    Checked::add(checked.mistakes, *gateway, "\"" + nic.respond_gateway + "\" is no MAC address of one station, as "
                                             "\"02:00:00:00:00:01\"");
}

void check_wires(const Checked& checked) {
  Uses uses(checked);
  if (const YamlNode* wires = checked.root.find("wire")) {
    for (const YamlNode& wire : wires->items) {
      if (wire.items.size() != 2) continue;
      if (wire.items[0].text == wire.items[1].text) {
        Checked::add(checked.mistakes, wire, "a wire joins two different ports");
        continue;
      }
      for (const YamlNode& name : wire.items) uses.use(name);
    }
  }
  if (const YamlNode* mirrors = checked.root.find("mirror"))
    for (const YamlNode& name : mirrors->items) uses.use(name);
  check_respond(checked, uses);
  const YamlNode* ports = checked.root.find("ports");
  for (std::size_t i = 0; ports != nullptr && i < ports->items.size(); ++i) {
    const std::string& name = checked.config.nic.ports[i].name;
    if (!name.empty() && !uses.uses(name))
      Checked::add(checked.warnings, ports->items[i], "the port " + name + " is in no wire and no mirror: it carries nothing");
  }
  const NicOptions& nic = checked.config.nic;
  if (checked.config.mode == Mode::kEnforce && nic.wire.empty() && !nic.mirror.empty() && nic.respond.empty())
    checked.warn("mode", "a mirror only sees a copy of the traffic: without a wire, or a port to respond by, nothing can be blocked");
}

bool is_usable(const std::vector<unsigned>& usable, unsigned core) {
  return std::find(usable.begin(), usable.end(), core) != usable.end();
}

}  // namespace

void check_links(const Checked& checked) {
  check_ports(checked);
  check_wires(checked);
}

void check_cores(const Checked& checked) {
  const NicOptions& nic = checked.config.nic;
  const std::vector<unsigned>& usable = usable_cores();
  std::vector<unsigned> absent;
  for (const unsigned core : nic.worker_cores)
    if (!is_usable(usable, core)) absent.push_back(core);
  const std::string has = " on this machine; there are " + describe_cores(usable);
  if (!absent.empty()) checked.mistake("engine.workers", "there is no core " + describe_cores(absent) + has);
  if (nic.frames != 0 && nic.frames < kFewestFrames)
    checked.mistake("engine.frames", std::to_string(nic.frames) + " buffers are fewer than one queue holds; expected " +
                                         std::to_string(kFewestFrames) + " and more, or 0: from the number of ports, queues and workers");
  if (!is_usable(usable, nic.control_core))
    checked.mistake("engine.control_core", "there is no core " + std::to_string(nic.control_core) + has);
  const bool is_shared = is_usable(nic.worker_cores, nic.control_core);
  if (is_shared && checked.root.find_path("engine.workers") != nullptr && usable.size() > 1)
    checked.warn("engine.workers", "core " + std::to_string(nic.control_core) +
                                       " is the control core too: its worker waits whenever a record is written or a list "
                                       "is read; give another engine.control_core");
}

}  // namespace telefence
