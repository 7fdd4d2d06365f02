// SPDX-License-Identifier: Apache-2.0
#include "record/eve.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <arpa/inet.h>

#include <ctime>
#include <iterator>
#include <span>

#include "base/json_text.h"

namespace telefence {
namespace {

constexpr std::size_t kSnippetBytes = 90;  // some 30 Chinese characters

template <typename Format, typename... Arguments>
void append(std::string& out, const Format& format, const Arguments&... arguments) {
  fmt::format_to(std::back_inserter(out), format, arguments...);
}

// A comma unless the object has just been opened, then the key.
void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += key;
  out += "\":";
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  append_json_string(out, value);
}

void append_number(std::string& out, std::string_view key, std::uint64_t value) {
  append_key(out, key);
  append(out, FMT_COMPILE("{}"), value);
}

void append_true(std::string& out, std::string_view key) {
  append_key(out, key);
  out += "true";
}

std::string_view named(const std::vector<std::string>& names, std::size_t index) {
  return index < names.size() ? std::string_view(names[index]) : std::string_view();
}

// Local time with microseconds and the offset of its zone, as Suricata writes it. The calendar part is kept for a second: it
// costs more than the rest of the line.
void append_time(std::string& out, std::uint64_t time_ns) {
  struct Calendar {
    std::time_t second = -1;
    std::string until_seconds;
    std::string zone;
  };
  thread_local Calendar calendar;
  const auto second = static_cast<std::time_t>(time_ns / 1'000'000'000);
  if (second != calendar.second) {
    std::tm local{};
    localtime_r(&second, &local);
    char text[40];
    calendar.until_seconds.assign(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local));
    calendar.zone.assign(text, std::strftime(text, sizeof text, "%z", &local));
    calendar.second = second;
  }
  append_key(out, "timestamp");
  append(out, FMT_COMPILE("\"{}.{:06}{}\""), calendar.until_seconds, time_ns / 1000 % 1'000'000, calendar.zone);
}

void append_address(std::string& out, std::string_view key, std::uint8_t version, const std::array<std::uint8_t, 16>& octets) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(version == 6 ? AF_INET6 : AF_INET, octets.data(), text, sizeof text);
  append_text(out, key, text);
}

std::string_view transport_name(std::uint8_t transport) {
  switch (transport) {
    case 4: return "IPIP";
    case 6: return "TCP";
    case 17: return "UDP";
    case 41: return "IPv6";
    case 47: return "GRE";
    case 132: return "SCTP";
    case 137: return "MPLS-in-IP";
    default: return "IP";
  }
}

std::string_view signature_kind_name(SignatureKind kind) {
  switch (kind) {
    case SignatureKind::kDomain: return "domain";
    case SignatureKind::kUrl: return "url";
    case SignatureKind::kNumber: return "number";
    case SignatureKind::kPattern: return "pattern";
  }
  return "";
}

bool is_call(const Record& record) {
  return record.kind == Record::Kind::kSipCall || record.kind == Record::Kind::kIsupCall;
}

bool is_sms(const Record& record) {
  return record.kind == Record::Kind::kSms || record.kind == Record::Kind::kSipMessage;
}

// EVE's own names where it has them; ours for what it does not know.
std::string_view app_protocol(const Record& record) {
  switch (record.kind) {
    case Record::Kind::kDns: return "dns";
    case Record::Kind::kHttp: return "http";
    case Record::Kind::kTls: return "tls";
    case Record::Kind::kQuic: return "quic";
    case Record::Kind::kSipCall:
    case Record::Kind::kIsupCall: return "call";
    default: return "sms";
  }
}

std::string_view channel_of(const Record& record, const RecordNames& names) {
  if (is_call(record)) return "call";
  if (is_sms(record)) return "sms";
  if (record.kind == Record::Kind::kDns) return "dns";
  const std::string_view channel = named(names.channels, record.protocol);
  return channel.empty() ? "web" : channel;
}

// EVE knows "blocked" and "allowed" only. Tagged packets and those of which only a record is made go on: allowed.
bool is_blocked(const Record& record) {
  switch (record.fate) {
    case Fate::kNeutralised:
    case Fate::kRestated:
    case Fate::kAnswered:
    case Fate::kReset:
    case Fate::kDroppedByVerdict:
    case Fate::kDroppedDeadConnection:
    case Fate::kAbsorbed:
    case Fate::kMirrorAnswered:  // as Suricata says of what it rejects without being in line
    case Fate::kDroppedTransmitFull: return record.verdict.enforced();
    default: return false;
  }
}

std::string_view dns_type_name(std::uint16_t type) {
  switch (type) {
    case 1: return "A";
    case 2: return "NS";
    case 5: return "CNAME";
    case 6: return "SOA";
    case 12: return "PTR";
    case 15: return "MX";
    case 16: return "TXT";
    case 28: return "AAAA";
    case 33: return "SRV";
    case 64: return "SVCB";
    case 65: return "HTTPS";
    case 255: return "ANY";
    default: return "";
  }
}

std::string shown_number(std::string_view number, const RecordOptions& options) {
  return options.numbers == RecordOptions::Numbers::kMask ? masked(number) : std::string(number);
}

// Several numbers are joined by commas.
std::string shown_numbers(std::string_view numbers, const RecordOptions& options) {
  std::string out;
  while (!numbers.empty()) {
    const std::size_t comma = numbers.find(',');
    if (!out.empty()) out += ',';
    out += shown_number(numbers.substr(0, comma), options);
    numbers = comma == std::string_view::npos ? std::string_view() : numbers.substr(comma + 1);
  }
  return out;
}

std::string shown_signature(const Record& record, const RecordOptions& options) {
  const std::string_view value = record.get(RecordText::kSignatureValue);
  return record.signature_kind == SignatureKind::kNumber ? shown_number(value, options) : std::string(value);
}

void append_tunnel(const Record::Tunnel& tunnel, const RecordNames& names, std::string& out) {
  append_text(out, "kind", named(names.tunnels, tunnel.kind));
  if (tunnel.id != 0) append_number(out, "id", tunnel.id);
}

// EVE's object for the outermost packet, with what it does not know of: the innermost tunnel, and all of them when there are several.
void append_tunnels(const Record& record, const RecordNames& names, std::string& out) {
  const auto tunnels = std::span(record.tunnels).first(record.tunnel_count);
  if (tunnels.empty()) return;
  append_key(out, "tunnel");
  out += '{';
  if (record.outer_ip_version != 0) {
    append_address(out, "src_ip", record.outer_ip_version, record.outer_source);
    append_address(out, "dest_ip", record.outer_ip_version, record.outer_destination);
    append_text(out, "proto", transport_name(record.outer_protocol));
  }
  append_number(out, "depth", tunnels.size());
  append_tunnel(tunnels.back(), names, out);
  if (tunnels.size() > 1) {
    append_key(out, "path");
    out += '[';
    for (const Record::Tunnel& tunnel : tunnels) {
      if (&tunnel != &tunnels.front()) out += ',';
      out += '{';
      append_tunnel(tunnel, names, out);
      out += '}';
    }
    out += ']';
  }
  out += '}';
}

void append_packet(const Record& record, const RecordNames& names, const RecordOptions& options, std::string& out) {
  const bool is_evasion = record.kind == Record::Kind::kEvasion;
  append_time(out, record.time_ns);
  // 2^53: the largest whole number that every JSON reader keeps exact (RFC 8259, 6).
  append_number(out, "flow_id", record.flow_id & ((std::uint64_t{1} << 53) - 1));
  // Readers of EVE take a line with this key for one of an offline capture.
  if (options.from_capture) append_number(out, "pcap_cnt", record.frame_number);
  append_text(out, "event_type", is_evasion ? "anomaly" : "alert");
  if (const std::string_view port = named(names.ports, record.port); !port.empty()) append_text(out, "in_iface", port);
  if (record.vlan != 0) {
    append_key(out, "vlan");
    append(out, FMT_COMPILE("[{}]"), record.vlan);
  }
  append_address(out, "src_ip", record.ip_version, record.source);
  append_number(out, "src_port", record.source_port);
  append_address(out, "dest_ip", record.ip_version, record.destination);
  append_number(out, "dest_port", record.destination_port);
  append_text(out, "proto", transport_name(record.transport));
  const std::string_view application = is_evasion ? named(names.protocols, record.protocol) : app_protocol(record);
  if (!application.empty()) append_text(out, "app_proto", application);
  append_tunnels(record, names, out);
}

void append_alert(const Record& record, const RecordOptions& options, std::string& out) {
  append_key(out, "alert");
  out += '{';
  append_text(out, "action", is_blocked(record) ? "blocked" : "allowed");
  append_number(out, "gid", 1);
  append_number(out, "signature_id", record.signature_id);
  append_number(out, "rev", record.policy_version);
  const std::string_view category = category_name(record.verdict.category);
  append_text(out, "signature", std::string(category) + ": " + shown_signature(record, options));
  append_text(out, "category", category);
  append_number(out, "severity", record.verdict.tier == 0 ? 3 : record.verdict.tier);
  out += '}';
}

void append_dns(const Record& record, std::string& out) {
  append_key(out, "dns");
  out += '{';
  append_text(out, "type", "query");
  append_number(out, "id", record.message_id);
  append_text(out, "rrname", record.get(RecordText::kName));
  const std::string_view type = dns_type_name(record.dns_type);
  append_text(out, "rrtype", type.empty() ? "TYPE" + std::to_string(record.dns_type) : std::string(type));
  out += '}';
}

void append_visit(const Record& record, std::string& out) {
  append_key(out, app_protocol(record));
  out += '{';
  const bool is_http = record.kind == Record::Kind::kHttp;
  append_text(out, is_http ? "hostname" : "sni", record.get(RecordText::kName));
  if (is_http) append_text(out, "url", record.get(RecordText::kUri));
  if (record.encrypted_hello) append_true(out, "ech");
  out += '}';
}

// Cut on a character, with an ellipsis.
std::string snippet(std::string_view text) {
  if (text.size() <= kSnippetBytes) return std::string(text);
  std::size_t end = 0;
  while (end < kSnippetBytes) {
    const std::size_t next = end + utf8_step(text, end).length;
    if (next > kSnippetBytes) break;
    end = next;
  }
  return std::string(text.substr(0, end)) + "…";
}

void append_people(const Record& record, const RecordNames& names, const RecordOptions& options, std::string& out) {
  append_key(out, is_call(record) ? "call" : "sms");
  out += '{';
  append_text(out, "protocol", named(names.protocols, record.protocol));
  append_text(out, "from", shown_number(record.get(RecordText::kCalling), options));
  append_text(out, "to", shown_numbers(record.get(RecordText::kCalled), options));
  if (is_sms(record)) {
    if (record.recipients > 1) append_number(out, "recipients", record.recipients);
    if (record.refused_recipients != 0) append_number(out, "refused_recipients", record.refused_recipients);
    if (record.part_total > 1) {
      append_number(out, "part", record.part_number);
      append_number(out, "parts", record.part_total);
    }
    if (options.bodies == RecordOptions::Bodies::kSnippet) append_text(out, "text", snippet(record.get(RecordText::kText)));
    if (options.bodies == RecordOptions::Bodies::kFull) append_text(out, "text", record.get(RecordText::kText));
  }
  out += '}';
}

// EVE's object for what is odd in a packet: `type` says on which layer.
std::string_view anomaly_type(EvasionKind kind) {
  switch (kind) {
    case EvasionKind::kBadChecksum:
    case EvasionKind::kOverlappingFragments: return "decode";
    case EvasionKind::kAmbiguousHost: return "applayer";
    default: return "stream";
  }
}

void append_anomaly(const Record& record, const RecordNames& names, std::string_view id, std::string& out) {
  append_key(out, "anomaly");
  out += '{';
  append_text(out, "type", anomaly_type(record.evasion));
  append_text(out, "event", evasion_name(record.evasion));
  out += '}';
  append_key(out, "telefence");
  out += '{';
  if (!id.empty()) append_text(out, "record_id", id);
  if (record.suppressed != 0) append_number(out, "suppressed", record.suppressed);
  append_text(out, "node", names.node);
  if (!record.is_held) append_text(out, "fate", fate_name(record.fate));
  out += '}';
}

void append_base36(std::string& out, std::uint64_t value) {
  char digits[13];  // 36^13 > 2^64
  std::size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
    value /= 36;
  } while (value != 0);
  out.append(digits + at, sizeof digits - at);
}

std::string_view mode_word(Reason reason) {
  if (reason == Reason::kBlocked) return "enforce";
  return reason == Reason::kShadow ? "shadow" : "monitor";
}

std::string response_words(const Record& record, const RecordNames& names) {
  std::string words(named(names.actions, record.verdict.action));
  if (record.answer != Record::kNoAnswer && record.protocol < names.answers.size()) {
    const std::string_view answer = named(names.answers[record.protocol], record.answer);
    if (!answer.empty()) words.append(" ").append(answer);
  }
  return words;
}

void append_own(const Record& record, const RecordNames& names, const RecordOptions& options, std::string_view id, std::string& out) {
  append_key(out, "telefence");
  out += '{';
  if (!id.empty()) append_text(out, "record_id", id);
  append_text(out, "channel", channel_of(record, names));
  append_text(out, "kind", signature_kind_name(record.signature_kind));
  append_text(out, "matched", shown_signature(record, options));
  append_text(out, "response", response_words(record, names));
  if (record.refusal_code != 0) append_number(out, "refusal_code", record.refusal_code);
  append_number(out, "policy_seq", record.policy_version);
  append_text(out, "feed", record.get(RecordText::kSignatureSource));
  append_number(out, "latency_ns", record.latency_ns);
  append_text(out, "node", names.node);
  append_text(out, "mode", mode_word(record.verdict.reason));
  append_text(out, "reason", reason_name(record.verdict.reason));
  append_text(out, "fate", fate_name(record.fate));
  out += '}';
}

}  // namespace

std::string masked(std::string_view number) {
  constexpr std::string_view kHidden = "****";
  std::size_t country = 0;  // octets that only say the country
  if (number.starts_with("+86")) country = 3;
  else if (number.starts_with("0086")) country = 4;
  else if (number.starts_with("86") && number.size() == 13) country = 2;
  else if (number.starts_with('+')) country = 1;
  const std::size_t rest = number.size() - country;
  if (rest == 0) return std::string(number);
  // At least three digits stay hidden; a short number keeps its ends only.
  const std::size_t head = rest >= 10 ? 3 : rest >= 7 ? 2 : 1;
  const std::size_t tail = rest >= 10 ? 4 : rest >= 7 ? 2 : rest >= 3 ? 1 : 0;
  std::string out(number.substr(0, country + head));
  return out.append(kHidden).append(number.substr(number.size() - tail));
}

RecordId::RecordId(const std::string& node, std::uint64_t started_ms) : text_(node + '-') {
  append_base36(text_, started_ms);
  text_ += '-';
  start_ = text_.size();
}

std::string_view RecordId::next() {
  text_.resize(start_);
  append_base36(text_, ++number_);
  return text_;
}

void append_eve(const Record& record, const RecordNames& names, const RecordOptions& options, std::string& out, std::string_view id) {
  out += '{';
  append_packet(record, names, options, out);
  if (record.kind == Record::Kind::kEvasion) {
    append_anomaly(record, names, id, out);
    out += "}\n";
    return;
  }
  append_alert(record, options, out);
  if (record.kind == Record::Kind::kDns) append_dns(record, out);
  else if (is_call(record) || is_sms(record)) append_people(record, names, options, out);
  else append_visit(record, out);
  append_own(record, names, options, id, out);
  out += "}\n";
}

}  // namespace telefence
