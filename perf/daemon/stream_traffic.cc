// SPDX-License-Identifier: Apache-2.0
// Messages over streams: in one segment, in two, and many in a connection without regard to segments.
#include <algorithm>

#include "traffic.h"
#include "traffic_parts.h"

namespace telefence::perf {
namespace {

// submit_sm with a text of 70 Chinese characters; always of the same length.
std::string submit(const Sizes& sizes, bool blocked, std::size_t i, Random& random) {
  Build text;
  const std::u16string& everyday = everyday_characters();
  for (int n = 0; n < 70; ++n) text.u16(everyday[random() % everyday.size()]);
  if (blocked) {
    std::u16string listed = listed_text(i % sizes.patterns);
    if (sizes.gaps) listed = text_in_gaps(listed);
    for (std::size_t n = 0; n < listed.size(); ++n) {
      text.out[40 + 2 * n] = static_cast<char>(listed[n] >> 8);
      text.out[41 + 2 * n] = static_cast<char>(listed[n] & 0xff);
    }
  }
  Build body;
  body.zeros(1).u8(1).u8(1).text("10690001").zeros(1).u8(1).u8(1).text(innocent_number(random)).zeros(1);
  body.u8(0).u8(0).u8(0).zeros(2).u8(1).u8(0).u8(8).u8(0).u8(static_cast<unsigned>(text.out.size())).text(text.out);
  Build pdu;
  pdu.u32(16 + body.out.size()).u32(4).u32(0).u32(i & 0x7fffffff).text(body.out);
  return pdu.out;
}

std::string submit_response(std::size_t i) {
  Build pdu;
  return pdu.u32(26).u32(0x80000004).u32(0).u32(i & 0x7fffffff).text("0123abcde").zeros(1).out;
}

constexpr std::size_t kConnections = 1000;

std::vector<Ends> connections() {
  Random random(kSeed);
  std::vector<Ends> all;
  for (std::size_t i = 0; i < kConnections; ++i) all.emplace_back(random);
  return all;
}

}  // namespace

std::string client_hello_record(const std::string& name) {
  Build extensions;
  // Five other extensions before the name, padding after it up to a hello of 517 octets, as browsers send it.
  for (unsigned type : {0x0a0au, 23u, 65281u, 10u, 35u}) extensions.u16(type).u16(8).zeros(8);
  extensions.u16(0).u16(static_cast<unsigned>(name.size() + 5)).u16(static_cast<unsigned>(name.size() + 3)).u8(0);
  extensions.u16(static_cast<unsigned>(name.size())).text(name);
  Build body;
  body.u16(0x0303).zeros(32).u8(32).zeros(32).u16(32).zeros(32).u8(1).u8(0);
  const std::size_t padding = 508 - body.out.size() - 2 - extensions.out.size() - 4;
  extensions.u16(21).u16(static_cast<unsigned>(padding)).zeros(padding);
  body.u16(static_cast<unsigned>(extensions.out.size())).text(extensions.out);
  Build record;
  record.u8(22).u16(0x0301).u16(static_cast<unsigned>(body.out.size() + 4)).u8(1).u8(0);
  record.u16(static_cast<unsigned>(body.out.size())).text(body.out);
  return record.out;
}

Traffic smpp_traffic(const Sizes& sizes) {
  std::vector<Ends> ends_of = connections();
  const std::vector<Ends> first = ends_of;
  Traffic all = make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    const std::string pdu = submit(sizes, blocked, i, random);
    Ends& ends = ends_of[traffic.count() % kConnections];
    add_frame(traffic, true, 2775, pdu, ends);
    ends.sequence += static_cast<std::uint32_t>(pdu.size());
  });
  for (std::size_t i = 0; i < all.count(); ++i)
    all.moves.push_back({ends_of[i % kConnections].sequence - first[i % kConnections].sequence, 0});
  return all;
}

// One direction of a long connection, played in a circle: bytes without regard to where messages begin.
struct Circle {
  std::string bytes;
  std::size_t at = 0;
  std::string take(std::size_t count) {
    std::string out = bytes.substr(at, count);
    out += bytes.substr(0, count - out.size());
    at = (at + count) % bytes.size();
    return out;
  }
};

// Segments hold two and a half PDUs each way, and begin and end inside of one: two of five PDUs lie across a border. What is complete
// is answered, and confirmed with the answers, before the sender goes on.
Traffic smpp_stream_traffic(const Sizes& sizes) {
  const std::size_t turns = std::max<std::size_t>(sizes.packets / (4 * kConnections), 1) * 2;
  std::vector<Ends> ends_of = connections();
  std::vector<Circle> sent(kConnections), answers(kConnections);
  Random random(kSeed);
  std::size_t pdu_size = 0, answer_size = 0;
  for (std::size_t c = 0; c < kConnections; ++c) {
    for (std::size_t n = 0; n < turns * 5 / 2; ++n) {
      const std::size_t i = random();
      sent[c].bytes += submit(sizes, static_cast<double>(random() % 1'000'000) < sizes.blocked * 1'000'000, i, random);
      answers[c].bytes += submit_response(i);
    }
    pdu_size = sent[c].bytes.size() / (turns * 5 / 2);
    answer_size = answers[c].bytes.size() / (turns * 5 / 2);
    sent[c].at = pdu_size / 4;
    answers[c].at = answers[c].bytes.size() - answer_size * 3 / 4;
  }
  Traffic traffic{.carrier = sizes.carrier};
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (const bool is_back : {false, true}) {
      for (std::size_t c = 0; c < kConnections; ++c) {
        const std::string bytes = is_back ? answers[c].take(answer_size * 5 / 2) : sent[c].take(pdu_size * 5 / 2);
        Ends ends = ends_of[c];
        ends.is_back = is_back;
        add_frame(traffic, true, 2775, bytes, ends);
        (is_back ? ends_of[c].acknowledgement : ends_of[c].sequence) += static_cast<std::uint32_t>(bytes.size());
        const Move move{static_cast<std::uint32_t>(sent[c].bytes.size()), static_cast<std::uint32_t>(answers[c].bytes.size())};
        traffic.moves.push_back(is_back ? Move{move.acknowledgement, move.sequence} : move);
      }
    }
  }
  traffic.messages = static_cast<double>(turns * kConnections) * 5 / 2;
  return traffic;
}

Traffic tls_split_traffic(const Sizes& sizes) {
  Traffic all = make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    const std::string name = any_name(sizes, blocked, i, random);
    const std::string record = client_hello_record(name);
    Ends ends(random);
    const std::size_t cut = record.find(name) + name.size() / 2;  // neither segment says the name
    add_frame(traffic, true, 443, std::string_view(record).substr(0, cut), ends);
    ends.sequence += static_cast<std::uint32_t>(cut);
    add_frame(traffic, true, 443, std::string_view(record).substr(cut), ends);
  });
  all.messages = static_cast<double>(all.count()) / 2;
  return all;
}

// One hello in two segments, and between them kSprayed first halves of others that never come.
Traffic half_open_traffic(const Sizes& sizes) {
  constexpr std::size_t kApart = 512, kSprayed = 8;
  Sizes fewer = sizes;
  fewer.packets /= 2 + kSprayed;
  const Traffic whole = tls_split_traffic(fewer);
  const std::size_t flows = whole.count() / 2;
  Traffic traffic{.carrier = sizes.carrier};
  const auto add = [&](std::size_t packet, bool is_sprayed) {
    const auto start = whole.bytes.begin() + static_cast<std::ptrdiff_t>(whole.start[packet]);
    traffic.bytes.insert(traffic.bytes.end(), start, whole.bytes.begin() + static_cast<std::ptrdiff_t>(whole.start[packet + 1]));
    traffic.start.push_back(traffic.bytes.size());
    traffic.sprayed.push_back(is_sprayed);
  };
  for (std::size_t i = 0; i < flows + kApart; ++i) {
    if (i < flows) add(2 * i, false);
    for (std::size_t n = 0; n < kSprayed; ++n) add(2 * ((i * kSprayed + n) % flows), true);
    if (i >= kApart) add(2 * (i - kApart) + 1, false);
  }
  traffic.messages = static_cast<double>(flows);
  return traffic;
}

}  // namespace telefence::perf
