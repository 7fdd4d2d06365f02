// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is to happen to one event, and why. Actions are a registry (enforce/), so an action is a small number here; names
// come from the registry. Categories are the bounded list that the field reports by.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "event/recipients.h"

namespace telefence {

// Index into the action registry of enforce/. kNoAction: not said here, ask the next level.
using ActionId = std::uint8_t;
inline constexpr ActionId kNoAction = 0xff;

enum class Mode : std::uint8_t { kMonitor, kEnforce };

enum class Category : std::uint8_t {
  kLoan, kClickFarm, kFakePolice, kRomanceInvest, kFakeService, kImpersonation, kPrize, kCredit,
  kPhishing, kMalwareApp, kSpoofedCaller, kGambling, kOther,
};
inline constexpr std::size_t kCategoryCount = 13;

// The words used in signatures, metrics and records, and their Chinese names for people.
std::string_view category_name(Category category);
std::string_view category_name_zh(Category category);
std::optional<Category> category_from(std::string_view name);

// Where an entry stands in one MatchSet; means nothing to another one.
using RuleRef = std::uint64_t;

// 1 = certain and grave ... 3 = weak.
using Tier = std::uint8_t;

// Why a verdict came out as it did.
enum class Reason : std::uint8_t {
  kNoHit,         // nothing matched
  kBlocked,       // a signature matched and its action is to be carried out
  kAllowed,       // an allow entry was at least as specific
  kNeverBlock,    // a built-in never-block entry
  kMonitor,       // would be blocked; the node only monitors
  kShadow,        // would be blocked; the signature is in shadow
};
std::string_view reason_name(Reason reason);

// What of the event the deciding entry was about: chooses the refusal code that the sender is told.
enum class Cause : std::uint8_t { kContent, kCalling, kCalled };

struct Verdict {
  Reason reason = Reason::kNoHit;
  Cause cause = Cause::kContent;
  ActionId action = kNoAction;  // what is, or would be, done
  Category category = Category::kOther;
  Tier tier = 0;
  RuleRef rule = 0;             // in the MatchSet of this burst; valid when reason != kNoHit && != kNeverBlock
  bool only_this_name = false;  // the entry covers one name and none below it, or some below it are allowed
  RecipientSet recipients;      // Sms: those that were hit as called numbers
  bool only_recipients = false; // nothing but those recipients is refused, and there are others

  // As a protocol's Voiding::recipients.
  RecipientSet refused_recipients() const { return only_recipients ? recipients : RecipientSet(); }
  bool enforced() const { return reason == Reason::kBlocked; }
  bool recorded() const {
    return reason == Reason::kBlocked || reason == Reason::kMonitor || reason == Reason::kShadow;
  }
};

// How one received packet left. Exactly one per packet; the sum over all fates equals the packets received.
enum class Fate : std::uint8_t {
  kForwardedInspected,        // read, nothing to do
  kForwardedNoPayload,        // no bytes above the transport header (TCP acknowledgement and the like)
  kForwardedNotRecognised,    // payload of no protocol we read
  kForwardedNeedMore,         // the message goes on in another packet
  kForwardedMalformed,        // a protocol we read, but not well-formed
  kForwardedFragment,         // IP fragment
  kForwardedUnknownLink,      // ARP, LLDP ...: no IP
  kForwardedUnknownTransport, // IP, but neither UDP nor TCP
  kForwardedBadHeader,        // a header that contradicts itself or the length of the frame
  kForwardedBadChecksum,      // to be blocked, but its receiver will not take it: its checksum is wrong
  kForwardedTruncated,        // longer than what can be looked at
  kForwardedEventLimit,       // more messages in the burst than can be judged
  kForwardedActionFailed,     // to be blocked, but the action could not be carried out (counted per action)
  kForwardedHoldExpired,      // was held for the rest of its message longer than may be, and left undecided
  kForwardedOverload,         // the worker had fallen behind, and this was shed (counted per cause)
  kForwardedNotReady,         // came while the first signatures were still read
  kForwardedBypassed,         // bypass is on: nothing is looked at
  kForwardedNotInspected,     // inspection is off for this port or protocol
  kTagged,
  kNeutralised,               // changed in place and forwarded
  kRestated,                  // a response that now carries the refusal
  kAnswered,                  // not forwarded; a refusal went back to the sender
  kReset,                     // not forwarded; the connection was reset
  kDroppedByVerdict,
  kDroppedDeadConnection,     // belongs to a connection that we closed
  kAbsorbed,                  // acknowledges an answer of ours; nobody else is to see it
  kDroppedCopy,               // repeats bytes that are held: the first copy will leave; or a fragment whose segment is to go on uncut
  kDroppedStreamFull,         // more of a stream than may be held or kept, or more holes in a message or packet: its sender repeats it
  kDroppedOverload,           // as forwarded_overload, but the cause is to fail closed
  kDroppedTransmitFull,       // the port to leave by did not take it
  kMirrorReleased,            // came in on a mirror port: looked at and let go, never sent on
  kMirrorAnswered,            // the same, and its sender was answered, or its connection reset, by the respond port
};
inline constexpr std::size_t kFateCount = 32;
std::string_view fate_name(Fate fate);

// Goes on as it came.
constexpr bool is_forwarded(Fate fate) { return fate <= Fate::kForwardedNotInspected; }
// Goes on, changed or not.
constexpr bool leaves(Fate fate) {
  return is_forwarded(fate) || fate == Fate::kTagged || fate == Fate::kNeutralised || fate == Fate::kRestated;
}

}  // namespace telefence
