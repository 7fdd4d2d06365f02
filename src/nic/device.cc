// SPDX-License-Identifier: Apache-2.0
#include "nic/device.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "nic/interface.h"
#include "nic/memory.h"

namespace telefence {
namespace {

Error environment(std::string message) { return {ErrorCode::kEnvironment, std::move(message)}; }

bool is_hexadecimal(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// 0000:3b:00.0 or 3b:00.0.
bool is_pci_address(std::string_view text) {
  if (text.size() == 12 && text[4] == ':' && is_hexadecimal(text.substr(0, 4))) text.remove_prefix(5);
  return text.size() == 7 && text[2] == ':' && text[5] == '.' && is_hexadecimal(text.substr(0, 2)) &&
         is_hexadecimal(text.substr(3, 2)) && is_hexadecimal(text.substr(6, 1));
}

Result<void> check_interface(const std::string& name) {
  if (look_up_interface(name).there) return {};
  return environment("the kernel has no interface " + name + ": `ip link` shows those that exist");
}

// The kernel takes the MTU, Ethernet's header and one VLAN tag. Longer ones it throws away where nobody counts them, and
// net_af_xdp copies frames of another pool into buffers of its own without asking whether they fit.
std::uint32_t longest_sent(const Device& device) {
  const std::uint32_t longest = look_up_interface(device.interface).mtu + 14 + 4;
  return device.dpdk_name.starts_with("net_af_xdp") ? std::min(longest, kUsualFrameBytes) : longest;
}

Result<void> check_packet_socket() {
  const int file = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (file < 0) {
    const std::string advice = errno == EPERM ? ": run as root, or give the program the capability CAP_NET_RAW" : "";
    return environment(std::string("a packet socket cannot be opened: ") + std::strerror(errno) + advice);
  }
  close(file);
  return {};
}

// The kernel's ring holds whole frames of a power of two, so that no block ends in the middle of one: the driver counts on
// frames standing side by side. 128 bytes are for the kernel's header, Ethernet and tags.
Device packet_socket_device(const std::string& interface, std::uint32_t mtu, std::size_t index) {
  constexpr std::uint32_t kLargest = 16384, kBlock = 65536, kRing = 4 * 1024 * 1024;
  Device device;
  std::uint32_t frame = 2048;
  while (frame < kLargest && frame < mtu + 128) frame *= 2;
  if (frame < mtu + 128)
    device.notes.push_back("its MTU is " + std::to_string(mtu) + ": frames above " + std::to_string(frame - 128) +
                           " bytes are cut; make the MTU smaller");
  device.largest_frame = frame;
  device.dpdk_name = "net_af_packet" + std::to_string(index);
  device.argument = device.dpdk_name + ",iface=" + interface + ",blocksz=" + std::to_string(kBlock) +
                    ",framesz=" + std::to_string(frame) +
                    ",framecnt=" + std::to_string(std::max(kRing / frame, kBlock / frame)) + ",qpairs=1";
  return device;
}

Result<Device> find_interface(const PortOptions& port, std::size_t index) {
  if (Result<void> there = check_interface(port.device); !there) return there.error();
  if (Result<void> may = check_packet_socket(); !may) return may.error();
  const Interface interface = look_up_interface(port.device);
  Device device;
  if (port.driver == "af_xdp") {
    device.dpdk_name = "net_af_xdp" + std::to_string(index);
    device.argument = device.dpdk_name + ",iface=" + port.device;
    if (interface.receive_queues > 1)
      device.notes.push_back("its packets are spread over " + std::to_string(interface.receive_queues) +
                             " receive queues, of which XDP sees the first: ethtool -L " + port.device +
                             (interface.queues_are_combined ? " combined 1" : " rx 1"));
  } else if (port.driver == "af_packet") {
    device = packet_socket_device(port.device, interface.mtu, index);
  } else {
    return Error{ErrorCode::kInvalid, "driver " + port.driver + " is not known: af_packet and af_xdp are"};
  }
  device.kind = DeviceKind::kInterface;
  device.interface = port.device;
  device.longest_sent = longest_sent(device);
  if (!interface.up) device.notes.push_back("the interface is down: ip link set " + port.device + " up");
  return device;
}

Result<Device> find_pci(const PortOptions& port) {
  Device device;
  device.kind = DeviceKind::kPci;
  device.dpdk_name = port.device.size() == 7 ? "0000:" + port.device : port.device;
  // As sysfs and DPDK write it.
  for (char& digit : device.dpdk_name) digit = static_cast<char>(std::tolower(static_cast<unsigned char>(digit)));
  device.argument = device.dpdk_name;
  const std::string folder = "/sys/bus/pci/devices/" + device.dpdk_name;
  if (access(folder.c_str(), F_OK) != 0)
    return environment("there is no PCI device " + device.dpdk_name + ": `dpdk-devbind.py --status-dev net` shows those that exist");
  char target[PATH_MAX] = "";
  const ssize_t length = readlink((folder + "/driver").c_str(), target, sizeof target - 1);
  const std::string_view path(target, length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::string_view driver = path.substr(path.rfind('/') + 1);
  // The last ones share the device with DPDK.
  constexpr auto kUsable = std::to_array<std::string_view>(
      {"vfio-pci", "igb_uio", "uio_pci_generic", "mlx4_core", "mlx5_core", "mana"});
  if (std::find(kUsable.begin(), kUsable.end(), driver) != kUsable.end()) return device;
  const std::string held = driver.empty() ? "is bound to no driver" : "is held by the kernel's driver " + std::string(driver);
  return environment("PCI device " + device.dpdk_name + " " + held + ": bind it to vfio-pci (dpdk-devbind.py --bind=vfio-pci " +
                     device.dpdk_name + "), or give its interface name with `driver: af_packet`");
}

// Whoever writes into a pipe loses what is read here, and his reader with it; whoever opens one waits for its other end.
bool is_pipe_or_device(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode);
}

Result<void> check_input_capture(const std::string& path) {
  if (is_pipe_or_device(path)) return {};
  char message[PCAP_ERRBUF_SIZE] = "";
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return environment("capture " + path + " cannot be opened: " + std::strerror(errno));
  pcap_t* capture = pcap_fopen_offline(file, message);
  if (capture == nullptr) {
    std::fclose(file);
    return environment(path + " is not a capture: " + message);
  }
  pcap_close(capture);
  return {};
}

Result<void> check_output_capture(const std::string& path) {
  if (is_pipe_or_device(path)) return {};
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return environment("capture " + path + " cannot be written: " + std::strerror(errno));
  close(file);
  return {};
}

bool names_interface(std::string_view key) {
  return key == "iface" || key == "rx_iface" || key == "tx_iface" || key == "rx_iface_in";
}

// The values in "name,key=value,key=value" that name something on this machine.
Result<void> look_at_vdev_values(Device& device) {
  std::string_view argument = device.argument;
  while (!argument.empty()) {
    const std::size_t end = std::min(argument.find(','), argument.size());
    const std::string_view part = argument.substr(0, end);
    argument.remove_prefix(std::min(end + 1, argument.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = part.substr(0, equals);
    const std::string value(part.substr(equals + 1));
    Result<void> checked;
    if (key == "rx_pcap") checked = check_input_capture(value);
    if (key == "tx_pcap") checked = check_output_capture(value);
    if (names_interface(key)) {
      checked = check_interface(value);
      if (device.interface.empty()) device.interface = value;
    }
    if (!checked) return checked;
  }
  return {};
}

Result<Device> find_vdev(const PortOptions& port) {
  Device device;
  device.kind = DeviceKind::kVdev;
  device.argument = port.device;
  device.dpdk_name = port.device.substr(0, port.device.find(','));
  // net_tap and others make their interface themselves.
  const bool opens_existing = device.dpdk_name.starts_with("net_pcap") || device.dpdk_name.starts_with("net_af_");
  if (!opens_existing) return device;
  if (device.dpdk_name.starts_with("net_af_packet")) {
    if (Result<void> may = check_packet_socket(); !may) return may.error();
  }
  if (Result<void> checked = look_at_vdev_values(device); !checked) return checked.error();
  if (!device.interface.empty()) device.longest_sent = longest_sent(device);
  return device;
}

}  // namespace

DeviceKind device_kind(std::string_view device) {
  if (is_pci_address(device)) return DeviceKind::kPci;
  constexpr auto kPrefixes = std::to_array<std::string_view>({"net_", "eth_", "virtio_user"});
  const bool vdev = device.find(',') != std::string_view::npos ||
                    std::any_of(kPrefixes.begin(), kPrefixes.end(),
                                [&](std::string_view prefix) { return device.starts_with(prefix); });
  return vdev ? DeviceKind::kVdev : DeviceKind::kInterface;
}

Result<Device> find_device(const PortOptions& port, std::size_t index) {
  if (port.device.empty()) return Error{ErrorCode::kInvalid, "no device is given"};
  switch (device_kind(port.device)) {
    case DeviceKind::kPci:
      return find_pci(port);
    case DeviceKind::kInterface:
      return find_interface(port, index);
    case DeviceKind::kVdev:
      break;
  }
  return find_vdev(port);
}

}  // namespace telefence
