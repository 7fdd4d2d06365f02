// SPDX-License-Identifier: Apache-2.0
#pragma once

// What tests of slow senders have in common: connections that are cut where one likes, and the entries that acquit.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "session_ends.h"

namespace telefence::testing {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint64_t kMs = 1'000'000;

// A client, or several, whose messages go through a filter, and the clock of both.
struct Exchange {
  Filter filter;
  std::uint64_t now = 1'700'000'000'000'000'000;

  // A connection to `port` that both ends agree on; its first byte is number 1000.
  void open(std::uint16_t port, std::uint16_t from) {
    filter.access.give(
        frame_of(
            {.source_port = from, .destination_port = port, .sequence = 999, .acknowledgement = 0, .flags = kTcpSyn}),
        now);
    filter.run();
    filter.core.give(frame_of({.reversed = true,
                               .source_port = port,
                               .destination_port = from,
                               .sequence = 0,
                               .acknowledgement = 1000,
                               .flags = kTcpSyn | kTcpAck}),
                     now);
    filter.run();
    filter.access.forget();
    filter.core.forget();
  }
  // at: of that first byte.
  Octets packet(std::uint16_t port, std::uint16_t from, std::uint32_t at, std::string_view bytes) {
    return frame_of(
        {.source_port = from, .destination_port = port, .sequence = 1000 + at, .acknowledgement = 1, .payload = bytes});
  }
  // What the server says first, when it has taken so many bytes of the client's.
  void answer(std::uint16_t port, std::uint16_t from, std::size_t taken, std::string_view bytes) {
    filter.core.give(frame_of({.reversed = true,
                               .source_port = port,
                               .destination_port = from,
                               .sequence = 1,
                               .acknowledgement = 1000 + static_cast<std::uint32_t>(taken),
                               .payload = bytes}),
                     now);
    filter.run();
  }
  void pass(std::uint64_t ms) {
    for (; ms > 0; --ms) {
      now += kMs;
      filter.access.set_now(now);
      filter.run();
    }
  }
  // `stream` on a connection of its own, cut there; the rest comes after the wait.
  std::string in_parts(std::uint16_t port, std::uint16_t from, std::string_view stream, std::size_t cut) {
    open(port, from);
    filter.access.give(packet(port, from, 0, stream.substr(0, cut)), now);
    filter.run();
    pass(210);
    filter.access.give(packet(port, from, static_cast<std::uint32_t>(cut), stream.substr(cut)), now);
    filter.run();
    pass(210);
    return payloads_sent(filter.core);
  }
  // Also in one segment.
  void expect_untouched(std::uint16_t port, std::string_view stream) {
    std::uint16_t from = 20000;
    std::string bad;
    for (std::size_t cut = 1; cut < stream.size(); ++cut)
      if (in_parts(port, ++from, stream, cut) != stream) bad += " " + std::to_string(cut);
    EXPECT_EQ(bad, "") << "cut there, it was changed";
    filter.core.forget();
    open(port, 19999);
    filter.access.give(packet(port, 19999, 0, stream), now);
    filter.run();
    pass(5);
    EXPECT_EQ(payloads_sent(filter.core), stream) << "in one segment";
  }
};

inline void allow_number(MatchSetBuilder& b, std::string_view number) {
  b.add_number(canonical_number(number, "86"), false, MatchSetBuilder::Sides::kEither,
               Filter::rule(b, std::string(number), {}, true));
}
// Of all numbers that begin so.
inline void prefix(MatchSetBuilder& b, std::string_view number, bool allow = false) {
  static std::vector<std::unique_ptr<std::string>> kept;
  kept.push_back(std::make_unique<std::string>(number));
  const auto read = number_from_text(number, "86");
  ASSERT_TRUE(read.ok());
  b.add_number(read.value().digits, true, MatchSetBuilder::Sides::kEither, Filter::rule(b, *kept.back(), {}, allow));
}
inline std::string over_tcp(std::string call) {
  call.replace(call.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP");
  return call;
}

// submit_sm with a text in UCS-2.
inline std::string submit_ucs2(std::uint32_t sequence, std::string_view to, std::u16string_view text) {
  std::string octets;
  for (const char16_t unit : text) append_u16(octets, unit);
  std::string pdu = submit_sm(sequence, "10690001", to, octets);
  pdu[pdu.size() - octets.size() - 3] = 8;
  return pdu;
}

}  // namespace telefence::testing
