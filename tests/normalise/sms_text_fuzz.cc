// SPDX-License-Identifier: Apache-2.0
// Fuzzes what is made of the body of a short message: the user data header, the text in every coding, the sites named in it, and its
// folded form. The first byte chooses the coding, the second what else the message says of itself.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "normalise/domain.h"
#include "normalise/embedded_urls.h"
#include "normalise/normalise.h"
#include "normalise/sms_text.h"
#include "protocols/wire/user_data_header.h"
#include "support/guarded_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence {
namespace {

constexpr std::size_t kLongest = 65535;  // no packet carries more
constexpr std::size_t kMaxUrl = 2048;    // embedded_urls.cc

void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void check_header(Bytes user_data) {
  wire::UserDataHeader header;
  if (!wire::read_user_data_header(user_data, header)) return;
  promise(header.length >= 1 && header.length <= user_data.size(), "a user data header is longer than the user data");
  promise(header.length == std::size_t{user_data[0]} + 1, "a user data header is as long as it says");
}

// Units decoded into exactly as much room as there is: at most `room`, and the same ones that more room gives.
std::vector<char16_t> decoded(Bytes body, TextCoding coding, std::size_t room) {
  std::vector<char16_t> units(room);
  units.shrink_to_fit();
  const std::size_t count = decode_sms(body, coding, units);
  promise(count <= room && count <= kMaxSmsUnits, "a text is longer than its room");
  units.resize(count);
  return units;
}

bool is_canonical_name(std::string_view name) {
  std::string again(name.size(), '\0');
  again.resize(canonical_domain(name, again.data()));
  return !name.empty() && again == name;
}

void check_keys(const KeyList& keys, std::size_t octets) {
  promise(keys.dropped() == 0, "one message overflows the keys of a burst");
  for (const DomainKey& key : keys.domains()) promise(key.embedded && is_canonical_name(key.name), "a site in a text has its canonical name");
  for (const UrlKey& key : keys.urls()) {
    promise(key.url.size() <= kMaxUrl, "a URL in a text is too long");
    const std::size_t slash = key.url.find('/');
    promise(slash != std::string_view::npos, "a URL in a text has a path");
    promise(is_canonical_name(key.url.substr(0, slash)), "a URL in a text begins with a canonical name");
  }
  // The finder would see the same in the names that it found. Texts that may be packed are read twice, and windows overlap.
  const std::size_t most = 2 * (octets / 7 * 8 + 8 + octets);
  promise(keys.domains().size() <= 2 * most && keys.urls().size() <= most, "more sites than characters");
}

void check_folding(std::vector<char16_t> units) {
  const std::size_t before = units.size();
  const std::size_t once = fold_units(units);
  promise(once <= before, "folding makes a text longer");
  units.resize(once);
  std::vector<char16_t> again = units;
  again.resize(fold_units(again));
  promise(again == units, "folding twice gives another text than folding once");
  const std::u16string_view text(units.data(), units.size());
  const std::string people = to_utf8(text);
  promise(people.size() <= 3 * text.size(), "UTF-8 is longer than it can be");
  std::vector<char> narrow(people.size() / 2);
  const std::size_t written = to_utf8(text, narrow);
  promise(written <= narrow.size() && std::equal(narrow.begin(), narrow.begin() + static_cast<std::ptrdiff_t>(written), people.begin()),
          "UTF-8 in less room is not the beginning of the whole");
  promise(fold_text(people) == text || std::find(units.begin(), units.end(), char16_t{0xfffd}) != units.end(),
          "a folded text written as UTF-8 and folded again is another one");
}

void check_message(Bytes body, TextCoding coding) {
  static const Normaliser normaliser{NormaliseOptions{}};
  static const auto keys = std::make_unique<KeyList>();
  Event event;
  Sms sms;
  sms.body = body;
  sms.coding = coding;
  event.what = sms;
  keys->clear();
  normaliser.normalise({&event, 1}, *keys);
  check_keys(*keys, sms.body.size());
  for (const TextKey& key : keys->texts()) {
    std::vector<char16_t> again(key.text.begin(), key.text.end());
    again.resize(fold_units(again));
    promise(std::equal(again.begin(), again.end(), key.text.begin(), key.text.end()), "a text is matched in its folded form");
  }
}

void check(Bytes body, TextCoding coding) {
  const std::vector<char16_t> units = decoded(body, coding, kMaxSmsUnits);
  promise(coding != TextCoding::kBinary || units.empty(), "a binary body is no text");
  for (const std::size_t room : {units.size(), units.size() / 2, std::size_t{1}, std::size_t{0}}) {
    const std::vector<char16_t> some = decoded(body, coding, room);
    // A byte order mark is read before it is dropped, so less room may hold fewer units than it could.
    promise(some.size() <= units.size() && std::equal(some.begin(), some.end(), units.begin()), "less room gives another text");
  }
  check_folding(units);
  check_message(body, coding);
}

}  // namespace
}  // namespace telefence

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  if (size < 2 || size > kLongest) return 0;
  static testing::GuardedBytes memory(128 * 1024);
  const Bytes body = memory.copy({data + 2, size - 2});
  const auto coding = static_cast<TextCoding>(data[0] % (static_cast<unsigned>(TextCoding::kBinary) + 1));
  check_header(body);
  wire::UserDataHeader header;
  const bool has_header = (data[1] & 1) != 0 && wire::read_user_data_header(body, header);
  check(has_header ? body.subspan(header.length) : body, coding);
  promise(memory.fence_is_whole(), "something was written before the body");
  return 0;
}
