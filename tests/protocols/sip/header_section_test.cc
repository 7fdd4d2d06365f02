// SPDX-License-Identifier: Apache-2.0
// The header section as message.cc walks it, with looks at several octets at once and lines passed over, against a plain reading of each line.
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocols/sip/message.h"

namespace telefence::sip {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::string lowered(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

struct Plain {
  std::vector<std::string> from, to, call_id, cseq, content_type, content_length, via, asserted, claimed;
  std::string body;
  bool has_ended = false;
};

std::vector<std::string>* place_of(const std::string& name, Plain& plain) {
  if (name == "from" || name == "f") return &plain.from;
  if (name == "to" || name == "t") return &plain.to;
  if (name == "call-id" || name == "i") return &plain.call_id;
  if (name == "cseq") return &plain.cseq;
  if (name == "content-type" || name == "c") return &plain.content_type;
  if (name == "content-length" || name == "l") return &plain.content_length;
  if (name == "via" || name == "v") return &plain.via;
  if (name == "p-asserted-identity") return &plain.asserted;
  if (name == "remote-party-id" || name == "p-preferred-identity") return &plain.claimed;
  return nullptr;
}

// RFC 3261, 7.3.1: a line that begins with a blank goes on with the one before.
Plain plain_reading(std::string_view text) {
  Plain plain;
  const auto line_end = [text](std::size_t at) { return std::min(text.find('\n', at), text.size() - 1) + 1; };
  const auto is_fold = [text](std::size_t at) { return at < text.size() && (text[at] == ' ' || text[at] == '\t'); };
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = line_end(at);
    const std::string_view first = text.substr(at, end - at);
    if (first == "\n" || first == "\r\n") {
      plain.body = text.substr(end);
      plain.has_ended = true;
      return plain;
    }
    while (is_fold(end)) end = line_end(end);
    const std::string_view whole = text.substr(at, end - at);
    at = end;
    const std::size_t colon = whole.find(':');
    if (colon == whole.npos) continue;
    if (auto* const place = place_of(lowered(trimmed(whole.substr(0, colon))), plain)) place->push_back(trimmed(whole.substr(colon + 1)));
  }
  return plain;
}

std::string first_of(const std::vector<std::string>& values) { return values.empty() ? std::string() : values.front(); }

// Of several the first that says anything.
std::string first_said(const std::vector<std::string>& values) {
  const auto said = std::find_if(values.begin(), values.end(), [](const std::string& value) { return !value.empty(); });
  return said == values.end() ? std::string() : *said;
}

void expect_same(const std::string& section) {
  const std::string text = "INVITE sip:a@b SIP/2.0\r\n" + section;
  const Plain plain = plain_reading(section);
  Message in_stream;
  const Reading reading = read_message(as_bytes(text), Transport::kTcp, in_stream);
  EXPECT_EQ(in_stream.headers.data() != nullptr, plain.has_ended) << text;
  EXPECT_TRUE(plain.has_ended || reading == Reading::kPartial) << text;
  if (plain.has_ended) {
    EXPECT_EQ(in_stream.headers.size(), section.size() - plain.body.size()) << text;
    EXPECT_EQ(in_stream.content_length, plain.content_length.empty() ? std::string() : plain.content_length.back()) << text;
  }
  for (const Wanted wanted : {Wanted::kAll, Wanted::kParties, Wanted::kReply}) {
    Message message;
    ASSERT_EQ(read_message(as_bytes(text), Transport::kUdp, message, wanted), Reading::kWhole);
    EXPECT_EQ(message.body, plain.body) << text;
    EXPECT_EQ(message.from, first_said(plain.from)) << text;
    EXPECT_EQ(message.to, first_said(plain.to)) << text;
    EXPECT_EQ(message.call_id, first_said(plain.call_id)) << text;
    if (wanted != Wanted::kParties) {
      EXPECT_EQ(message.cseq, first_said(plain.cseq)) << text;
    }
    if (wanted == Wanted::kReply) {
      ASSERT_EQ(message.vias.count, std::min(plain.via.size(), Vias::kMost)) << text;
      EXPECT_EQ(message.vias.has_more, plain.via.size() > Vias::kMost) << text;
      for (std::size_t i = 0; i < message.vias.count; ++i) EXPECT_EQ(message.vias.values[i], plain.via[i]) << text;
      continue;
    }
    const std::size_t kept = std::min(plain.asserted.size(), Message::kMostAsserted);
    ASSERT_EQ(message.asserted_count, kept) << text;
    for (std::size_t i = 0; i < kept; ++i) EXPECT_EQ(message.asserted[i], plain.asserted[i]) << text;
    const auto said_again = [](const std::vector<std::string>& values) {
      const auto first = std::find_if(values.begin(), values.end(), [](const std::string& value) { return !value.empty(); });
      return first != values.end() && first + 1 != values.end();
    };
    const bool has_more = said_again(plain.from) || said_again(plain.to) || !plain.claimed.empty() || plain.asserted.size() > kept;
    EXPECT_EQ(message.has_more_names, has_more) << text;
    if (wanted == Wanted::kAll && plain.content_type.size() == 1) {
      EXPECT_EQ(message.content_type, first_of(plain.content_type)) << text;
    }
  }
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <std::size_t kCount>
  std::string_view of(const std::array<std::string_view, kCount>& all) {
    return all[below(kCount)];
  }

 private:
  std::mt19937_64 engine_;
};

std::string random_name(Random& random) {
  constexpr std::array<std::string_view, 30> kNames = {
      "From", "To", "Call-ID", "CSeq", "Content-Type", "Content-Length", "Via", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID",
      "f",    "t",  "i",       "c",    "l",            "v",              "Max-Forwards", "Contact", "Front", "Tow",
      "J",    "\rFrom", "\ra", "\rv",  "\r To",        "Call-IDs",       "P-Access", "Require", "\x06rom", "\x94o"};
  std::string name(random.of(kNames));
  for (char& c : name)
    if (random.one_in(4) && ((c | 32) >= 'a' && (c | 32) <= 'z')) c = static_cast<char>(c ^ 32);
  if (random.one_in(12)) name[random.below(name.size())] = static_cast<char>(random.below(256));
  return name;
}

std::string random_section(Random& random) {
  constexpr std::array<std::string_view, 6> kColons = {":", ":", ":", " :", "\t:", "\r:"};
  constexpr std::array<std::string_view, 7> kValues = {" <sip:1@b>", " 12", "", " ", "x", " long value that goes on and on behind a window of sixty-four octets ", " a:b"};
  std::string section;
  for (std::size_t lines = random.below(14); lines-- > 0;) {
    if (random.one_in(30)) section += random.one_in(2) ? "\r\n" : "\n";
    section += random_name(random);
    if (!random.one_in(20)) section += random.of(kColons);
    section += random.of(kValues);
    section += random.one_in(5) ? "\n" : "\r\n";
    while (random.one_in(6)) section += std::string(random.one_in(2) ? " " : "\t") + std::string(random.of(kValues)) + "\r\n";
  }
  if (random.one_in(2)) section += "\r\nbody\r\nTo: nobody\r\n";
  if (random.one_in(4)) section.resize(section.size() - random.below(section.size() + 1));
  return section;
}

TEST(SipHeaderSection, IsReadAsLineByLine) {
  Random random(1);
  for (int i = 0; i < 100'000 && !::testing::Test::HasFailure(); ++i) expect_same(random_section(random));
}

TEST(SipHeaderSection, OfTheOctetsThatMatterMostIsReadAsLineByLine) {
  constexpr std::string_view kOctets = "fFtToO::\r\n\n \tcCaAiIvVp-mj";
  Random random(2);
  for (int i = 0; i < 100'000 && !::testing::Test::HasFailure(); ++i) {
    std::string section(random.below(90), ' ');
    for (char& c : section) c = kOctets[random.below(kOctets.size())];
    expect_same(section);
  }
}

}  // namespace
}  // namespace telefence::sip
