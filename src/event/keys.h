// SPDX-License-Identifier: Apache-2.0
#pragma once

// The canonical forms under which the events of one burst are looked up. normalise/ fills the list, match/ reads it; both
// use the same forms for signatures. Views live until the end of the burst. Arrays are fixed, and large enough for all that a
// burst can hold (EventList) of numbers and texts, and of names but for those in texts that came in fragments; what does not fit
// all the same is counted by the list and left out, so an event without its key is forwarded.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/check.h"
#include "event/event.h"
#include "event/event_list.h"

namespace telefence {

// Lower case, no final dot, IDN as A-labels, at most 253 characters.
struct DomainKey {
  std::uint16_t event = 0;
  bool embedded = false;  // found inside the text of a short message
  std::string_view name;
};

// E.164 digits with country code where the number has one; service numbers (95588, 10086, 106...) as they are dialled.
// Packed: up to 15 decimal digits (20 for service numbers that start with 106: they still fit 64 bits), and how many, so that
// 010... and 10... differ. Service numbers can not collide with E.164 numbers since `international` is part of the key.
struct PhoneDigits {
  std::uint64_t value = 0;      // the digits as a decimal number
  std::uint8_t length = 0;      // how many digits; 0 = no number
  bool international = false;   // digits start with a country code
  friend bool operator==(const PhoneDigits&, const PhoneDigits&) = default;
};

struct NumberKey {
  std::uint16_t event = 0;
  Side side = Side::kCalling;
  std::uint16_t recipient = 0;  // for called numbers of an Sms: index in Sms::called
  bool alias = false;  // a further name of that side, which nothing is routed or charged by: it may condemn, but not acquit
  PhoneDigits digits;
};

// Text folded for matching (width, case, dropped separators), as UTF-16 units; and what it was made of, for the few patterns that
// want it as it was sent.
struct TextKey {
  std::uint16_t event = 0;
  std::u16string_view text;
  Bytes body;  // empty: `text` is what there is
  TextCoding coding = TextCoding::kUcs2;
  bool is_swapped = false;  // its units have their octets in the other order
};

// host + path and query, host in canonical form, no scheme.
struct UrlKey {
  std::uint16_t event = 0;
  std::string_view url;
};

class KeyList {
 public:
  static constexpr std::size_t kMaxDomains = 65535;  // "a.cn " takes five octets and may give two keys
  static constexpr std::size_t kMaxNumbers = 61440;  // a recipient of submit_multi takes at least five; each of a few has up to six texts
  static constexpr std::size_t kMaxTexts = 2 * EventList::kMostOfBytes;  // a text may be read in two ways
  static constexpr std::size_t kMaxUrls = 65535;
  static constexpr std::size_t kArenaBytes = 8 * 1024 * 1024;
  static_assert(kMaxDomains < 65536 && kMaxNumbers < 65536 && kMaxTexts < 65536 && kMaxUrls < 65536, "hits name keys by 16 bits");

  KeyList();
  void clear() {
    domain_count_ = number_count_ = text_count_ = url_count_ = 0;
    arena_used_ = 0;
  }

  // False when there is no room; dropped() then counts it.
  bool push(const DomainKey& key) { return append(domains_, domain_count_, kMaxDomains, key); }
  bool push(const NumberKey& key) { return append(numbers_, number_count_, kMaxNumbers, key); }
  bool push(const TextKey& key) { return append(texts_, text_count_, kMaxTexts, key); }
  bool push(const UrlKey& key) { return append(urls_, url_count_, kMaxUrls, key); }

  // nullptr when the arena is full.
  char* characters(std::size_t count) {
    if (count > kArenaBytes - arena_used_) [[unlikely]] {
      ++dropped_;
      return nullptr;
    }
    std::byte* start = arena_.get() + arena_used_;
    arena_used_ += count;
    return reinterpret_cast<char*>(start);
  }
  char16_t* wide_characters(std::size_t count) {
    arena_used_ += arena_used_ % 2;
    return reinterpret_cast<char16_t*>(characters(count * 2));
  }
  // The unused end of the last grant.
  void give_back(std::size_t bytes) {
    DCHECK(bytes <= arena_used_);
    arena_used_ -= bytes;
  }

  std::span<const DomainKey> domains() const { return {domains_.get(), domain_count_}; }
  std::span<const NumberKey> numbers() const { return {numbers_.get(), number_count_}; }
  std::span<const TextKey> texts() const { return {texts_.get(), text_count_}; }
  std::span<const UrlKey> urls() const { return {urls_.get(), url_count_}; }
  void drop() { ++dropped_; }                         // a key that was not even looked for
  std::uint64_t dropped() const { return dropped_; }  // since construction

 private:
  // Here, so that a key is built where it stays.
  template <typename Key>
  bool append(const std::unique_ptr<Key[]>& keys, std::size_t& count, std::size_t limit, const Key& key) {
    if (count == limit) [[unlikely]] {
      ++dropped_;
      return false;
    }
    keys[count++] = key;
    return true;
  }

  std::unique_ptr<DomainKey[]> domains_;
  std::unique_ptr<NumberKey[]> numbers_;
  std::unique_ptr<TextKey[]> texts_;
  std::unique_ptr<UrlKey[]> urls_;
  std::unique_ptr<std::byte[]> arena_;
  std::size_t domain_count_ = 0;
  std::size_t number_count_ = 0;
  std::size_t text_count_ = 0;
  std::size_t url_count_ = 0;
  std::size_t arena_used_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace telefence
