// SPDX-License-Identifier: Apache-2.0

// MISP events, feeds and answers to a search: their attributes, and those of their objects.
// https://www.misp-standard.org/rfc/misp-standard-core.html 2.4

#include "lists/csv_columns.h"
#include "lists/json_records.h"
#include "lists/list_format.h"
#include "lists/number_text.h"
#include "lists/text.h"
#include "lists/url_text.h"

namespace telefence {
namespace {

int sniff(const Sample& sample) {
  const std::string_view text = trimmed(sample.text);
  if (!text.starts_with('{') && !text.starts_with('[')) return 0;
  const auto has = [text](std::string_view part) { return text.find(part) != std::string_view::npos; };
  return has("\"Attribute\"") ? 96 : has("\"Event\"") && has("\"uuid\"") ? 90 : 0;
}

void take_record(const JsonRecord& record, const Signature& common, ListSink& sink) {
  const std::string_view type = record.text("type"), value = record.text("value");
  if (record.text("deleted") == "true" || record.text("deleted") == "1") return sink.skip(record.line, value, "deleted in its event");
  if (const std::string_view word = record.text("to_ids"); word == "false" || word == "0")
    return sink.skip(record.line, value, "not meant for detection: to_ids is false");
  Signature signature = common;
  if (type == "domain" || type == "hostname" || type == "domain|ip" || type == "hostname|port") {
    signature.kind = SignatureKind::kDomain;
    signature.value = without_defanging(value.substr(0, value.find('|')));
    signature.subdomains = type == "domain" || type == "domain|ip";
  } else if (type == "url" || type == "uri" || type == "link") {
    if (lacks_host(value)) return sink.skip(record.line, value, kNoHost);
    set_url(value, signature);
  } else if (type == "phone-number") {
    signature.kind = SignatureKind::kNumber;
    signature.value = plain_number(value);
  } else {
    return sink.skip(record.line, value, "attributes of this type are not enforced here: domain, hostname, url and phone-number are");
  }
  sink.take(record.line, signature);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  const JsonEnd end = read_json_records(source, "Attribute", [&](const JsonRecord& record) { take_record(record, common, sink); });
  if (!end.mistake.empty()) source.break_off(end.lines, end.mistake);
}

}  // namespace

constinit const ListFormat kMispFormat{.name = "misp", .sniff = sniff, .read = read, .is_by_line = false};

}  // namespace telefence
