// SPDX-License-Identifier: Apache-2.0
#pragma once

// One interception (or would-be interception), or a sign of evasion, as an owned copy that leaves the worker. Fixed size, so that a worker fills it
// in the ring's own memory without allocation. Text longer than its field is cut.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string_view>

#include "match/rule.h"
#include "verdict/evasion.h"
#include "verdict/verdict.h"

namespace telefence {

// What a record has of text.
enum class RecordText : std::uint8_t {
  kSignatureValue,
  kSignatureSource,
  kName,  // domain or host
  kUri,
  kCalling,
  kCalled,  // comma-separated when several
  kText,    // decoded body as UTF-8; filled only when bodies are wanted
};
inline constexpr std::size_t kRecordTexts = 7;
// So much of each is kept.
inline constexpr std::array<std::uint16_t, kRecordTexts> kLongestRecordText{160, 96, 256, 256, 32, 96, 512};

struct Record {
  static constexpr std::uint8_t kNoAnswer = 0xff;
  enum class Kind : std::uint8_t { kDns, kHttp, kTls, kQuic, kSipCall, kSipMessage, kSms, kIsupCall, kEvasion };
  std::uint64_t time_ns = 0;
  std::uint64_t flow_id = 0;
  std::uint64_t frame_number = 0;  // of the capture, when replayed; else counted by its queue
  Kind kind = Kind::kDns;
  std::uint8_t protocol = 0;
  std::uint8_t ip_version = 4;
  std::uint8_t transport = 17;  // IP protocol number
  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t port = 0;  // index of the port it came in on
  std::uint16_t vlan = 0;

  Verdict verdict;
  Fate fate = Fate::kForwardedInspected;  // what became of the packet
  SignatureKind signature_kind = SignatureKind::kDomain;
  std::uint64_t signature_id = 0;
  std::uint64_t policy_version = 0;
  std::uint32_t latency_ns = 0;      // from receive to verdict
  std::uint32_t refusal_code = 0;    // restate(): the code that the sender is told; 0 = none
  std::uint8_t answer = kNoAnswer;   // index in the answers of the protocol; action `answer` only
  std::uint16_t dns_type = 0;
  std::uint16_t message_id = 0;      // DNS id
  std::uint32_t session_number = 0;
  std::uint16_t recipients = 0;      // of an Sms
  std::uint16_t refused_recipients = 0;  // when they alone are refused, and the others get it
  bool encrypted_hello = false;      // TLS, QUIC: an ECH extension was there, so `name` is the outer name
  std::uint8_t part_total = 0;
  std::uint8_t part_number = 0;

  // Of kind kEvasion, which has nothing of the above but the packet and its fate.
  EvasionKind evasion = EvasionKind::kInconsistentCopy;
  bool is_held = false;          // the packet waits: its fate is not known yet
  std::uint32_t suppressed = 0;  // signs before this one that were counted only

  std::uint8_t tunnel_count = 0;
  std::uint8_t outer_ip_version = 0;  // 0: the tunnels lie on the link

  std::string_view get(RecordText which) const {
    const Piece& piece = pieces_[static_cast<std::size_t>(which)];
    return {texts_.data() + piece.at, piece.size};
  }
  // What is set again anew takes new room, when it is longer than it was.
  void set(RecordText which, std::string_view text) {
    Piece& piece = pieces_[static_cast<std::size_t>(which)];
    std::size_t size = std::min<std::size_t>(text.size(), kLongestRecordText[static_cast<std::size_t>(which)]);
    if (size > piece.size) {
      size = std::min(size, texts_.size() - used_);
      piece.at = used_;
      used_ = static_cast<std::uint16_t>(used_ + size);
    }
    piece.size = static_cast<std::uint16_t>(size);
    if (size != 0) std::memcpy(texts_.data() + piece.at, text.data(), size);
  }
  void clear_texts() {
    pieces_ = {};
    used_ = 0;
  }

 private:
  struct Piece {
    std::uint16_t at = 0, size = 0;
  };
  // One behind the other, so that what is short takes few cache lines: a ring of records lies in no cache.
  std::array<Piece, kRecordTexts> pieces_{};
  std::uint16_t used_ = 0;
  std::array<char, std::accumulate(kLongestRecordText.begin(), kLongestRecordText.end(), std::size_t{0})> texts_;

 public:
  // The tunnels that the packet lay in, the outermost first; kind: index into RecordNames::tunnels. Behind all else: packets seldom do.
  struct Tunnel {
    std::uint8_t kind = 0;
    std::uint32_t id = 0;  // TEID, key, VNI, label, session id; 0 where the kind has none
  };
  static constexpr std::size_t kMostTunnels = 4;
  std::array<Tunnel, kMostTunnels> tunnels{};
  // Of the outermost packet, when outer_ip_version says that it is another one than that described above.
  std::uint8_t outer_protocol = 0;    // IP protocol number
  std::array<std::uint8_t, 16> outer_source{};
  std::array<std::uint8_t, 16> outer_destination{};
};

}  // namespace telefence
