// SPDX-License-Identifier: Apache-2.0
// A session that many users share, between a model of a sender and one of a receiver, over a network that loses, repeats, reorders and
// cuts anew, also in IP fragments, what goes to the filter and what comes from it. Whatever happens: the receiver gets the sender's bytes, with listed
// messages voided and nothing else changed; each message has one response, and those of listed ones say that they were refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>

#include "filter.h"
#include "ipv4_parts.h"
#include "payloads.h"
#include "pipeline/worker.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t count) { return count == 0 ? 0 : random() % count; }
bool chance(Random& random, unsigned percent) { return random() % 100 < percent; }

std::uint32_t word(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(text[at + i]);
  return value;
}

// What two ends say to one another.
struct Dialect {
  const char* name;
  std::uint16_t port;
  std::size_t least;  // of the longest segment: a message in more pieces than are held at a time leaves before it is whole
  std::string (*request)(Random& random, std::uint32_t number, bool is_listed);
  std::size_t (*length)(std::string_view from_here_on);  // of the message that begins here; 0: its length is not there yet
  std::string (*response)(std::string_view request);
  std::pair<std::uint32_t, std::uint32_t> (*status)(std::string_view response);  // to which request, and what it says
  std::uint32_t (*good_or_refused)(std::string_view request, bool is_listed);    // what it is to say
};

const Dialect kSmpp{
    "smpp", 2775, 3,
    [](Random& random, std::uint32_t number, bool is_listed) {
      const std::string filling(below(random, 120), static_cast<char>('a' + below(random, 26)));
      return submit_sm(number, "10690001", "86138000" + std::to_string(10000 + number), (is_listed ? "WIN a PRIZE " : "see you ") + filling);
    },
    [](std::string_view bytes) { return bytes.size() < 16 ? std::size_t{0} : std::size_t{word(bytes, 0)}; },
    [](std::string_view request) { return submit_sm_resp(word(request, 12)); },
    [](std::string_view response) { return std::pair{word(response, 12), word(response, 8)}; },
    [](std::string_view, bool is_listed) { return is_listed ? 0x45u : 0u; }};

std::uint32_t number_behind(std::string_view text, std::string_view field) {
  return static_cast<std::uint32_t>(std::strtoul(std::string(text.substr(text.find(field) + field.size(), 10)).c_str(), nullptr, 10));
}

// Calls from listed numbers, and instant messages with a listed text, among others (RFC 3261; RFC 3428).
const Dialect kSip{
    "sip", 5060, 30,
    [](Random& random, std::uint32_t number, bool is_listed) {
      const bool is_call = chance(random, 60);
      const std::string text = (is_listed ? "WIN a PRIZE " : "see you ") + std::string(below(random, 200), static_cast<char>('a' + below(random, 26)));
      const std::string_view from = is_call && is_listed ? "+8617000000001" : "+8613900000001";
      std::string out = sip_invite(from, "13800000000", is_call ? "INVITE" : "MESSAGE");
      const auto put = [&](std::string_view was, const std::string& is) { out.replace(out.find(was), was.size(), is); };
      put("SIP/2.0/UDP", "SIP/2.0/TCP");
      put("CSeq: 1 ", "CSeq: " + std::to_string(number) + " ");
      put("call-1@", "call-" + std::to_string(number) + "@");
      if (!is_call) put("Content-Length: 0\r\n\r\n", "Content-Type: text/plain\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
      return out;
    },
    [](std::string_view bytes) {
      const std::size_t end = bytes.find("\r\n\r\n");
      return end == std::string_view::npos ? std::size_t{0} : end + 4 + number_behind(bytes.substr(0, end + 2), "Content-Length: ");
    },
    [](std::string_view request) {
      const bool is_known = request.starts_with("INVITE") || request.starts_with("MESSAGE");
      std::string out = is_known ? "SIP/2.0 200 OK\r\n" : "SIP/2.0 405 Method Not Allowed\r\n";
      for (const std::string_view field : {"Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "}) {
        const std::size_t at = request.find(field);
        out += request.substr(at, request.find("\r\n", at) + 2 - at);
      }
      return out + "Content-Length: 0\r\n\r\n";
    },
    [](std::string_view response) { return std::pair{number_behind(response, "CSeq: "), number_behind(response, "SIP/2.0 ")}; },
    [](std::string_view, bool is_listed) { return is_listed ? 603u : 200u; }};

// The bytes of one direction, what was sent and confirmed of it, and what came of it at the other end.
struct Flow {
  bool reversed = false;
  std::uint32_t first = 0;  // sequence number of bytes[0]
  std::string bytes;
  std::size_t sent = 0;      // so many were sent at least once
  std::size_t confirmed = 0; // so many the sender knows to have arrived
  std::size_t repeated = 0;  // up to here, in this round of repetitions
  // At the receiver: the first copy of each byte counts.
  std::string arrived;
  std::vector<bool> is_there;
  std::size_t contiguous = 0;

  void arrive(std::size_t at, std::string_view part) {
    arrived.resize(std::max(arrived.size(), at + part.size()), '?');
    is_there.resize(arrived.size(), false);
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (is_there[at + i]) continue;
      arrived[at + i] = part[i];
      is_there[at + i] = true;
    }
    while (contiguous < is_there.size() && is_there[contiguous]) ++contiguous;
  }
};

struct Trouble {
  unsigned lost = 0, repeated = 0, reordered = 0;  // percent
  std::size_t longest = 1460;                      // of a segment
  unsigned cut = 0;                                // percent: in IP fragments
};

class Session {
 public:
  Session(Filter& filter, const Dialect& dialect, Random& random, const Trouble& trouble, std::uint16_t client, std::uint64_t start_us)
      : filter_(filter), dialect_(dialect), random_(random), trouble_(trouble), client_(client),
        // Another one for each, so that no identification comes round while it is known.
        address_(0x0a010000u + static_cast<std::uint32_t>(start_us / 1000 % 0xfffe) + 1), now_us_(start_us) {
    there_.first = static_cast<std::uint32_t>(random_());
    back_.first = static_cast<std::uint32_t>(random_());
    back_.reversed = true;
  }

  // Both ends, up to the last response.
  void run(const std::string& requests) {
    there_.bytes = requests;
    for (int steps = 0; !is_over(); ++steps) {
      ASSERT_LT(steps, 100000) << "it never ends: " << there_.confirmed << " confirmed of " << there_.bytes.size() << ", " << there_.contiguous
                               << " arrived; back " << back_.confirmed << " of " << back_.bytes.size() << ", " << back_.contiguous
                               << " arrived; " << filter_.stats().held_frames.read() << " held";
      const bool is_calm = steps > 2000;  // in the end everything gets through
      step(there_, is_calm);
      step(back_, is_calm);
      carry(to_core_, filter_.access, is_calm);
      carry(to_access_, filter_.core, is_calm);
      filter_.run();
      take(filter_.core, there_, is_calm);
      take(filter_.access, back_, is_calm);
      answer();
    }
    EXPECT_EQ(there_.arrived.size(), there_.bytes.size());
    EXPECT_EQ(back_.arrived.size(), back_.bytes.size());
  }

  void open() {
    filter_.access.give(frame_of({.source_port = client_, .destination_port = dialect_.port, .sequence = there_.first - 1, .flags = kTcpSyn,
                                  .client = address_}), now());
    filter_.core.give(frame_of({.reversed = true, .source_port = dialect_.port, .destination_port = client_, .sequence = back_.first - 1,
                                .acknowledgement = there_.first, .flags = kTcpSyn | kTcpAck, .client = address_}), now());
    filter_.run();
    filter_.access.forget();
    filter_.core.forget();
  }

  std::uint64_t end_us() const { return now_us_; }
  const std::string& delivered() const { return there_.arrived; }
  std::map<std::uint32_t, std::vector<std::uint32_t>> statuses() const {
    std::map<std::uint32_t, std::vector<std::uint32_t>> found;
    std::string_view rest = back_.arrived;
    while (const std::size_t length = dialect_.length(rest)) {
      const auto [number, status] = dialect_.status(rest.substr(0, length));
      found[number].push_back(status);
      rest.remove_prefix(std::min(length, rest.size()));
    }
    return found;
  }

 private:
  struct Sent {
    Octets frame;
  };

  std::uint64_t now() const { return kStart + now_us_ * 1000; }
  Flow& other(const Flow& flow) { return flow.reversed ? there_ : back_; }
  bool is_over() const {
    return there_.confirmed == there_.bytes.size() && back_.bytes.size() == responses_ && back_.confirmed == back_.bytes.size() &&
           answered_ == there_.bytes.size();
  }

  Octets frame(const Flow& flow, std::size_t at, std::string_view part) {
    return frame_of({.reversed = flow.reversed, .source_port = flow.reversed ? dialect_.port : client_,
                     .destination_port = flow.reversed ? client_ : dialect_.port,
                     .sequence = flow.first + static_cast<std::uint32_t>(at),
                     .acknowledgement = other(flow).first + static_cast<std::uint32_t>(other(flow).contiguous),
                     .flags = kTcpAck, .payload = part, .client = address_});
  }

  void post(std::vector<Sent>& network, const Octets& whole) {
    const std::size_t size = 8 * (8 + below(random_, 60));
    if (!chance(random_, trouble_.cut)) return network.push_back({whole});
    std::vector<Octets> parts = fragments_of(whole, size, ++identification_);
    if (chance(random_, 50)) std::shuffle(parts.begin(), parts.end(), random_);
    for (const Octets& part : parts) network.push_back({part});
  }

  // Sends something new, or again, or only an acknowledgement.
  void step(Flow& flow, bool is_calm) {
    now_us_ += below(random_, 300);
    auto& network = flow.reversed ? to_access_ : to_core_;
    if (flow.sent < flow.bytes.size() && (is_calm || chance(random_, 70))) {
      const std::size_t size = 1 + below(random_, std::min(trouble_.longest, flow.bytes.size() - flow.sent));
      post(network, frame(flow, flow.sent, std::string_view(flow.bytes).substr(flow.sent, size)));
      flow.sent += size;
      return;
    }
    if (flow.confirmed < flow.sent && (is_calm || chance(random_, 20))) {
      // Cut otherwise than before; in the end everything from the first missing byte on, and again.
      if (flow.repeated < flow.confirmed || flow.repeated >= flow.sent) flow.repeated = flow.confirmed;
      const std::size_t from = is_calm ? flow.repeated : flow.confirmed + below(random_, flow.sent - flow.confirmed);
      const std::size_t size = is_calm ? std::min(trouble_.longest, flow.sent - from) : 1 + below(random_, std::min(trouble_.longest, flow.sent - from));
      post(network, frame(flow, from, std::string_view(flow.bytes).substr(from, size)));
      flow.repeated = from + size;
      return;
    }
    network.push_back({frame(flow, flow.sent, {})});
  }

  void carry(std::vector<Sent>& network, MemoryQueue& queue, bool is_calm) {
    while (!network.empty()) {
      const std::size_t place = !is_calm && chance(random_, trouble_.reordered) ? below(random_, network.size()) : 0;
      const bool waits = !is_calm && place == 0 && chance(random_, trouble_.reordered);
      if (waits) break;
      if (is_calm || !chance(random_, trouble_.lost)) queue.give(network[place].frame, now());
      if (is_calm || !chance(random_, trouble_.repeated)) network.erase(network.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }

  // What the filter let through, at the receiver of `flow`; and what it says of the other direction.
  void take(MemoryQueue& queue, Flow& flow, bool is_calm) {
    for (const auto& bytes : queue.sent()) {
      if (!is_calm && chance(random_, trouble_.lost)) continue;
      Frame seen;
      seen.data = const_cast<std::uint8_t*>(bytes.data());
      seen.length = static_cast<std::uint32_t>(bytes.size());
      Layers layers = decode(seen);
      Octets whole;
      if (layers.end == DecodeEnd::kFragment) {
        whole = (flow.reversed ? parts_back_ : parts_there_).put(seen, layers);
        if (whole.empty()) continue;
        seen.data = whole.data();
        seen.length = static_cast<std::uint32_t>(whole.size());
        layers = decode(seen);
      }
      ASSERT_TRUE(transport_checksum_is_right(seen, layers));
      const TcpHeader header = tcp_header(seen, layers);
      Flow& confirmed = other(flow);
      const auto acknowledged = static_cast<std::int32_t>(header.acknowledgement - confirmed.first);
      if (acknowledged > 0) {
        ASSERT_LE(static_cast<std::size_t>(acknowledged), confirmed.contiguous) << "nobody may confirm what has not arrived";
        confirmed.confirmed = std::max(confirmed.confirmed, static_cast<std::size_t>(acknowledged));
      }
      if (layers.payload_length == 0) continue;
      flow.arrive(static_cast<std::size_t>(static_cast<std::int32_t>(header.sequence - flow.first)), as_text(payload_of(seen, layers)));
    }
    queue.forget();
  }

  // The receiver answers every message that is whole.
  void answer() {
    for (;;) {
      const std::string_view rest = std::string_view(there_.arrived).substr(0, there_.contiguous).substr(answered_);
      const std::size_t length = dialect_.length(rest);
      if (length == 0 || length > rest.size()) break;
      back_.bytes += dialect_.response(rest.substr(0, length));
      answered_ += length;
      responses_ = back_.bytes.size();
    }
  }

  Filter& filter_;
  const Dialect& dialect_;
  Random& random_;
  Trouble trouble_;
  Flow there_, back_;
  std::vector<Sent> to_core_, to_access_;
  std::size_t answered_ = 0, responses_ = 0;
  PartsAtReceiver parts_there_, parts_back_;
  std::uint16_t identification_ = 0;
  std::uint16_t client_;
  std::uint32_t address_;
  std::uint64_t now_us_;
};

struct Traffic {
  std::string sent, expected;
  std::map<std::uint32_t, std::uint32_t> statuses;
  std::map<std::uint32_t, bool> is_listed;
  std::map<std::uint32_t, std::size_t> lengths;
};

Traffic traffic(const Dialect& dialect, Random& random, std::size_t messages) {
  Traffic result;
  const Protocol& protocol = *protocol_named(dialect.name);
  for (std::uint32_t i = 1; i <= messages; ++i) {
    const bool is_listed = chance(random, 25);
    const std::string request = dialect.request(random, i, is_listed);
    result.sent += request;
    std::string wanted = request;
    auto* const bytes = reinterpret_cast<std::uint8_t*>(wanted.data());
    if (is_listed) {
      EXPECT_TRUE(protocol.neutralise(Event{}, {bytes, wanted.size()}, {}));
    }
    result.expected += wanted;
    result.statuses[i] = dialect.good_or_refused(request, is_listed);
    result.is_listed[i] = is_listed;
    result.lengths[i] = request.size();
  }
  return result;
}

std::string sums_of(const Filter& filter) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kFateCount; ++i) sum += filter.stats().fates[i].read();
  const std::uint64_t received = filter.stats().received.read();
  return sum == received ? "" : std::to_string(sum) + " of " + std::to_string(received);
}

// Where only one direction passes here, nothing is ever confirmed: nobody may stand still because memory ran out.
TEST(Session, OneSidedConnectionsPassWhenThereIsNoMemoryLeft) {
  StreamOptions options;
  options.bytes = 1024 * 1024;
  Filter filter(Mode::kEnforce, false, options);
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  const std::string pdu = submit_sm(7, "10690001", "8613800000001", "see you " + std::string(140, 'x'));
  std::size_t given = 0, passed = 0;
  for (std::uint32_t round = 0; round < 200; ++round) {
    for (std::uint16_t connection = 0; connection < 300; ++connection) {
      filter.access.give(frame_of({.source_port = static_cast<std::uint16_t>(10000 + connection), .destination_port = kSmpp.port,
                                   .sequence = 1000 + round * static_cast<std::uint32_t>(pdu.size()), .payload = pdu}), kStart + round * 1'000'000);
      ++given;
      if (given % 64 != 0) continue;
      filter.run();
      passed += filter.core.sent().size();
      filter.core.forget();
    }
  }
  filter.run();
  filter.worker().flush();
  EXPECT_EQ(passed + filter.core.sent().size(), given);
  EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 0u);
  EXPECT_GT(filter.stats().stream_no_room.read(), 0u) << "there was none left";
}

struct Outcome {
  std::string delivered;
  std::map<std::uint32_t, std::uint32_t> statuses;
};

// Plays sessions, each over another network, and calls `check` with what came of each.
void play(const Dialect& dialect, const StreamOptions& options, std::uint64_t rounds, const std::function<void(const Traffic&, const Outcome&)>& check,
          unsigned cut = 0) {
  const char* const count = std::getenv("SESSION_ROUNDS");
  if (count != nullptr) rounds = std::strtoull(count, nullptr, 10);
  const char* const only = std::getenv("SESSION_SEED");
  Filter filter(Mode::kEnforce, false, options);
  filter.block([](MatchSetBuilder& b) {
    Filter::block_text(b, "win a prize");
    Filter::block_number(b, "+8617000000001");
  });
  std::uint64_t now_us = 0;
  for (std::uint64_t seed = only == nullptr ? 1 : std::strtoull(only, nullptr, 10); seed <= rounds || only != nullptr; ++seed) {
    SCOPED_TRACE(filter.secret() + " SESSION_SEED=" + std::to_string(seed) + "; sessions before it leave what they leave");
    Random random(seed);
    const Trouble trouble{static_cast<unsigned>(below(random, 15)), static_cast<unsigned>(below(random, 15)),
                          static_cast<unsigned>(below(random, 50)), chance(random, 20) ? dialect.least + below(random, 20) : 100 + below(random, 1361), cut};
    const Traffic wanted = traffic(dialect, random, 1 + below(random, 30));
    Session session(filter, dialect, random, trouble, static_cast<std::uint16_t>(10000 + seed % 50000), now_us);
    session.open();
    session.run(wanted.sent);
    now_us = session.end_us();
    filter.worker().flush();
    filter.access.forget();
    filter.core.forget();
    if (::testing::Test::HasFatalFailure()) return;
    Outcome outcome{session.delivered(), {}};
    for (const auto& [number, all] : session.statuses()) {
      ASSERT_EQ(all.size(), 1u) << "responses to message " << number;
      outcome.statuses[number] = all[0];
    }
    check(wanted, outcome);
    ASSERT_EQ(sums_of(filter), "");
    ASSERT_EQ(filter.free_buffers(), Filter::kBuffers);
    if (::testing::Test::HasFailure()) return;
    while (filter.ring.front() != nullptr) filter.ring.release();
    if (only != nullptr) return;
  }
}

void expect_refused_and_nothing_else(const Dialect& dialect, std::uint64_t rounds, unsigned cut = 0) {
  StreamOptions options;
  options.rest_ns = options.hold_ns = 100'000'000'000;  // what leaves before it is whole can't be voided whole
  options.hole_ns = 100'000'000'000;
  options.hold_frames = 400;
  play(dialect, options, rounds, [](const Traffic& wanted, const Outcome& outcome) {
    EXPECT_EQ(outcome.delivered, wanted.expected);
    EXPECT_EQ(outcome.statuses, wanted.statuses);
  }, cut);
}

// With waits as short as they are in use a message may leave before it is whole, and then be delivered. Nothing else may happen.
void expect_innocents_untouched(const Dialect& dialect, std::uint64_t rounds, unsigned cut = 0) {
  std::size_t listed = 0, refused = 0;
  play(dialect, StreamOptions{}, rounds, [&](const Traffic& wanted, const Outcome& outcome) {
    ASSERT_EQ(outcome.delivered.size(), wanted.sent.size());
    std::size_t at = 0;
    for (const auto& [number, status] : wanted.statuses) {
      const std::size_t length = wanted.lengths.at(number);
      const std::string_view request = std::string_view(wanted.sent).substr(at, length);
      const std::uint32_t told = outcome.statuses.at(number);
      if (!wanted.is_listed.at(number)) {
        EXPECT_EQ(told, status) << "of innocent message " << number;
        EXPECT_EQ(std::string_view(outcome.delivered).substr(at, length), request) << "innocent message " << number;
      } else {
        ++listed;
        if (told == status) ++refused;
        const std::uint32_t answered = dialect.status(dialect.response(std::string_view(outcome.delivered).substr(at, length))).second;
        EXPECT_TRUE(told == status || told == answered) << "of listed message " << number << ": " << told;
      }
      at += length;
    }
  }, cut);
  EXPECT_GT(refused * 10, listed * 9) << refused << " refused of " << listed;
}

TEST(Session, WhateverTheNetworkDoesListedMessagesAreRefusedAndNothingElseIsTouched) { expect_refused_and_nothing_else(kSmpp, 2000); }

TEST(Session, WhenTheWaitEndsTooEarlyInnocentMessagesAreStillUntouched) { expect_innocents_untouched(kSmpp, 2000); }

TEST(Session, CallsAndTextsAmongOthersOnAConnectionAreRefusedAndNothingElseIsTouched) { expect_refused_and_nothing_else(kSip, 500); }

TEST(Session, WhenTheWaitEndsTooEarlyInnocentCallsAreStillUntouched) { expect_innocents_untouched(kSip, 500); }

// Each third segment comes in IP fragments, and so does now and then what is repeated of it.
TEST(Session, OfSegmentsInFragmentsListedMessagesAreRefusedAndNothingElseIsTouched) {
  expect_refused_and_nothing_else(kSmpp, 1000, 35);
  expect_refused_and_nothing_else(kSip, 300, 35);
}

TEST(Session, WhenTheWaitEndsTooEarlyInnocentMessagesInFragmentsAreStillUntouched) {
  expect_innocents_untouched(kSmpp, 1000, 35);
  expect_innocents_untouched(kSip, 300, 35);
}

}  // namespace
}  // namespace telefence
