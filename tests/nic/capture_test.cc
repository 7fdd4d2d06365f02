// SPDX-License-Identifier: Apache-2.0
#include "nic/capture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "capture_files.h"

namespace telefence {
namespace {

using testing::kLinkCooked;
using testing::kLinkEthernet;
using testing::kLinkNull;
using testing::kLinkRaw;
using testing::kLinkUser;
using testing::Octets;
using testing::Packet;
using testing::pcap_bytes;
using testing::PcapContents;
using testing::pcapng_bytes;
using testing::read_pcap;
using testing::sample_packets;
using testing::TemporaryFolder;
using testing::write_file;

class CaptureTest : public ::testing::Test {
 protected:
  std::unique_ptr<Capture> open(const Octets& bytes, const std::string& output = "") {
    write_file(input_, bytes);
    Result<std::unique_ptr<Capture>> capture = Capture::open(input_, output);
    EXPECT_TRUE(capture.ok()) << capture.error().message;
    return std::move(capture.value());
  }

  // Reads to the end in bursts and hands every frame to visit before giving it back.
  template <typename Visit>
  static void read_all(Capture& capture, Visit visit) {
    std::array<Frame, 64> frames;
    while (!capture.finished()) {
      const std::size_t count = capture.receive(frames);
      for (std::size_t i = 0; i < count; ++i) visit(frames[i]);
      capture.release({frames.data(), count});
    }
  }

  static std::vector<Packet> packets_of(Capture& capture) {
    std::vector<Packet> packets;
    read_all(capture, [&](const Frame& frame) {
      packets.push_back({frame.time_ns, Octets(frame.bytes().begin(), frame.bytes().end()), 0});
    });
    return packets;
  }

  TemporaryFolder folder_;
  const std::string input_ = folder_.path("in.pcap");
  const std::string output_ = folder_.path("out.pcap");
};

TEST_F(CaptureTest, ReadsPcapWithNanosecondTimes) {
  const std::vector<Packet> sent = sample_packets(200);
  auto capture = open(pcap_bytes(kLinkEthernet, sent));
  EXPECT_EQ(packets_of(*capture), sent);
  EXPECT_TRUE(capture->close().ok());
  EXPECT_EQ(capture->counts().received, 200u);
}

// What waits in the filter waits no longer than it would on a wire.
TEST_F(CaptureTest, ABurstEndsWhereNothingComesForAWhile) {
  std::vector<Packet> sent = sample_packets(7);
  constexpr std::array<std::uint64_t, 7> kAtUs = {0, 900, 1800, 300'000, 300'001, 299'000, 301'500};
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i].time_ns = 1'700'000'000'000'000'000 + kAtUs[i] * 1000;
  auto capture = open(pcap_bytes(kLinkEthernet, sent));
  std::array<Frame, 64> frames;
  for (const auto& [count, last] : {std::pair{3u, 2u}, std::pair{3u, 5u}, std::pair{1u, 6u}}) {
    EXPECT_FALSE(capture->finished());
    ASSERT_EQ(capture->receive(frames), count);
    EXPECT_EQ(capture->now_ns(), sent[last].time_ns);
    capture->release({frames.data(), count});
  }
  EXPECT_EQ(capture->receive(frames), 0u);
  EXPECT_TRUE(capture->finished());
}

TEST_F(CaptureTest, SoManyFramesMayBeKept) {
  write_file(input_, pcap_bytes(kLinkEthernet, sample_packets(2500)));
  auto capture = std::move(Capture::open(input_, "", 2048).value());
  std::vector<Frame> kept(2048);
  std::size_t count = 0;
  while (count < kept.size()) {
    const std::size_t more = capture->receive(std::span(kept).subspan(count));
    ASSERT_NE(more, 0u);
    count += more;
  }
  std::array<Frame, 64> others;
  std::size_t rest = 0;
  while (!capture->finished()) {
    const std::size_t more = capture->receive(others);
    capture->release({others.data(), more});
    rest += more;
  }
  EXPECT_EQ(count + rest, 2500u);
  capture->release(kept);
}

TEST_F(CaptureTest, ReadsPcapWithMicrosecondTimes) {
  std::vector<Packet> sent = sample_packets(3);
  auto capture = open(pcap_bytes(kLinkEthernet, sent, false));
  for (Packet& packet : sent) packet.time_ns -= packet.time_ns % 1000;
  EXPECT_EQ(packets_of(*capture), sent);
}

TEST_F(CaptureTest, ReadsPcapng) {
  const std::vector<Packet> sent = sample_packets(100);
  auto capture = open(pcapng_bytes(kLinkEthernet, sent));
  EXPECT_EQ(packets_of(*capture), sent);
  EXPECT_TRUE(capture->close().ok());
}

TEST_F(CaptureTest, ReadsGzippedCaptures) {
  for (const Octets& plain : {pcap_bytes(kLinkEthernet, sample_packets(50)), pcapng_bytes(kLinkEthernet, sample_packets(50))}) {
    write_file(input_, plain);
    ASSERT_EQ(std::system(("gzip -kf " + input_).c_str()), 0);
    Result<std::unique_ptr<Capture>> capture = Capture::open(input_ + ".gz");
    ASSERT_TRUE(capture.ok()) << capture.error().message;
    EXPECT_EQ(packets_of(*capture.value()).size(), 50u);
    EXPECT_TRUE(capture.value()->close().ok());
  }
}

TEST_F(CaptureTest, NumbersFramesFromOne) {
  auto capture = open(pcap_bytes(kLinkEthernet, sample_packets(130)));
  std::uint64_t expected = 0;
  read_all(*capture, [&](const Frame& frame) { EXPECT_EQ(frame.number, ++expected); });
  EXPECT_EQ(expected, 130u);
}

TEST_F(CaptureTest, TellsTheLinkType) {
  const std::pair<std::uint32_t, LinkType> kTypes[] = {{kLinkEthernet, LinkType::kEthernet}, {kLinkRaw, LinkType::kRawIp},
      {228, LinkType::kRawIp}, {kLinkCooked, LinkType::kLinuxCooked}, {276, LinkType::kLinuxCooked2},
      {kLinkNull, LinkType::kLoopback}, {108, LinkType::kLoopback}, {9, LinkType::kPpp}, {104, LinkType::kPpp},
      {105, LinkType::kWlan}, {127, LinkType::kRadiotap}, {239, LinkType::kNflog},
      {kLinkUser, LinkType::kUnknown}};
  for (const auto& [number, type] : kTypes) {
    auto capture = open(pcap_bytes(number, sample_packets(1)));
    read_all(*capture, [&](const Frame& frame) { EXPECT_EQ(frame.link, type) << number; });
  }
}

TEST_F(CaptureTest, FramesHaveRoomOnBothSides) {
  auto capture = open(pcap_bytes(kLinkEthernet, sample_packets(10)));
  read_all(*capture, [](Frame& frame) {
    EXPECT_GE(frame.headroom, 128);
    EXPECT_GE(frame.tailroom, 1600);
    std::fill(frame.data - frame.headroom, frame.data + frame.length + frame.tailroom, std::uint8_t{0});
  });
}

TEST_F(CaptureTest, PacketCutByTheCaptureIsTruncated) {
  std::vector<Packet> sent = sample_packets(2);
  sent[1].on_wire = 9000;
  auto capture = open(pcap_bytes(kLinkEthernet, sent), output_);
  std::array<Frame, 2> frames;
  ASSERT_EQ(capture->receive(frames), 2u);
  EXPECT_FALSE(frames[0].truncated);
  EXPECT_TRUE(frames[1].truncated);
  EXPECT_EQ(capture->transmit(frames), 2u);
  EXPECT_TRUE(capture->close().ok());
  EXPECT_EQ(read_pcap(output_).packets, sent);  // still said to have been longer
}

TEST_F(CaptureTest, PacketLongerThanABufferIsTruncated) {
  std::vector<Packet> sent = sample_packets(3);
  sent[1].bytes.assign(200'000, 0x42);
  auto capture = open(pcap_bytes(kLinkEthernet, sent));
  std::array<Frame, 3> frames;
  ASSERT_EQ(capture->receive(frames), 3u);
  EXPECT_TRUE(frames[1].truncated);
  EXPECT_GE(frames[1].length, 65536u);
  EXPECT_EQ(Octets(frames[2].bytes().begin(), frames[2].bytes().end()), sent[2].bytes);
  capture->release(frames);
}

TEST_F(CaptureTest, WhatIsTransmittedIsInTheOutputUnchanged) {
  const std::vector<Packet> sent = sample_packets(500);
  auto capture = open(pcap_bytes(kLinkEthernet, sent), output_);
  std::array<Frame, 64> frames;
  while (!capture->finished()) {
    const std::size_t count = capture->receive(frames);
    EXPECT_EQ(capture->transmit({frames.data(), count}), count);
  }
  ASSERT_TRUE(capture->close().ok());
  const PcapContents written = read_pcap(output_);
  EXPECT_EQ(written.link, kLinkEthernet);
  EXPECT_EQ(written.packets, sent);
  EXPECT_EQ(capture->counts().transmitted, 500u);
}

TEST_F(CaptureTest, OutputHasTheLinkTypeOfTheInput) {
  auto capture = open(pcap_bytes(kLinkCooked, sample_packets(1)), output_);
  std::array<Frame, 1> frames;
  ASSERT_EQ(capture->receive(frames), 1u);
  capture->transmit(frames);
  ASSERT_TRUE(capture->close().ok());
  EXPECT_EQ(read_pcap(output_).link, kLinkCooked);
}

TEST_F(CaptureTest, ChangedAndMadeFramesAreWritten) {
  const std::vector<Packet> sent = sample_packets(1);
  auto capture = open(pcap_bytes(kLinkEthernet, sent), output_);
  std::array<Frame, 1> frames;
  ASSERT_EQ(capture->receive(frames), 1u);
  std::array<Frame, 1> made;
  ASSERT_TRUE(capture->take(made[0]));
  EXPECT_EQ(made[0].length, 0u);
  EXPECT_GE(made[0].headroom, 128);
  EXPECT_GE(made[0].tailroom, 1600);
  EXPECT_EQ(made[0].time_ns, sent[0].time_ns);
  EXPECT_EQ(made[0].link, LinkType::kEthernet);
  std::fill_n(made[0].data, 100, std::uint8_t{7});
  made[0].length = 100;
  frames[0].data -= 4;
  frames[0].length += 4;
  std::fill_n(frames[0].data, 4, std::uint8_t{9});
  capture->transmit(frames);
  capture->transmit(made);
  ASSERT_TRUE(capture->close().ok());
  const PcapContents written = read_pcap(output_);
  ASSERT_EQ(written.packets.size(), 2u);
  Octets longer(4 + sent[0].bytes.size(), 9);  // not by insert(), of which gcc 12 warns falsely
  std::copy(sent[0].bytes.begin(), sent[0].bytes.end(), longer.begin() + 4);
  EXPECT_EQ(written.packets[0], (Packet{sent[0].time_ns, longer, 0}));
  EXPECT_EQ(written.packets[1], (Packet{sent[0].time_ns, Octets(100, 7), 0}));
}

TEST_F(CaptureTest, PoolRunsOutAndRecovers) {
  auto capture = open(pcap_bytes(kLinkEthernet, sample_packets(2)));
  std::vector<Frame> taken(1);
  while (capture->take(taken.back())) taken.emplace_back();
  taken.pop_back();
  EXPECT_GE(taken.size(), 9 * kBurstFrames + 1);  // a burst and its replies
  std::array<Frame, 2> frames;
  EXPECT_EQ(capture->receive(frames), 0u);
  EXPECT_FALSE(capture->finished());
  capture->release(taken);
  EXPECT_EQ(capture->receive(frames), 2u);
  capture->release(frames);
}

TEST_F(CaptureTest, CaptureCutShortTellsAfterWhichFrame) {
  Octets bytes = pcap_bytes(kLinkEthernet, sample_packets(5));
  bytes.resize(bytes.size() - 20);
  auto capture = open(bytes);
  EXPECT_EQ(packets_of(*capture).size(), 4u);
  const Result<void> closed = capture->close();
  ASSERT_FALSE(closed.ok());
  EXPECT_NE(closed.error().message.find("further than frame 4"), std::string::npos) << closed.error().message;
  EXPECT_EQ(closed.error().code, ErrorCode::kInvalid);
}

TEST_F(CaptureTest, EmptyCaptureIsNoError) {
  auto capture = open(pcap_bytes(kLinkEthernet, {}));
  EXPECT_TRUE(packets_of(*capture).empty());
  EXPECT_TRUE(capture->close().ok());
}

TEST_F(CaptureTest, FilesThatCannotBeReadSayWhy) {
  const auto missing = Capture::open(folder_.path("none.pcap"));
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos) << missing.error().message;
  write_file(input_, Octets(100, 'x'));
  const auto text = Capture::open(input_);
  ASSERT_FALSE(text.ok());
  EXPECT_NE(text.error().message.find("is not a capture"), std::string::npos) << text.error().message;
  EXPECT_EQ(text.error().message.find('\n'), std::string::npos);
  write_file(input_, {});
  EXPECT_FALSE(Capture::open(input_).ok());
  EXPECT_FALSE(Capture::open(folder_.path("")).ok());
}

TEST_F(CaptureTest, OutputThatCannotBeWrittenSaysWhy) {
  write_file(input_, pcap_bytes(kLinkEthernet, sample_packets(1)));
  const auto capture = Capture::open(input_, folder_.path("no/such/folder.pcap"));
  ASSERT_FALSE(capture.ok());
  EXPECT_NE(capture.error().message.find("cannot be written"), std::string::npos) << capture.error().message;
}

TEST_F(CaptureTest, OutputThatIsTheInputIsRefusedAndTheInputStays) {
  const Octets bytes = pcap_bytes(kLinkEthernet, sample_packets(3));
  write_file(input_, bytes);
  const std::string link = folder_.path("link.pcap");
  std::filesystem::create_symlink(input_, link);
  for (const std::string& output : {input_, link}) {
    const auto capture = Capture::open(input_, output);
    ASSERT_FALSE(capture.ok()) << output;
    EXPECT_NE(capture.error().message.find("is the input"), std::string::npos) << capture.error().message;
  }
  EXPECT_EQ(std::filesystem::file_size(input_), bytes.size());
}

}  // namespace
}  // namespace telefence
