// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <random>
#include <string>

#include "base/writer.h"
#include "enforce/checksum.h"
#include "normalise/phone.h"

namespace telefence::perf {
namespace {

constexpr std::uint32_t kSeed = 20261123;
using Random = std::mt19937_64;

// The i-th listed name, and an innocent one of the same shape.
std::string listed_name(std::size_t i) { return "fraud" + std::to_string(i * 7919 % 99999989) + ".example" + std::to_string(i % 97) + ".cn"; }
std::string innocent_name(Random& random) {
  return "www.shop" + std::to_string(random() % 100'000'000) + ".site" + std::to_string(random() % 97) + ".cn";
}
std::string listed_number(std::size_t i) { return "17" + std::to_string(100'000'000 + i * 13 % 899'999'999); }
std::string innocent_number(Random& random) { return "13" + std::to_string(100'000'000 + random() % 899'999'999); }

std::string random_case(std::string name, Random& random) {
  for (char& c : name)
    if (c >= 'a' && c <= 'z' && (random() & 1) != 0) c = static_cast<char>(c - 32);
  return name;
}

std::string in_labels(std::string_view name) {
  std::string out;
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t dot = std::min(name.find('.', start), name.size());
    out += static_cast<char>(dot - start);
    out += name.substr(start, dot - start);
    start = dot + 1;
  }
  return out + '\0';
}

struct Build {
  std::string out;
  Build& u8(unsigned v) { return out += static_cast<char>(v), *this; }
  Build& u16(unsigned v) { return u8(v >> 8 & 0xff).u8(v & 0xff); }
  Build& u32(std::uint64_t v) { return u16(static_cast<unsigned>(v >> 16 & 0xffff)).u16(static_cast<unsigned>(v & 0xffff)); }
  Build& text(std::string_view v) { return out += v, *this; }
  Build& zeros(std::size_t n) { return out.append(n, '\0'), *this; }
};

// The ends of a packet and its place in the stream.
struct Ends {
  explicit Ends(Random& random)
      : source(0x0a000000 | static_cast<std::uint32_t>(random() & 0xffffff)),
        destination(0xc0000000 | static_cast<std::uint32_t>(random() & 0xffff)),
        port(static_cast<std::uint16_t>(1024 + random() % 60000)),
        sequence(static_cast<std::uint32_t>(random())),
        acknowledgement(static_cast<std::uint32_t>(random())) {}
  std::uint32_t source, destination;
  std::uint16_t port;
  std::uint32_t sequence, acknowledgement;
};

void add_frame(Traffic& traffic, bool tcp, unsigned port, std::string_view payload, const Ends& ends) {
  std::vector<std::uint8_t> frame(2048);
  Writer writer(frame);
  writer.u32(0x02000000), writer.u32(0x00020200), writer.u32(0x00000001), writer.u16(0x0800);
  const std::size_t segment = (tcp ? 20 : 8) + payload.size();
  const std::size_t network = writer.size();
  writer.u16(0x4500), writer.u16(static_cast<std::uint16_t>(20 + segment)), writer.u32(0x00004000);
  writer.u16(static_cast<std::uint16_t>(0x4000 | (tcp ? 6 : 17))), writer.u16(0);
  writer.u32(ends.source), writer.u32(ends.destination);
  writer.patch_u16(network + 10, checksum_of(word_sum(writer.written().subspan(network))));
  const std::size_t transport = writer.size();
  writer.u16(ends.port), writer.u16(static_cast<std::uint16_t>(port));
  if (tcp) {
    writer.u32(ends.sequence), writer.u32(ends.acknowledgement);
    writer.u16(0x5018), writer.u16(0xffff), writer.u32(0);
  } else {
    writer.u16(static_cast<std::uint16_t>(segment)), writer.u16(0);
  }
  writer.text(payload);
  const Bytes addresses = writer.written().subspan(network + 12, 8);
  if (tcp) writer.patch_u16(transport + 16, checksum_of(word_sum(writer.written().subspan(transport), word_sum(addresses) + 6 + segment)));
  CHECK(writer.ok());
  traffic.bytes.insert(traffic.bytes.end(), frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(writer.size()));
  traffic.start.push_back(traffic.bytes.size());
}

void add_frame(Traffic& traffic, bool tcp, unsigned port, std::string_view payload, Random& random) {
  add_frame(traffic, tcp, port, payload, Ends(random));
}

// Calls `one(blocked, i, random)` for each packet.
Traffic make(const Sizes& sizes, const std::function<void(Traffic&, bool, std::size_t, Random&)>& one) {
  Random random(kSeed);
  Traffic traffic;
  traffic.bytes.reserve(sizes.packets * 300);
  for (std::size_t i = 0; i < sizes.packets; ++i) {
    const bool blocked = static_cast<double>(random() % 1'000'000) < sizes.blocked * 1'000'000;
    one(traffic, blocked, random(), random);
  }
  return traffic;
}

std::string any_name(const Sizes& sizes, bool blocked, std::size_t i, Random& random) {
  return blocked ? "www." + listed_name(i % sizes.domains) : innocent_name(random);
}

// Characters of everyday Chinese; a pattern is four of another range, so innocent texts never hit.
constexpr unsigned kInnocentFirst = 0x4e00, kInnocentCount = 2000;
constexpr unsigned kListedFirst = 0x6e00, kListedCount = 1000;

std::u16string listed_text(std::size_t i) {
  Random random(i * 977 + 5);
  std::u16string text;
  for (int n = 0; n < 4; ++n) text += static_cast<char16_t>(kListedFirst + random() % kListedCount);
  return text;
}

std::string utf8(std::u16string_view text) {
  std::string out;
  for (const char16_t c : text) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
  return out;
}

}  // namespace

Traffic dns_traffic(const Sizes& sizes) {
  return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    Build query;
    query.u16(i & 0xffff).u16(0x0100).u16(1).u16(0).u16(0).u16(0);
    query.text(in_labels(random_case(any_name(sizes, blocked, i, random), random))).u16(1).u16(1);
    add_frame(traffic, false, 53, query.out, random);
  });
}

Traffic tls_traffic(const Sizes& sizes) {
  return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    const std::string name = any_name(sizes, blocked, i, random);
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
    add_frame(traffic, true, 443, record.out, random);
  });
}

Traffic quic_traffic(const Sizes& all) {
  Sizes sizes = all;
  sizes.packets = std::max<std::size_t>(all.packets / 10, 1);  // each has to be sealed
  return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    add_frame(traffic, false, 443, quic_initial(any_name(sizes, blocked, i, random), random()), random);
  });
}

Traffic smpp_traffic(const Sizes& sizes) {
  constexpr std::size_t kConnections = 1000;
  Random ends_random(kSeed);
  std::vector<Ends> connections;
  for (std::size_t i = 0; i < kConnections; ++i) connections.emplace_back(ends_random);
  const std::vector<Ends> first = connections;
  Traffic all = make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    Build text;
    for (int n = 0; n < 70; ++n) text.u16(kInnocentFirst + static_cast<unsigned>(random() % kInnocentCount));
    if (blocked) {
      const std::u16string listed = listed_text(i % sizes.patterns);
      for (std::size_t n = 0; n < listed.size(); ++n) {
        text.out[40 + 2 * n] = static_cast<char>(listed[n] >> 8);
        text.out[41 + 2 * n] = static_cast<char>(listed[n] & 0xff);
      }
    }
    Build body;
    body.zeros(1).u8(1).u8(1).text("10690001").zeros(1).u8(1).u8(1).text(innocent_number(random)).zeros(1);
    body.u8(0).u8(0).u8(0).zeros(2).u8(1).u8(0).u8(8).u8(0).u8(static_cast<unsigned>(text.out.size())).text(text.out);
    Build pdu;
    pdu.u32(16 + body.out.size()).u32(4).u32(0).u32(i & 0xffffffff).text(body.out);
    Ends& ends = connections[traffic.count() % kConnections];
    add_frame(traffic, true, 2775, pdu.out, ends);
    ends.sequence += static_cast<std::uint32_t>(pdu.out.size());
  });
  for (std::size_t i = 0; i < all.count(); ++i)
    all.moves.push_back(connections[i % kConnections].sequence - first[i % kConnections].sequence);
  return all;
}

Traffic sip_traffic(const Sizes& sizes) {
  return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    const std::string from = blocked ? listed_number(i % sizes.numbers) : innocent_number(random);
    const std::string to = innocent_number(random);
    std::string sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n"
                      "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
    std::string invite = "INVITE sip:+86" + to + "@10.0.0.2;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK" +
                         std::to_string(i) + "\r\nMax-Forwards: 70\r\nFrom: <sip:+86" + from + "@10.0.0.1>;tag=" +
                         std::to_string(i % 1000003) + "\r\nTo: <sip:+86" + to + "@10.0.0.2>\r\nCall-ID: " + std::to_string(i) +
                         "@10.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:10.0.0.1>\r\nContent-Type: application/sdp\r\nContent-Length: " +
                         std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
    add_frame(traffic, false, 5060, invite, random);
  });
}

void add_entries(const Sizes& sizes, MatchSetBuilder& builder) {
  Rule rule;
  rule.id = 1;
  rule.value = "benchmark";
  rule.source = "benchmark";
  const std::uint32_t index = builder.add_rule(rule);
  for (std::size_t i = 0; i < sizes.domains; ++i) builder.add_domain(listed_name(i), true, index);
  for (std::size_t i = 0; i < sizes.numbers; ++i)
    builder.add_number(canonical_number(listed_number(i), "86"), false, MatchSetBuilder::Sides::kEither, index);
  for (std::size_t i = 0; i < sizes.patterns; ++i) builder.add_pattern({utf8(listed_text(i)), true, false}, index);
}

}  // namespace telefence::perf
