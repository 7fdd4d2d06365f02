// SPDX-License-Identifier: Apache-2.0
#pragma once

// Puts millions of domains and numbers that have most in common into a layer: what is plain goes a short way, all else the way of
// the log's entries, which also says what is wrong. Control thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "match/keyed_hash.h"
#include "match/layer.h"
#include "normalise/public_suffixes.h"
#include "signatures/compiler.h"
#include "signatures/complaint_list.h"
#include "signatures/signature.h"

namespace telefence {

class LayerFiller {
 public:
  // One value as written, and what it has not in common with the others.
  struct Row {
    std::string_view value;
    std::int64_t expires_s = 0;
    std::uint64_t id = 0;
  };

  LayerFiller(const CompileTerms& terms, Layer& layer, ComplaintList& complaints) : terms_(terms), layer_(layer), complaints_(complaints) {}

  // Blocked prefixes that take in millions of numbers are in force, and complained of.
  void doubt_short_prefixes() { doubts_short_prefixes_ = true; }
  // Room for so many more than were taken.
  void reserve(SignatureKind kind, std::size_t more);
  // What the rows from now on have in common. Requires: kind is kDomain or kNumber.
  void begin(const Signature& common);
  // The short way. False: it is not plain, and nothing was done.
  bool take_plain(const Row& row) {
    return common_.kind == SignatureKind::kDomain ? take_plain_domain(row) : take_plain_number(row);
  }
  // The other way; `where`: for a complaint.
  void take(const Row& row, const std::string& where);
  // All that was taken is in the layer.
  void finish() { flush(); }

 private:
  // Values whose places in the table are on their way from memory.
  struct WaitingName {
    NameHash hash;
    EntryNote note;
    std::uint16_t size = 0;
    std::array<char, 256> name;
    std::string_view text() const { return {name.data(), size}; }
  };
  struct WaitingNumber {
    NumberValue value;
    EntryNote note;
  };

  std::uint16_t terms_index();
  bool has_sound_action();
  bool may_be_refused(std::string_view name) const;
  bool take_plain_domain(const Row& row);
  bool take_plain_number(const Row& row);
  void flush();

  const CompileTerms& terms_;
  Layer& layer_;
  ComplaintList& complaints_;
  bool doubts_short_prefixes_ = false;
  Signature common_;
  const PublicSuffixes& suffixes_ = PublicSuffixes::of_system();
  const ProtectedNames* const protected_names_ = terms_.protected_names.get();
  std::optional<std::uint16_t> terms_index_;
  bool is_action_known_ = false;
  bool is_action_sound_ = false;
  ActionId action_ = kNoAction;
  std::size_t waiting_count_ = 0;
  std::array<WaitingName, 32> waiting_;
  std::array<WaitingNumber, 32> waiting_numbers_;
};

}  // namespace telefence
