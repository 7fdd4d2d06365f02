// SPDX-License-Identifier: Apache-2.0
// What can happen once per process, seen from outside, by starting nic_probe: failures at the start, two at once, kill -9,
// another user, and (as root) kernel interfaces in a network namespace of this test's own.

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "capture_files.h"

namespace telefence {
namespace {

using testing::Octets;
using testing::pcap_bytes;
using testing::read_pcap;
using testing::sample_packets;
using testing::TemporaryFolder;
using testing::write_file;

constexpr uid_t kNobody = 65534;

std::string probe_path() {
  const char* path = std::getenv("NIC_PROBE");
  return path == nullptr ? "./nic_probe" : path;
}

// A nic_probe that runs beside the test. Its stdin stays open until stop().
class Probe {
 public:
  explicit Probe(const std::vector<std::string>& arguments, const std::string& program = probe_path(), uid_t user = 0) {
    int input[2], output[2], errors[2];
    EXPECT_EQ(pipe2(input, O_CLOEXEC) | pipe2(output, O_CLOEXEC) | pipe2(errors, O_CLOEXEC), 0);
    std::vector<char*> pointers{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      dup2(input[0], STDIN_FILENO);
      dup2(output[1], STDOUT_FILENO);
      dup2(errors[1], STDERR_FILENO);
      if (user != 0 && (setgid(user) != 0 || setuid(user) != 0)) _exit(125);
      execv(program.c_str(), pointers.data());
      _exit(126);
    }
    for (const int file : {input[0], output[1], errors[1]}) close(file);
    input_ = input[1];
    output_ = output[0];
    errors_ = errors[0];
  }

  ~Probe() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    for (const int file : {input_, output_, errors_})
      if (file >= 0) close(file);
  }

  pid_t process() const { return process_; }

  // False when it ended, or 20 s passed, without saying so.
  bool is_ready() {
    while (output_text_.find("ready\n") == std::string::npos) {
      pollfd wait{output_, POLLIN, 0};
      if (poll(&wait, 1, 20'000) <= 0 || !read_some(output_, output_text_)) return false;
    }
    return true;
  }

  // Lets it end by itself; its exit code.
  int stop() {
    close(input_);
    input_ = -1;
    return wait();
  }

  int wait() {
    while (read_some(output_, output_text_)) {}
    while (read_some(errors_, error_text_)) {}
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  const std::string& output() const { return output_text_; }
  // A figure in the last line that begins with "p<port>:", -1 when it is not there. After stop() or wait().
  long long count(std::size_t port, const std::string& name) const {
    const std::size_t line = output_text_.rfind("\np" + std::to_string(port) + ":");
    const std::size_t at = line == std::string::npos ? line : output_text_.find(" " + name + " ", line);
    return at == std::string::npos ? -1 : std::atoll(output_text_.c_str() + at + name.size() + 2);
  }
  const std::string& errors() const { return error_text_; }

 private:
  static bool read_some(int file, std::string& text) {
    char part[4096];
    const ssize_t got = read(file, part, sizeof part);
    if (got > 0) text.append(part, static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t process_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;
  std::string output_text_, error_text_;
};

// What a failed start says, when it says nothing but one line, and with this exit code.
std::string sentence(const std::vector<std::string>& arguments, int exit_code = 4) {
  Probe probe(arguments);
  EXPECT_EQ(probe.wait(), exit_code);
  EXPECT_EQ(probe.output(), "");
  const std::string& errors = probe.errors();
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  return errors;
}

std::vector<std::string> left_behind(pid_t process) {
  std::vector<std::string> found;
  for (const char* folder : {"/var/run/dpdk", "/tmp/dpdk", "/dev/hugepages", "/dev/shm", "/tmp"}) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
      if (entry.path().string().find("telefence-" + std::to_string(process)) != std::string::npos) found.push_back(entry.path());
  }
  return found;
}

TEST(NicProcess, MissingCaptureIsNamedInOneSentence) {
  EXPECT_EQ(sentence({"net_pcap0,rx_pcap=/no/such.pcap", "net_null0"}),
            "port p0 (net_pcap0,rx_pcap=/no/such.pcap): capture /no/such.pcap cannot be opened: No such file or directory\n");
}

TEST(NicProcess, PortThatDpdkDidNotOpenIsAnError) {
  // DPDK itself calls this start a success.
  EXPECT_NE(sentence({"net_null0", "net_pcap0,nonsense=1"}).find("port p1 (net_pcap0,nonsense=1): was not opened"),
            std::string::npos);
}

TEST(NicProcess, QueueThatNobodyWouldServeIsAnError) {
  const TemporaryFolder folder;
  const std::string in = folder.path("in.pcap");
  write_file(in, pcap_bytes(1, sample_packets(1)));
  const std::string two = "net_pcap0,rx_pcap=" + in + ",rx_pcap=" + in + ",tx_pcap=" + folder.path("back.pcap");
  const std::string said = sentence({two, "net_null0"}, 3);
  EXPECT_NE(said.find("2 receive queues, of which 1 would be served"), std::string::npos) << said;
}

TEST(NicProcess, UnknownDriverIsNamed) {
  const std::string said = sentence({"net_nosuch0", "net_null0"});
  EXPECT_NE(said.find("net_nosuch0: DPDK has no driver of that name"), std::string::npos) << said;
}

TEST(NicProcess, WrongExtraArgumentDoesNotPrintAPageOfUsage) {
  EXPECT_NE(sentence({"--eal", "--nonsense", "net_null0"}).find("extra arguments"), std::string::npos);
  EXPECT_NE(sentence({"--eal", "--lcores=0@0,1@999", "net_null0"}).find("core"), std::string::npos);
}

TEST(NicProcess, TwoRunAtOnce) {
  Probe first({"net_null0", "net_null1"});
  ASSERT_TRUE(first.is_ready());
  Probe second({"net_null0", "net_null1"});
  ASSERT_TRUE(second.is_ready());
  EXPECT_EQ(second.stop(), 0);
  EXPECT_EQ(first.stop(), 0);
  EXPECT_EQ(first.errors() + second.errors(), "");
}

TEST(NicProcess, KillLeavesNothingBehind) {
  Probe probe({"net_null0", "net_ring0"});
  ASSERT_TRUE(probe.is_ready());
  const pid_t process = probe.process();
  kill(process, SIGKILL);
  EXPECT_EQ(probe.wait(), 128 + SIGKILL);
  EXPECT_EQ(left_behind(process), std::vector<std::string>{});
}

TEST(NicProcess, NextStartRemovesWhatAKillDuringAStartHasLeft) {
  const TemporaryFolder folder;
  setenv("RUNTIME_DIRECTORY", folder.path("").c_str(), 1);  // where DPDK makes its folders
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const std::string left = folder.path("dpdk/telefence-" + std::to_string(dead));
  const std::string starting = folder.path("dpdk/telefence-" + std::to_string(getpid()));
  const std::string other = folder.path("dpdk/testpmd");
  for (const std::string& path : {left, starting, other}) std::filesystem::create_directories(path);
  Probe probe({"net_null0", "net_null1"});
  EXPECT_TRUE(probe.is_ready());
  EXPECT_EQ(probe.stop(), 0);
  unsetenv("RUNTIME_DIRECTORY");
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(starting));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST(NicProcess, AnotherUserWithoutPrivilegesCanRunIt) {
  if (getuid() != 0) GTEST_SKIP() << "only root can become another user; without root every test here is this one";
  const TemporaryFolder folder;
  const std::string program = folder.path("nic_probe");
  std::filesystem::copy_file(probe_path(), program);
  write_file(folder.path("in.pcap"), pcap_bytes(1, sample_packets(100)));
  write_file(folder.path("none.pcap"), pcap_bytes(1, {}));
  const std::string out = folder.path("out.pcap");
  Probe probe({"--until", "100", "net_pcap0,rx_pcap=" + folder.path("in.pcap") + ",tx_pcap=" + folder.path("back.pcap"),
               "net_pcap1,rx_pcap=" + folder.path("none.pcap") + ",tx_pcap=" + out},
              program, kNobody);
  EXPECT_TRUE(probe.is_ready());
  EXPECT_EQ(probe.wait(), 0) << probe.errors();
  EXPECT_EQ(read_pcap(out).packets.size(), 100u);
}

// Two pairs of veth, one end of each given to the probe: what goes into one outer end comes out of the other.
class KernelInterfaces : public ::testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root: a network namespace of its own";
    ASSERT_EQ(std::system("ip link add outer0 type veth peer name inner0 && ip link add outer1 type veth peer name inner1"), 0);
  }

  void up(int mtu) {
    for (const char* name : {"outer0", "inner0", "outer1", "inner1"}) {
      const std::string link = std::string("ip link set ") + name;
      ASSERT_EQ(std::system((link + " mtu " + std::to_string(mtu) + " up").c_str()), 0);
    }
  }

  static int packet_socket(const char* interface) {
    const int file = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface));
    EXPECT_EQ(bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const int on = 1;
    setsockopt(file, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    return file;
  }

  // The next frame of our own EtherType (or the one given), or an empty one after two seconds. The kernel sends some of its own as well.
  static Octets receive(int file, std::uint16_t type = 0x88b5) {
    for (;;) {
      pollfd wait{file, POLLIN, 0};
      if (poll(&wait, 1, 2000) <= 0) return {};
      Octets frame(20000);
      frame.resize(static_cast<std::size_t>(std::max<ssize_t>(recv(file, frame.data(), frame.size(), 0), 0)));
      if (frame.size() > 14 && frame[12] == type >> 8 && frame[13] == (type & 0xff)) return frame;
    }
  }

  static Octets frame_of(std::size_t length) {
    Octets frame(length);
    for (std::size_t i = 14; i < length; ++i) frame[i] = static_cast<std::uint8_t>(i * 13);
    std::fill_n(frame.begin(), 12, std::uint8_t{2});
    frame[12] = 0x88;  // EtherType for local experiments (IEEE 802)
    frame[13] = 0xb5;
    return frame;
  }

  void expect_forwarded(std::size_t length) {
    const int near = packet_socket("outer0");
    const int far = packet_socket("outer1");
    const Octets sent = frame_of(length);
    EXPECT_EQ(send(near, sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
    EXPECT_EQ(receive(far), sent) << length;
    EXPECT_EQ(send(far, sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
    EXPECT_EQ(receive(near), sent) << length;
    close(near);
    close(far);
  }
};

TEST_F(KernelInterfaces, FramesOfTheUsualMtuPassInBothDirections) {
  up(1500);
  Probe probe({"inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  for (const std::size_t length : {60u, 1514u}) expect_forwarded(length);
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_EQ(probe.errors(), "");
}

TEST_F(KernelInterfaces, FramesOfALargeMtuPassInBothDirections) {
  up(9000);
  Probe probe({"inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  for (const std::size_t length : {60u, 1514u, 9014u}) expect_forwarded(length);
  EXPECT_EQ(probe.stop(), 0);
}

// The parts of an IPv4 packet with 4,400 octets of UDP, 1,480 in each but the last.
std::vector<Octets> fragments_of_a_packet() {
  std::vector<Octets> fragments;
  for (std::size_t from = 0; from < 4400; from += 1480) {
    const std::size_t length = std::min<std::size_t>(1480, 4400 - from), total = 20 + length;
    const std::size_t field = (from + length < 4400 ? 0x2000u : 0u) + from / 8;  // more fragments, and where this one begins
    Octets one(14, 2);
    one[12] = 0x08;
    one[13] = 0x00;
    Octets header{0x45, 0, 0, 0, 0x12, 0x34, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};
    const auto put = [&](std::size_t at, std::size_t value) {
      header[at] = static_cast<std::uint8_t>(value >> 8);
      header[at + 1] = static_cast<std::uint8_t>(value);
    };
    put(2, total);
    put(6, field);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < header.size(); i += 2) sum += static_cast<std::size_t>(header[i] << 8 | header[i + 1]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    put(10, ~sum & 0xffff);
    one.insert(one.end(), header.begin(), header.end());
    one.resize(14 + total, static_cast<std::uint8_t>(from / 1480 + 1));
    fragments.push_back(one);
  }
  return fragments;
}

TEST_F(KernelInterfaces, FragmentsOfAPacketLongerThanTheMtuPassAsTheyCame) {
  up(1500);
  Probe probe({"inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  const int near = packet_socket("outer0"), far = packet_socket("outer1");
  const std::vector<Octets> sent = fragments_of_a_packet();
  ASSERT_EQ(sent.size(), 3u);
  for (const Octets& one : sent) ASSERT_EQ(send(near, one.data(), one.size(), 0), static_cast<ssize_t>(one.size()));
  for (const Octets& one : sent) EXPECT_EQ(receive(far, 0x0800), one);
  close(near);
  close(far);
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_EQ(probe.count(1, "too_long"), 0);
  EXPECT_EQ(probe.output().find("fragments"), std::string::npos) << probe.output();
}

TEST_F(KernelInterfaces, PortWhoseCableIsPulledHasNoLink) {
  for (const char* driver : {"net_af_packet", "net_af_xdp"}) {
    up(1500);
    const std::string access = std::string(driver) + "0,iface=inner0", core = std::string(driver) + "1,iface=inner1";
    Probe probe({access, core});
    ASSERT_TRUE(probe.is_ready());
    // The other end hears of it a moment later, when the kernel is busy.
    ASSERT_EQ(std::system("ip link set outer0 down; for i in $(seq 200); do ip link show inner0 | grep -q NO-CARRIER && exit 0; "
                          "sleep 0.02; done; exit 1"), 0);
    EXPECT_EQ(probe.stop(), 0);
    EXPECT_EQ(probe.count(0, "link"), 0) << driver;
    EXPECT_EQ(probe.count(1, "link"), 1) << driver;
  }
}

TEST_F(KernelInterfaces, PacketsThatComeWhileTheRingIsFullAreCounted) {
  up(1500);
  Probe probe({"inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  kill(probe.process(), SIGSTOP);
  waitpid(probe.process(), nullptr, WUNTRACED);
  const int near = packet_socket("outer0");
  const Octets frame = frame_of(60);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(send(near, frame.data(), frame.size(), 0), 60);
  close(near);
  kill(probe.process(), SIGCONT);
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_GE(probe.count(0, "missed"), 5000 - 2048);  // the ring holds 2048
  EXPECT_EQ(probe.count(1, "missed"), 0);
}

TEST_F(KernelInterfaces, FrameLongerThanThePortToLeaveByTakesIsCounted) {
  up(1500);
  ASSERT_EQ(std::system("ip link set outer0 mtu 9000 && ip link set inner0 mtu 9000"), 0);
  Probe probe({"inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  const int near = packet_socket("outer0");
  const Octets longer = frame_of(4000);
  ASSERT_EQ(send(near, longer.data(), longer.size(), 0), 4000);
  close(near);
  for (const std::size_t length : {1514u, 60u}) expect_forwarded(length);
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_EQ(probe.count(1, "too_long"), 1);
  EXPECT_EQ(probe.count(0, "too_long"), 0);
}

TEST_F(KernelInterfaces, LargePacketsDoNotRunOverTheBuffersOfXdp) {
  up(1500);
  const TemporaryFolder folder;
  std::vector<testing::Packet> packets(4);
  const std::size_t lengths[] = {60, 9000, 70000 - 4000, 1514};  // usual, in one large buffer, in several, usual
  for (std::size_t i = 0; i < packets.size(); ++i) packets[i].bytes = frame_of(lengths[i]);
  write_file(folder.path("in.pcap"), pcap_bytes(1, packets));
  const int far = packet_socket("outer0");
  Probe probe({"net_pcap0,rx_pcap=" + folder.path("in.pcap"), "net_af_xdp0,iface=inner0"});
  ASSERT_TRUE(probe.is_ready());
  EXPECT_EQ(receive(far), packets[0].bytes);
  EXPECT_EQ(receive(far), packets[3].bytes);
  close(far);
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_EQ(probe.count(1, "too_long"), 2);
}

TEST_F(KernelInterfaces, QueuesThatXdpDoesNotSeeAreNoted) {
  ASSERT_EQ(std::system("ip link del inner0 && ip link add inner0 numrxqueues 4 numtxqueues 4 type veth peer name outer0"), 0);
  up(1500);
  Probe probe({"--driver", "af_xdp", "inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_NE(probe.output().find("note: port p0: its packets are spread over 4 receive queues, of which XDP sees the first: "
                                "ethtool -L inner0 rx 1"),
            std::string::npos) << probe.output();
  EXPECT_EQ(probe.output().find("note: port p1: its packets"), std::string::npos) << probe.output();
}

TEST_F(KernelInterfaces, InterfaceThatIsDownIsNoted) {
  Probe probe({"inner0", "inner1"});
  ASSERT_TRUE(probe.is_ready());
  EXPECT_EQ(probe.stop(), 0);
  EXPECT_NE(probe.output().find("note: port p0: the interface is down: ip link set inner0 up"), std::string::npos);
}

}  // namespace
}  // namespace telefence
