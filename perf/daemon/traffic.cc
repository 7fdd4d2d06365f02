// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <string>

#include "normalise/phone.h"
#include "traffic_parts.h"

namespace telefence::perf {

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
    add_frame(traffic, true, 443, client_hello_record(any_name(sizes, blocked, i, random)), random);
  });
}

Traffic quic_traffic(const Sizes& all) {
  Sizes sizes = all;
  sizes.packets = std::max<std::size_t>(all.packets / 10, 1);  // each has to be sealed
  return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    add_frame(traffic, false, 443, quic_initial(any_name(sizes, blocked, i, random), random()), random);
  });
}

namespace {

// INVITEs, with so many lines more in their SDP.
Traffic invites(const Sizes& sizes, std::size_t more_lines) {
  return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
    const std::string from = blocked ? listed_number(i % sizes.numbers) : innocent_number(random);
    const std::string to = innocent_number(random);
    std::string sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n"
                      "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
    for (std::size_t n = 0; n < more_lines; ++n) sdp += "a=candidate:1 1 UDP 2130706431 10.0.0.1 4000 typ host\r\n";
    std::string invite = "INVITE sip:+86" + to + "@10.0.0.2;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK" +
                         std::to_string(i) + "\r\nMax-Forwards: 70\r\nFrom: <sip:+86" + from + "@10.0.0.1>;tag=" +
                         std::to_string(i % 1000003) + "\r\nTo: <sip:+86" + to + "@10.0.0.2>\r\nCall-ID: " + std::to_string(i) +
                         "@10.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:10.0.0.1>\r\nContent-Type: application/sdp\r\nContent-Length: " +
                         std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
    add_frame(traffic, false, 5060, invite, random);
  });
}

}  // namespace

Traffic sip_traffic(const Sizes& sizes) { return invites(sizes, 0); }
Traffic long_sip_traffic(const Sizes& sizes) { return invites(sizes, 24); }

PatternSource listed_pattern(const Sizes& sizes, std::size_t i) {
  const std::u16string text = listed_text(i);
  if (!sizes.gaps) return {.expression = utf8(text), .literal = true};
  const std::string third = utf8(text.substr(2)), turned = utf8(std::u16string{text[3], text[2]});
  return {.expression = utf8(text.substr(0, 2)) + ".{0,6}(?:" + third + "|" + turned + ").{0,10}[0-9]{5}"};
}

void add_entries(const Sizes& sizes, MatchSetBuilder& builder) {
  Rule rule;  // without an id of its own, as in lists: with one, numbers would take five times the memory
  rule.value = "benchmark";
  rule.source = "benchmark";
  const std::uint32_t index = builder.add_rule(rule);
  for (std::size_t i = 0; i < sizes.domains; ++i) builder.add_domain(listed_name(i), true, index);
  for (std::size_t i = 0; i < sizes.numbers; ++i)
    builder.add_number(canonical_number(listed_number(i), "86"), false, MatchSetBuilder::Sides::kEither, index);
  for (std::size_t i = 0; i < sizes.prefixes; ++i)
    builder.add_number(canonical_number(listed_prefix(i), "86"), true, MatchSetBuilder::Sides::kEither, index);
  for (std::size_t i = 0; i < sizes.patterns; ++i) builder.add_pattern(listed_pattern(sizes, i), index);
}

}  // namespace telefence::perf
