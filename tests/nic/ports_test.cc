// SPDX-License-Identifier: Apache-2.0
// One Nic with vdevs for all of these tests, since DPDK starts once per process: a wire of two captures, a wire of two rings
// that give back what is sent, a mirror that makes packets, and two workers.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include "base/allowed_cores.h"
#include "capture_files.h"
#include "nic/nic.h"

namespace telefence {
namespace {

using testing::Octets;
using testing::Packet;
using testing::pcap_bytes;
using testing::read_pcap;
using testing::sample_packets;
using testing::TemporaryFolder;
using testing::write_file;

constexpr std::size_t kCaptureAccess = 0, kRingAccess = 2, kMirror = 4, kAnswers = 5;  // indexes of ports
constexpr std::size_t kUsual = 300;  // packets before the large ones
constexpr std::size_t kFirstSegment = 2048;
constexpr std::size_t kLargest = 65280;  // in one buffer
// What net_pcap writes of a packet in several segments (RTE_ETH_PCAP_SNAPLEN); it states the true length beside it.
constexpr std::size_t kMostWrittenOfSeveral = 16128;

// Some that fit one large buffer, one at the edge, two that fit none, and three of which net_pcap loses the end when it reads
// them.
std::vector<Packet> packets_sent() {
  std::vector<Packet> packets = sample_packets(kUsual);
  for (const std::size_t length : {2049u, 9000u, 16385u, 40000u, 65280u, 65281u, 65536u, 67584u, 70000u, 200000u}) {
    Packet& packet = packets.emplace_back();
    packet.time_ns = 1'800'000'000'000'000'000;
    packet.bytes.resize(length);
    for (std::size_t i = 0; i < length; ++i) packet.bytes[i] = static_cast<std::uint8_t>(i * 31 + length);
  }
  return packets;
}

// net_pcap counts a packet's bytes in 16 bits once its first segment does not hold it.
std::size_t arriving(std::size_t length) {
  return length < 65536 + kFirstSegment ? length : length % 65536;
}

class Ports : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    write_file(folder_->path("in.pcap"), pcap_bytes(1, packets_sent()));
    write_file(folder_->path("none.pcap"), pcap_bytes(1, {}));
    NicOptions options;
    options.hugepages = "off";
    const unsigned core = allowed_cores().front();
    options.control_core = core;
    options.worker_cores = {core, core};
    const auto add = [&](const char* name, const std::string& device) { options.ports.push_back({name, device, ""}); };
    add("access", "net_pcap0,rx_pcap=" + folder_->path("in.pcap") + ",tx_pcap=" + folder_->path("back.pcap"));
    add("core", "net_pcap1,rx_pcap=" + folder_->path("none.pcap") + ",tx_pcap=" + folder_->path("out.pcap"));
    add("left", "net_ring0");
    add("right", "net_ring1");
    add("tap", "net_null0,size=100");
    options.wire = {{"access", "core"}, {"left", "right"}};
    add("answers", "net_ring2");
    options.mirror = {"tap"};
    options.respond = "answers";
    options.respond_gateway = "02:00:00:00:00:77";
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Result<std::unique_ptr<Nic>> nic = Nic::start(options);
    printed_ = ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
    ASSERT_TRUE(nic.ok()) << nic.error().message;
    nic_ = nic.value().release();
  }

  static void TearDownTestSuite() {
    delete nic_;
    delete folder_;
  }

  // The link that worker 0 has from this port.
  static QueueLink link_from(std::size_t port) {
    // Links stand in the order of the configuration, both directions of a wire side by side.
    return nic_->links(0).at(port);
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline Nic* nic_ = nullptr;
  static inline std::string printed_;
};

TEST_F(Ports, NothingIsPrintedAtTheStart) { EXPECT_EQ(printed_, ""); }

TEST_F(Ports, StartLeavesNoFilesThatCouldOutliveTheProcess) {
  const std::string own = "telefence-" + std::to_string(getpid());
  for (const char* folder : {"/var/run/dpdk", "/tmp/dpdk", "/dev/hugepages"}) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
      EXPECT_EQ(entry.path().string().find(own), std::string::npos) << entry.path();
  }
}

TEST_F(Ports, SecondStartInOneProcessIsRefused) {
  NicOptions options;
  options.ports = {{"a", "net_null5", ""}};
  options.mirror = {"a"};
  options.hugepages = "off";
  const Result<std::unique_ptr<Nic>> second = Nic::start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("started twice"), std::string::npos);
}

TEST_F(Ports, QueuesAreSharedOutAndNotesSayWhatIsMissing) {
  EXPECT_EQ(nic_->workers(), 2u);
  // Captures have one queue: worker 0. Rings and net_null have one for each.
  EXPECT_EQ(nic_->links(0).size(), 5u);
  EXPECT_EQ(nic_->links(1).size(), 3u);
  EXPECT_EQ(nic_->links(0)[4].out, nullptr);  // the mirror
  const std::vector<std::string>& notes = nic_->notes();
  const auto says = [&](const char* text) {
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& note) { return note.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(says("port access with core: 1 queue for 2 workers"));
  EXPECT_TRUE(says("worker w0 shares core"));
  EXPECT_FALSE(says("port left"));
  EXPECT_EQ(nic_->links(0)[0].port, 0u);
  EXPECT_EQ(nic_->links(0)[1].port, 1u);
  std::set<const Queue*> queues;
  for (std::size_t worker = 0; worker < 2; ++worker)
    for (const QueueLink& link : nic_->links(worker)) EXPECT_TRUE(queues.insert(link.in).second) << "a queue has two workers";
}

TEST_F(Ports, PacketsLeaveAsTheyCameAlsoThoseOfSeveralSegments) {
  const std::vector<Packet> sent = packets_sent();
  const QueueLink link = link_from(kCaptureAccess);
  std::array<Frame, 64> frames;
  std::size_t seen = 0;
  std::uint64_t number = 0;
  for (int idle = 0; idle < 3;) {
    const std::size_t count = link.in->receive(frames);
    idle = count == 0 ? idle + 1 : 0;
    for (std::size_t i = 0; i < count; ++i, ++seen) {
      const Frame& frame = frames[i];
      const Octets& bytes = sent.at(seen).bytes;
      const std::size_t arrived = arriving(bytes.size());
      EXPECT_EQ(frame.truncated, bytes.size() > kLargest) << bytes.size();
      ASSERT_EQ(frame.length, arrived > kLargest ? kFirstSegment : arrived) << bytes.size();
      EXPECT_TRUE(std::equal(frame.bytes().begin(), frame.bytes().end(), bytes.begin())) << bytes.size();
      EXPECT_EQ(frame.port, kCaptureAccess);
      EXPECT_GT(frame.number, number);
      number = frame.number;
    }
    EXPECT_EQ(link.out->transmit({frames.data(), count}), count);
  }
  EXPECT_EQ(seen, sent.size());
  EXPECT_EQ(nic_->counts(kCaptureAccess).received, sent.size());
  EXPECT_EQ(nic_->counts(kCaptureAccess).truncated, 5u);
  EXPECT_EQ(nic_->counts(kCaptureAccess + 1).transmitted, sent.size());
}

TEST_F(Ports, FramesMadeByAWorkerAreSentAndKeepTheirBytes) {
  const QueueLink link = link_from(kRingAccess);
  std::array<Frame, 1> made;
  ASSERT_TRUE(nic_->pool(0).take(made[0]));
  EXPECT_EQ(made[0].length, 0u);
  EXPECT_GE(made[0].headroom, 128);
  EXPECT_GE(made[0].tailroom, 1600);
  made[0].length = 1500;
  std::fill_n(made[0].data, 1500, std::uint8_t{0x5a});
  ASSERT_EQ(link.in->transmit(made), 1u);  // a ring gives back what is sent to it
  std::array<Frame, 4> back;
  ASSERT_EQ(link.in->receive(back), 1u);
  EXPECT_EQ(Octets(back[0].bytes().begin(), back[0].bytes().end()), Octets(1500, 0x5a));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
  EXPECT_LE(back[0].time_ns, now_ns);
  EXPECT_GT(back[0].time_ns, now_ns - 60'000'000'000);
  nic_->pool(0).release({back.data(), 1});
}

TEST_F(Ports, ChangesOfStartAndLengthReachTheWire) {
  const QueueLink link = link_from(kRingAccess);
  std::array<Frame, 1> frames;
  ASSERT_TRUE(nic_->pool(0).take(frames[0]));
  frames[0].length = 100;
  std::fill_n(frames[0].data, 100, std::uint8_t{1});
  ASSERT_EQ(link.in->transmit(frames), 1u);
  ASSERT_EQ(link.in->receive(frames), 1u);
  const std::uint16_t headroom = frames[0].headroom;
  frames[0].data -= 8;
  frames[0].length += 8 + 50;
  std::fill_n(frames[0].data, 8, std::uint8_t{2});
  std::fill_n(frames[0].data + 108, 50, std::uint8_t{3});
  ASSERT_EQ(link.in->transmit(frames), 1u);
  ASSERT_EQ(link.in->receive(frames), 1u);
  Octets expected(8, 2);
  expected.insert(expected.end(), 100, 1);
  expected.insert(expected.end(), 50, 3);
  EXPECT_EQ(Octets(frames[0].bytes().begin(), frames[0].bytes().end()), expected);
  EXPECT_EQ(frames[0].headroom, headroom - 8);
  nic_->pool(0).release(frames);
}

TEST_F(Ports, WhatAFullPortDoesNotTakeStaysWithTheCaller) {
  const QueueLink link = link_from(kRingAccess);
  std::vector<Frame> frames(3000);
  for (Frame& frame : frames) {
    ASSERT_TRUE(nic_->pool(0).take(frame));
    frame.length = 60;
  }
  const std::size_t sent = link.in->transmit(frames);
  EXPECT_GT(sent, 64u);
  EXPECT_LT(sent, frames.size());
  nic_->pool(0).release(std::span(frames).subspan(sent));
  std::size_t received = 0;
  while (const std::size_t count = link.in->receive(frames)) {
    received += count;
    nic_->pool(0).release(std::span(frames).first(count));
  }
  EXPECT_EQ(received, sent);
}

// Less than can be taken would say that nothing more waits: a worker that has fallen behind is known by full bursts.
TEST_F(Ports, WhatWaitsIsTakenAsOneBurst) {
  const QueueLink link = link_from(kRingAccess);
  std::vector<Frame> frames(200);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    ASSERT_TRUE(nic_->pool(0).take(frames[i]));
    frames[i].length = 60;
    frames[i].data[0] = static_cast<std::uint8_t>(i);
  }
  ASSERT_EQ(link.in->transmit(frames), frames.size());
  std::size_t next = 0;
  for (Frame& frame : frames) frame.is_made = true;  // as of an earlier burst
  for (const std::size_t wanted : {128u, 40u, 128u, 128u}) {
    const std::size_t count = link.in->receive(std::span(frames).first(wanted));
    EXPECT_EQ(count, std::min(wanted, 200 - next));
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(frames[i].data[0], next++);
      EXPECT_FALSE(frames[i].is_made);
    }
    nic_->pool(0).release(std::span(frames).first(count));
  }
  EXPECT_EQ(next, 200u);
}

TEST_F(Ports, PoolRunsOutAndRecovers) {
  const std::uint32_t before = nic_->free_frames();
  std::vector<Frame> taken(1);
  while (nic_->pool(1).take(taken.back())) taken.emplace_back();
  taken.pop_back();
  EXPECT_GE(taken.size(), 4096u);
  EXPECT_EQ(nic_->free_frames(), 0u);
  nic_->pool(1).release(taken);
  EXPECT_EQ(nic_->free_frames(), before);
}

TEST_F(Ports, WorkersRunOnNamedThreads) {
  std::mutex mutex;
  std::map<std::size_t, std::string> names;
  ASSERT_TRUE(nic_->launch([&](std::size_t worker) {
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    const std::lock_guard lock(mutex);
    names[worker] = name;
  }).ok());
  nic_->wait();
  EXPECT_EQ(names, (std::map<std::size_t, std::string>{{0, "telefence:w0"}, {1, "telefence:w1"}}));
}

TEST_F(Ports, BothWorkersCanAnswerWhatComesInByAMirror) {
  std::set<const Queue*> queues;
  const std::uint64_t before = nic_->counts(kAnswers).transmitted;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    for (const QueueLink& link : nic_->links(worker)) EXPECT_EQ(link.respond != nullptr, link.out == nullptr);
    Queue* const respond = nic_->links(worker).back().respond;
    ASSERT_NE(respond, nullptr);
    queues.insert(respond);
    std::array<Frame, 1> made;
    ASSERT_TRUE(nic_->pool(worker).take(made[0]));
    made[0].length = 60;
    made[0].link = LinkType::kEthernet;
    std::fill_n(made[0].data, 60, std::uint8_t{1});
    EXPECT_EQ(respond->transmit(made), 1u);
    std::array<Frame, 4> none;
    EXPECT_EQ(respond->receive(none), 0u) << "nobody takes what comes in there";
  }
  EXPECT_EQ(queues.size(), 2u);
  EXPECT_EQ(nic_->counts(kAnswers).transmitted, before + 2);
  EXPECT_EQ(nic_->counts(kAnswers).missed, 0u);
}

TEST_F(Ports, BothWorkersHaveTheirOwnQueueOfAMirror) {
  std::array<Frame, 64> frames;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    const QueueLink& mirror = nic_->links(worker).back();
    ASSERT_EQ(mirror.out, nullptr);
    const std::size_t count = mirror.in->receive(frames);
    EXPECT_GT(count, 0u);
    EXPECT_EQ(frames[0].length, 100u);
    EXPECT_EQ(frames[0].port, kMirror);
    nic_->pool(worker).release({frames.data(), count});
  }
}

TEST_F(Ports, MetricsTellEveryPort) {
  Catalog catalog;
  nic_->add_metrics(catalog);
  std::set<std::string> names;
  for (const Family& family : catalog.families()) {
    names.insert(family.name);
    std::vector<Sample> samples;
    family.collect(samples);
    if (family.name.starts_with("telefence_port_")) {
      EXPECT_EQ(samples.size() % 6, 0u) << family.name;
    }
    EXPECT_FALSE(samples.empty()) << family.name;
  }
  for (const char* name : {"telefence_port_packets_total", "telefence_port_bytes_total", "telefence_port_lost_total",
                           "telefence_port_truncated_total", "telefence_port_up", "telefence_frames_free"})
    EXPECT_TRUE(names.contains(name)) << name;
}

// The last one: it closes everything.
TEST_F(Ports, OutputOfTheCapturePortIsTheInput) {
  delete nic_;
  nic_ = nullptr;
  std::vector<Packet> written = read_pcap(folder_->path("out.pcap")).packets;
  const std::vector<Packet> sent = packets_sent();
  ASSERT_EQ(written.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::size_t arrived = arriving(sent[i].bytes.size());
    Octets expected = sent[i].bytes;
    expected.resize(arrived > kLargest ? kMostWrittenOfSeveral : arrived);
    EXPECT_TRUE(written[i].bytes == expected) << i << ": " << written[i].bytes.size() << " of " << sent[i].bytes.size();
    EXPECT_EQ(written[i].on_wire, arrived > kLargest ? arrived : 0) << i;
  }
}

}  // namespace
}  // namespace telefence
