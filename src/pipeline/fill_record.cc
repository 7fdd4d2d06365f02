// SPDX-License-Identifier: Apache-2.0
#include "pipeline/fill_record.h"

#include <algorithm>
#include <cstring>

#include "decode/decode.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

void fill_recipients(const Sms& sms, Record& record) {
  std::array<char, 96> joined;
  std::size_t size = 0;
  for (const std::string_view called : sms.called) {
    if (called.empty()) continue;
    const std::size_t needed = called.size() + (size == 0 ? 0 : 1);
    if (size + needed > joined.size()) break;
    if (size != 0) joined[size++] = ',';
    std::copy(called.begin(), called.end(), joined.begin() + static_cast<std::ptrdiff_t>(size));
    size += called.size();
  }
  record.set(RecordText::kCalled, {joined.data(), size});
  record.recipients = static_cast<std::uint16_t>(sms.called.size());
}

void fill_text(const Sms& sms, Record& record) {
  std::array<char16_t, kMaxSmsUnits> units;
  const std::size_t count = decode_sms(sms.body, sms.coding, units);
  std::array<char, 512> utf8;
  const std::size_t size = to_utf8({units.data(), count}, utf8);
  record.set(RecordText::kText, {utf8.data(), size});
}

struct Filler {
  Record& record;

  void operator()(const DomainLookup& lookup) const {
    record.kind = Record::Kind::kDns;
    record.set(RecordText::kName, lookup.name);
    record.dns_type = lookup.type;
    record.message_id = lookup.id;
  }
  void operator()(const UrlVisit& visit) const {
    record.kind = visit.via == UrlVisit::Via::kHttp  ? Record::Kind::kHttp
                  : visit.via == UrlVisit::Via::kTls ? Record::Kind::kTls
                                                     : Record::Kind::kQuic;
    record.set(RecordText::kName, visit.host);
    record.set(RecordText::kUri, visit.uri);
    record.encrypted_hello = visit.encrypted_hello;
  }
  void operator()(const Call& call) const {
    record.kind = Record::Kind::kSipCall;
    record.set(RecordText::kCalling, call.calling);
    record.set(RecordText::kCalled, call.called);
  }
  void operator()(const Sms& sms) const {
    record.kind = sms.over_sip ? Record::Kind::kSipMessage : Record::Kind::kSms;
    record.set(RecordText::kCalling, sms.calling);
    record.part_total = sms.part.total;
    record.part_number = sms.part.number;
    fill_recipients(sms, record);
    fill_text(sms, record);
  }
};

// The IP protocol that carries a tunnel (its number in the header may be hidden behind those of extension headers).
std::uint8_t protocol_of(const Frame& frame, const TunnelStep& step) {
  switch (step.kind) {
    case TunnelKind::kGre: return 47;
    case TunnelKind::kMpls: return 137;
    case TunnelKind::kIpInIp: return frame.bytes()[step.inside] >> 4 == 4 ? 4 : 41;
    default: return 17;
  }
}

void fill_tunnels(const Frame& frame, const Layers& layers, Record& record) {
  static_assert(Record::kMostTunnels == kMostTunnels);
  record.tunnel_count = layers.tunnels;
  record.outer_ip_version = 0;
  if (layers.tunnels == 0) return;
  TunnelPath path;
  (void)decode(frame, path);
  for (std::size_t i = 0; i < path.count; ++i) {
    const TunnelStep& step = path.steps[i];
    record.tunnels[i] = {static_cast<std::uint8_t>(step.kind), step.id};
    if (step.network == layers.outer_network) record.outer_protocol = protocol_of(frame, step);
  }
  if (layers.outer_network == layers.network) return;
  const IpEnds outer = ip_ends_at(frame, layers.outer_network);
  record.outer_ip_version = outer.source.version;
  record.outer_source = outer.source.bytes;
  record.outer_destination = outer.destination.bytes;
}

void clear(Record& record) {
  record.clear_texts();
  record.dns_type = record.message_id = record.recipients = record.refused_recipients = 0;
  record.part_total = record.part_number = 0;
  record.encrypted_hello = false;
}

void set_address(Bytes address, std::array<std::uint8_t, 16>& field) {
  field = {};
  std::memcpy(field.data(), address.data(), address.size() == 4 ? 4 : 16);
}

// Of a packet of the burst, or a place of a stream, all but what was found in it.
void fill_packet(const Burst& burst, std::size_t place, std::uint64_t flow_id, Record& record) {
  const Frame& frame = burst.frames[place];
  const Layers& layers = burst.layers[place];
  clear(record);
  record.time_ns = frame.time_ns;
  record.flow_id = flow_id;
  record.frame_number = frame.number;
  record.ip_version = layers.ip_version;
  record.transport = layers.ip_protocol;
  const Bytes both = addresses_at(frame, layers.network, layers.ip_version);
  set_address(both.first(both.size() / 2), record.source);
  set_address(both.last(both.size() / 2), record.destination);
  record.source_port = layers.source_port;
  record.destination_port = layers.destination_port;
  record.port = frame.port;
  record.vlan = layers.vlan;
  fill_tunnels(frame, layers, record);
}

}  // namespace

void fill_evasion(const Burst& burst, std::size_t index, std::uint64_t flow_id, Record& record) {
  fill_packet(burst, index, flow_id, record);
  record.kind = Record::Kind::kEvasion;
  record.protocol = burst.protocol[index];
}

void fill_record(const Burst& burst, std::size_t index, const RuleText& rule, std::uint64_t flow_id,
                 std::uint64_t policy_version, Record& record) {
  const Event& event = burst.events.events()[index];
  fill_packet(burst, event.frame, flow_id, record);
  record.protocol = event.protocol;
  record.verdict = burst.verdicts[index];
  record.signature_kind = rule.kind;
  record.signature_id = rule.id;
  record.policy_version = policy_version;
  record.session_number = event.session_number;
  record.set(RecordText::kSignatureValue, rule.value);
  record.set(RecordText::kSignatureSource, rule.source);
  std::visit(Filler{record}, event.what);
  record.refused_recipients = static_cast<std::uint16_t>(record.verdict.refused_recipients().count());
}

void finish_record(const Burst& burst, std::size_t index, std::uint64_t now_ns, Record& record) {
  const std::size_t frame = burst.events.events()[index].frame;
  // A place of a stream has no frame of its own that could have left.
  record.fate = burst.is_copy && Burst::is_stream(frame) ? Fate::kMirrorReleased : burst.fates[frame];
  record.latency_ns = static_cast<std::uint32_t>(std::min<std::uint64_t>(now_ns - burst.started_ns, UINT32_MAX));
  record.refusal_code = burst.refusal_codes[index];
}

}  // namespace telefence
