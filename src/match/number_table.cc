// SPDX-License-Identifier: Apache-2.0
#include "match/number_table.h"

#include <algorithm>
#include <array>

#include "base/uncleared.h"
#include "match/keyed_hash.h"

namespace telefence {
namespace {

constexpr std::size_t kChunk = 128;

// Ten to the n.
constexpr std::array<std::uint64_t, 20> kPowers = [] {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

SlotKey slot_key(std::uint64_t value, unsigned length, bool international, bool prefix) {
  return {value, length | (international ? 0x100U : 0U) | (prefix ? 0x200U : 0U)};
}

std::uint64_t hash_of(const SlotKey& key) { return keyed_hash(key.low, key.high); }

}  // namespace

struct NumberTable::Probe {
  SlotKey slot;
  std::uint64_t hash = 0;
  std::uint16_t key = 0;
  std::uint8_t length = 0;
  bool wanted = false;
};

NumberTable::NumberTable(std::span<const NumberEntry> entries, std::uint32_t first_rule) : table_(entries.size()) {
  records_.reserve(entries.size());
  for (const NumberEntry& entry : entries) {
    const PhoneDigits& digits = entry.digits;
    if (digits.length == 0 || digits.length > kPowers.size()) continue;
    if (entry.prefix) prefix_lengths_[digits.international ? 1 : 0] |= 1U << digits.length;
    const SlotKey slot = slot_key(digits.value, digits.length, digits.international, entry.prefix);
    std::uint32_t* first = table_.find_to_change(slot, hash_of(slot));
    records_.push_back({entry.rule + first_rule, first == nullptr ? 0 : *first, entry.sides, entry.prefix});
    const auto at = static_cast<std::uint32_t>(records_.size());
    if (first != nullptr)
      *first = at;
    else
      table_.insert(slot, hash_of(slot), at);
  }
}

void NumberTable::report(const NumberKey& key, std::size_t index, const Probe& probe, HitList& hits) const {
  std::uint32_t at = table_.find(probe.slot, probe.hash);
  const std::uint8_t side = key.side == Side::kCalling ? 1 : 2;
  for (; at != 0; at = records_[at - 1].next) {
    const Record& record = records_[at - 1];
    if ((record.sides & side) == 0) continue;
    hits.push({.event = key.event,
               .part = key.side == Side::kCalling ? HitPart::kCalling : HitPart::kCalled,
               .key = static_cast<std::uint16_t>(index),
               .recipient = key.recipient,
               .alias = key.alias,
               .depth = static_cast<std::uint16_t>(2 * probe.length + (record.prefix ? 0 : 1)),
               .rule = record.rule});
  }
}

void NumberTable::find(std::span<const NumberKey> keys, HitList& hits) const {
  if (records_.empty() || keys.empty()) return;
  Uncleared<Probe, kChunk> probes;
  std::size_t count = 0;
  const auto look_up = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      probes[i].wanted = table_.may_contain(probes[i].hash);
      if (probes[i].wanted) table_.prefetch_line(probes[i].hash);
    }
    for (std::size_t i = 0; i < count; ++i)
      if (probes[i].wanted) report(keys[probes[i].key], probes[i].key, probes[i], hits);
    count = 0;
  };
  const auto probe = [&](std::size_t key, const SlotKey& slot, unsigned length) {
    if (count == kChunk) look_up();
    Probe& one = probes[count++];
    one.slot = slot;
    one.hash = hash_of(slot);
    one.key = static_cast<std::uint16_t>(key);
    one.length = static_cast<std::uint8_t>(length);
    table_.prefetch_filter(one.hash);
  };
  for (std::size_t key = 0; key < keys.size(); ++key) {
    const PhoneDigits& digits = keys[key].digits;
    if (digits.length == 0 || digits.length > kPowers.size()) continue;
    probe(key, slot_key(digits.value, digits.length, digits.international, false), digits.length);
    // Longest first. A prefix as long as the number covers it, too.
    std::uint32_t lengths = prefix_lengths_[digits.international ? 1 : 0] & ((2U << digits.length) - 1);
    while (lengths != 0) {
      const auto length = 31U - static_cast<unsigned>(__builtin_clz(lengths));
      lengths &= ~(1U << length);
      const std::uint64_t start = digits.value / kPowers[digits.length - length];
      probe(key, slot_key(start, length, digits.international, true), length);
    }
  }
  look_up();
}

}  // namespace telefence
