// SPDX-License-Identifier: Apache-2.0
#include "nic/device.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture_files.h"

namespace telefence {
namespace {

using testing::pcap_bytes;
using testing::TemporaryFolder;
using testing::write_file;

Error error_of(const std::string& device, const std::string& driver = "af_packet") {
  const Result<Device> found = find_device({"access", device, driver}, 0);
  EXPECT_FALSE(found.ok()) << device;
  return found.ok() ? Error{} : found.error();
}

TEST(Device, KindIsToldByTheWord) {
  EXPECT_EQ(device_kind("0000:3b:00.0"), DeviceKind::kPci);
  EXPECT_EQ(device_kind("3b:00.1"), DeviceKind::kPci);
  EXPECT_EQ(device_kind("ens1f0"), DeviceKind::kInterface);
  EXPECT_EQ(device_kind("eth0"), DeviceKind::kInterface);
  EXPECT_EQ(device_kind("net_null0"), DeviceKind::kVdev);
  EXPECT_EQ(device_kind("net_pcap0,rx_pcap=in.pcap"), DeviceKind::kVdev);
  EXPECT_EQ(device_kind("0000:3b:00"), DeviceKind::kInterface);
  EXPECT_EQ(device_kind("3b:00,0"), DeviceKind::kVdev);
}

TEST(Device, MissingDeviceSaysWhatIsMissing) {
  EXPECT_NE(error_of("nosuch0").message.find("the kernel has no interface nosuch0"), std::string::npos);
  EXPECT_NE(error_of("ffff:ff:1f.7").message.find("there is no PCI device ffff:ff:1f.7"), std::string::npos);
  EXPECT_NE(error_of("net_pcap0,rx_pcap=/no/such.pcap").message.find("/no/such.pcap cannot be opened: No such file"),
            std::string::npos);
  EXPECT_NE(error_of("net_af_xdp0,iface=nosuch0").message.find("no interface nosuch0"), std::string::npos);
  EXPECT_EQ(error_of("").code, ErrorCode::kInvalid);
  EXPECT_EQ(error_of("nosuch0").code, ErrorCode::kEnvironment);
  // A name longer than the kernel allows must not be cut to one that exists.
  EXPECT_NE(error_of("lo-and-fifteen-more").message.find("no interface"), std::string::npos);
}

TEST(Device, PciAddressInCapitalsIsTheSame) {
  EXPECT_NE(error_of("FFFF:FF:1F.7").message.find("there is no PCI device ffff:ff:1f.7"), std::string::npos);
  EXPECT_NE(error_of("FF:1F.7").message.find("there is no PCI device 0000:ff:1f.7"), std::string::npos);
}

// Whoever writes into a pipe loses what is read here, and his reader when it is closed: the driver opens it afterwards.
TEST(Device, PipesOfNetPcapAreLeftToTheDriver) {
  const TemporaryFolder folder;
  const std::string input = folder.path("in.fifo");
  const std::string output = folder.path("out.fifo");
  ASSERT_EQ(mkfifo(input.c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(output.c_str(), 0600), 0);
  const int pipe = open(input.c_str(), O_RDWR | O_NONBLOCK);
  ASSERT_EQ(write(pipe, "four", 4), 4);
  const Result<Device> found = find_device({"access", "net_pcap3,rx_pcap=" + input + ",tx_pcap=" + output, "af_packet"}, 0);
  EXPECT_TRUE(found.ok()) << found.error().message;
  char bytes[8];
  EXPECT_EQ(read(pipe, bytes, sizeof bytes), 4);
  close(pipe);
}

TEST(Device, FilesOfNetPcapAreLookedAt) {
  const TemporaryFolder folder;
  const std::string input = folder.path("in.pcap");
  write_file(input, pcap_bytes(1, {}));
  const std::string argument = "net_pcap3,rx_pcap=" + input + ",tx_pcap=" + folder.path("out.pcap");
  const Result<Device> found = find_device({"access", argument, "af_packet"}, 0);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.value().dpdk_name, "net_pcap3");
  EXPECT_EQ(found.value().argument, argument);
  write_file(input, {1, 2, 3});
  EXPECT_NE(error_of(argument).message.find("is not a capture"), std::string::npos);
  EXPECT_NE(error_of("net_pcap3,tx_pcap=" + folder.path("no/out.pcap")).message.find("cannot be written"),
            std::string::npos);
}

TEST(Device, OtherVdevsAreLeftToDpdk) {
  const Result<Device> found = find_device({"access", "net_tap0,iface=made0", "af_packet"}, 0);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value().dpdk_name, "net_tap0");
}

}  // namespace
}  // namespace telefence
