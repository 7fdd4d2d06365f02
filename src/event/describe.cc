// SPDX-License-Identifier: Apache-2.0
#include "event/describe.h"

#include "base/json_text.h"

namespace telefence {
namespace {

void append_key(std::string& out, std::string_view key) {
  out += out.back() == '{' ? "\"" : ", \"";
  out += key;
  out += "\": ";
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  append_json_string(out, value);
}

void append_number(std::string& out, std::string_view key, std::uint64_t value) {
  append_key(out, key);
  out += std::to_string(value);
}

// DNS names compare without regard to ASCII case (RFC 4343, 3); other octets stay.
void append_name(std::string& out, std::string_view name) {
  std::string lower(name.substr(0, name.ends_with('.') ? name.size() - 1 : name.size()));
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  append_text(out, "name", lower);
}

void append_sms(std::string& out, const Sms& sms, std::string_view text) {
  append_text(out, "calling", sms.calling);
  std::string called;
  for (const std::string_view number : sms.called) {
    if (number.empty()) continue;
    if (!called.empty()) called += ',';
    called += number;
    if (sms.over_sip) break;
  }
  append_text(out, "called", called);
  append_text(out, "text", text);
}

}  // namespace

std::string_view kind_name(const Event& event, std::string_view protocol) {
  if (std::holds_alternative<DomainLookup>(event.what)) return "dns";
  if (const auto* visit = std::get_if<UrlVisit>(&event.what)) {
    if (visit->via == UrlVisit::Via::kTls) return "tls";
    return visit->via == UrlVisit::Via::kQuic ? "quic" : "http";
  }
  if (const auto* sms = std::get_if<Sms>(&event.what)) return sms->over_sip ? "sip-message" : "sms";
  return protocol == "isup" ? "isup-call" : "sip-call";
}

void append_description(const Event& event, const EventOrigin& origin, std::string_view text, std::string& out) {
  std::string line = "{";
  append_number(line, "frame", origin.frame);
  append_text(line, "kind", kind_name(event, origin.protocol));
  append_text(line, "protocol", origin.protocol);
  append_text(line, "src", origin.source);
  append_number(line, "sport", origin.source_port);
  append_text(line, "dst", origin.destination);
  append_number(line, "dport", origin.destination_port);
  if (const auto* lookup = std::get_if<DomainLookup>(&event.what)) {
    append_name(line, lookup->name);
  } else if (const auto* visit = std::get_if<UrlVisit>(&event.what)) {
    append_name(line, visit->host);
    if (visit->via == UrlVisit::Via::kHttp) append_text(line, "uri", visit->uri);
  } else if (const auto* call = std::get_if<Call>(&event.what)) {
    append_text(line, "calling", call->calling);
    append_text(line, "called", call->called);
  } else if (const auto* sms = std::get_if<Sms>(&event.what)) {
    append_sms(line, *sms, text);
  }
  line += '}';
  out += line;
}

}  // namespace telefence
