// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "base/reader.h"
#include "protocols/protocol.h"
#include "query.h"
#include "support/promises.h"

namespace telefence::dns {
extern const Protocol kProtocol;
namespace {

constexpr std::uint8_t kNxdomain = 0;
constexpr std::uint8_t kRefused = 1;
constexpr std::uint8_t kSinkhole = 2;

// What a client would read of an answer.
struct Record {
  std::size_t owner = 0;  // offset a pointer leads to; 0: the root
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::vector<std::uint8_t> data;
};

struct Answer {
  bool said = false;
  std::vector<std::uint8_t> bytes;
  std::uint16_t id = 0, flags = 0;
  std::uint16_t counts[4] = {};
  std::vector<Record> records;  // answers, authorities, additionals in turn

  unsigned rcode() const { return flags & 15u; }
};

Record read_record(Reader& reader) {
  Record record;
  if (reader.peek() >= 0xc0)
    record.owner = reader.u16() & 0x3fffu;
  else
    EXPECT_EQ(reader.u8(), 0);
  record.type = reader.u16();
  record.klass = reader.u16();
  record.ttl = reader.u32();
  const Bytes data = reader.bytes(reader.u16());
  record.data.assign(data.begin(), data.end());
  return record;
}

Answer refusal_of(const std::vector<std::uint8_t>& query, const RefusalTerms& terms, std::size_t question_bytes,
                  Transport transport = Transport::kUdp, std::size_t room = 1400) {
  Answer answer;
  EventList events;
  events.begin_frame(0, 0);
  const Payload payload{query, transport, 40000, 53};
  kProtocol.extract(payload, events);
  EXPECT_FALSE(events.events().empty());
  answer.bytes.resize(room);
  Writer writer(answer.bytes);
  answer.said = kProtocol.refuse(events.events().front(), payload, terms, writer).is_written;
  answer.bytes.resize(writer.size());
  if (!answer.said) return answer;

  Reader reader(answer.bytes);
  const std::size_t frame = transport == Transport::kTcp ? 2 : 0;
  if (frame != 0) {
    EXPECT_EQ(reader.u16(), answer.bytes.size() - 2);
  }
  answer.id = reader.u16();
  answer.flags = reader.u16();
  for (std::uint16_t& count : answer.counts) count = reader.u16();
  const Bytes echoed = reader.bytes(question_bytes);
  EXPECT_TRUE(std::equal(echoed.begin(), echoed.end(), query.begin() + static_cast<std::ptrdiff_t>(frame + 12)))
      << "the question is not echoed";
  for (int i = answer.counts[1] + answer.counts[2] + answer.counts[3]; i > 0; --i)
    answer.records.push_back(read_record(reader));
  EXPECT_TRUE(reader.ok() && reader.at_end());
  return answer;
}

RefusalTerms terms_for(std::uint8_t answer) {
  RefusalTerms terms = testing::sample_terms();
  terms.answer = answer;
  return terms;
}

// 12 header octets, then a question of 4 + 1 + "EvIl" + "example" with their lengths.
Message query_for(unsigned type, unsigned additionals = 0) {
  return Message().header(0xbeef, kRecursionDesired, 1, 0, 0, additionals).question({"EvIl", "example"}, type);
}
constexpr std::size_t kQuestion = 5 + 8 + 1 + 4;

TEST(DnsRefusal, NxdomainEchoesTheQuestionAndHasAShortSoaOfTheParent) {
  const Answer answer = refusal_of(query_for(1).bytes(), terms_for(kNxdomain), kQuestion);
  ASSERT_TRUE(answer.said);
  EXPECT_EQ(answer.id, 0xbeef);
  EXPECT_EQ(answer.flags, 0x8183);  // QR, RD, RA, NXDOMAIN
  ASSERT_EQ(answer.records.size(), 1u);
  EXPECT_EQ(answer.counts[2], 1);
  EXPECT_EQ(answer.records[0].type, 6);
  EXPECT_EQ(answer.records[0].owner, 12u + 5);  // "example"
  EXPECT_EQ(answer.records[0].ttl, 10u);
  const auto& soa = answer.records[0].data;
  ASSERT_GE(soa.size(), 4u);
  EXPECT_EQ(soa.back(), 10);  // MINIMUM
}

TEST(DnsRefusal, TtlIsNeverAboveAMinute) {
  RefusalTerms terms = terms_for(kSinkhole);
  terms.ttl_s = 86400;
  EXPECT_EQ(refusal_of(query_for(1).bytes(), terms, kQuestion).records.at(0).ttl, 60u);
}

TEST(DnsRefusal, RefusedHasNoRecords) {
  const Answer answer = refusal_of(query_for(1).bytes(), terms_for(kRefused), kQuestion);
  ASSERT_TRUE(answer.said);
  EXPECT_EQ(answer.rcode(), 5u);
  EXPECT_TRUE(answer.records.empty());
}

TEST(DnsRefusal, SinkholeAnswersAddressQueries) {
  const Answer a = refusal_of(query_for(1).bytes(), terms_for(kSinkhole), kQuestion);
  ASSERT_EQ(a.records.size(), 1u);
  EXPECT_EQ(a.rcode(), 0u);
  EXPECT_EQ(a.counts[1], 1);
  EXPECT_EQ(a.records[0].owner, 12u);
  EXPECT_EQ(a.records[0].type, 1);
  EXPECT_EQ(a.records[0].data, (std::vector<std::uint8_t>{192, 0, 2, 80}));
  const Answer aaaa = refusal_of(query_for(28).bytes(), terms_for(kSinkhole), kQuestion);
  ASSERT_EQ(aaaa.records.size(), 1u);
  EXPECT_EQ(aaaa.records[0].type, 28);
  EXPECT_EQ(aaaa.records[0].data.size(), 16u);
}

TEST(DnsRefusal, SinkholeHasNoDataForOtherTypes) {
  for (unsigned type : {65u, 64u, 16u, 255u}) {
    const Answer answer = refusal_of(query_for(type).bytes(), terms_for(kSinkhole), kQuestion);
    ASSERT_TRUE(answer.said);
    EXPECT_EQ(answer.rcode(), 0u);
    EXPECT_EQ(answer.counts[1], 0);
    ASSERT_EQ(answer.records.size(), 1u);
    EXPECT_EQ(answer.records[0].type, 6);
  }
}

TEST(DnsRefusal, ExtendedErrorIsToldOnlyToThoseWhoSpeakEdns) {
  RefusalTerms terms = terms_for(kNxdomain);
  terms.extended_error = 17;
  const Answer plain = refusal_of(query_for(1).bytes(), terms, kQuestion);
  EXPECT_EQ(plain.counts[3], 0);
  const Answer edns = refusal_of(query_for(1, 1).opt(4096, 0x8000).bytes(), terms, kQuestion);
  ASSERT_EQ(edns.counts[3], 1);
  const Record& opt = edns.records.back();
  EXPECT_EQ(opt.type, 41);
  EXPECT_EQ(opt.klass, 1232);
  EXPECT_EQ(opt.ttl, 0x8000u);  // DO copied
  EXPECT_EQ(opt.data, (std::vector<std::uint8_t>{0, 15, 0, 2, 0, 17}));
  EXPECT_EQ(refusal_of(query_for(1, 1).opt(4096).bytes(), terms, kQuestion).records.back().ttl, 0u);
}

// The client then gets what one without EDNS gets.
TEST(DnsRefusal, WhatIsNoWholeOptOfTheRootIsNone) {
  const Message counted = query_for(1, 1);
  Message cut_header = counted, cut_data = counted, of_a_name = counted, signature = counted;
  cut_header.u8(0).u16(41).u16(1232).u16(0).u16(0x8000).u8(0);
  cut_data.u8(0).u16(41).u16(1232).u16(0).u16(0x8000).u16(5).u32(0);
  of_a_name.label("x").opt(1232);
  signature.u8(0).u16(250).u16(255).u32(0).u16(2).u16(0);
  for (const Message& query : {counted, cut_header, cut_data, of_a_name, signature}) {
    const Answer answer = refusal_of(query.bytes(), terms_for(kNxdomain), kQuestion);
    ASSERT_TRUE(answer.said);
    EXPECT_EQ(answer.counts[3], 0) << query.bytes().size() << " octets";
    EXPECT_EQ(answer.rcode(), 3u);
  }
  Message whole = counted;
  whole.u8(0).u16(41).u16(1232).u16(0).u16(0x8000).u16(5).u32(0).u8(0).u32(7);  // and something that is not counted behind it
  const Answer answer = refusal_of(whole.bytes(), terms_for(kNxdomain), kQuestion);
  ASSERT_EQ(answer.counts[3], 1);
  EXPECT_EQ(answer.records.back().ttl, 0x8000u);
}

TEST(DnsRefusal, OptIsFoundBehindOtherAdditionalRecords) {
  Message query = query_for(1, 2);
  query.u16(0xc00c).u16(16).u16(1).u32(0).u16(2).label("x").opt(1232);
  EXPECT_EQ(refusal_of(query.bytes(), terms_for(kNxdomain), kQuestion).counts[3], 1);
}

TEST(DnsRefusal, CheckingDisabledIsCopiedAndIterativeQueriesGetAnAuthoritativeAnswer) {
  const auto iterative = Message().header(1, 0x0010, 1).question({"EvIl", "example"}).bytes();
  EXPECT_EQ(refusal_of(iterative, terms_for(kNxdomain), kQuestion).flags, 0x8413);  // QR, AA, CD, NXDOMAIN
}

TEST(DnsRefusal, SingleLabelAndRootNamesHaveTheRootAsParent) {
  const auto single = Message().header(1, kRecursionDesired, 1).question({"evil"}).bytes();
  const Answer answer = refusal_of(single, terms_for(kNxdomain), 10);
  ASSERT_EQ(answer.records.size(), 1u);
  EXPECT_EQ(answer.bytes[answer.records[0].owner], 0);
  const auto root = Message().header(1, kRecursionDesired, 1).question({}).bytes();
  EXPECT_EQ(refusal_of(root, terms_for(kNxdomain), 5).records.at(0).owner, 0u);
}

TEST(DnsRefusal, SinkholeOfSeveralQuestionsIsNxdomain) {
  const auto two = Message().header(1, kRecursionDesired, 2).question({"EvIl", "example"}).u16(0xc00c).u16(28).u16(1);
  const Answer answer = refusal_of(two.bytes(), terms_for(kSinkhole), kQuestion + 6);
  ASSERT_TRUE(answer.said);
  EXPECT_EQ(answer.counts[0], 2);
  EXPECT_EQ(answer.rcode(), 3u);
}

TEST(DnsRefusal, AnswerLargerThanTheClientTakesIsNotSent) {
  const std::string label(63, 'x');
  Message query = Message().header(1, kRecursionDesired, 3);
  for (int i = 0; i < 3; ++i) query.question({label, label, label});
  EXPECT_FALSE(refusal_of(query.bytes(), terms_for(kNxdomain), 0).said);
}

TEST(DnsRefusal, OnlyQuestionsThatAreThereAreEchoed) {
  for (unsigned counted : {2u, 0x7300u}) {
    const auto query = Message().header(1, 0, counted, 0x8000, 0, 9).question({"EvIl", "example"}).u16(0xc00c);
    const Answer answer = refusal_of(query.bytes(), terms_for(kNxdomain), kQuestion);
    ASSERT_TRUE(answer.said);
    EXPECT_EQ(answer.counts[0], 1);
    EXPECT_EQ(answer.rcode(), 3u);
  }
}

TEST(DnsRefusal, OfMoreThanSixteenQuestionsSixteenAreEchoed) {
  Message query = Message().header(1, 0, 17);
  for (int i = 0; i < 17; ++i) query.question({"a"});
  const Answer answer = refusal_of(query.bytes(), terms_for(kRefused), 16 * 7);
  ASSERT_TRUE(answer.said);
  EXPECT_EQ(answer.counts[0], 16);
}

TEST(DnsRefusal, OverTcpTheLengthStandsInFront) {
  const Answer answer = refusal_of(query_for(1).over_tcp(), terms_for(kNxdomain), kQuestion, Transport::kTcp);
  EXPECT_TRUE(answer.said);
  EXPECT_EQ(answer.rcode(), 3u);
}

TEST(DnsRefusal, TooLittleRoomSaysNothing) {
  EXPECT_FALSE(refusal_of(query_for(1).bytes(), terms_for(kNxdomain), kQuestion, Transport::kUdp, 40).said);
}

}  // namespace
}  // namespace telefence::dns
