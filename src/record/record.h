// SPDX-License-Identifier: Apache-2.0
#pragma once

// One interception (or would-be interception), or a sign of evasion, as an owned copy that leaves the worker. Fixed size, so that a worker fills it
// in the ring's own memory without allocation. Text longer than its field is cut.

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "match/rule.h"
#include "verdict/evasion.h"
#include "verdict/verdict.h"

namespace telefence {

// A string of at most N bytes, held in place.
template <std::size_t N>
class FixedText {
 public:
  void assign(std::string_view text) {
    size_ = static_cast<std::uint16_t>(text.size() < N ? text.size() : N);
    if (size_ != 0) std::memcpy(bytes_.data(), text.data(), size_);
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::uint16_t size_ = 0;
  std::array<char, N> bytes_;
};

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

  // The tunnels that the packet lay in, the outermost first; kind: index into RecordNames::tunnels.
  struct Tunnel {
    std::uint8_t kind = 0;
    std::uint32_t id = 0;  // TEID, key, VNI, label, session id; 0 where the kind has none
  };
  static constexpr std::size_t kMostTunnels = 4;
  std::array<Tunnel, kMostTunnels> tunnels{};
  std::uint8_t tunnel_count = 0;
  // The outermost packet, when it is another one than that described above.
  std::uint8_t outer_ip_version = 0;  // 0: the tunnels lie on the link
  std::uint8_t outer_protocol = 0;    // IP protocol number
  std::array<std::uint8_t, 16> outer_source{};
  std::array<std::uint8_t, 16> outer_destination{};

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

  FixedText<160> signature_value;
  FixedText<96> signature_source;
  FixedText<256> name;      // domain or host
  FixedText<256> uri;
  FixedText<32> calling;
  FixedText<96> called;     // comma-separated when several
  FixedText<512> text;      // decoded body as UTF-8; filled only when bodies are wanted
};

}  // namespace telefence
