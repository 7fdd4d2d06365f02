// SPDX-License-Identifier: Apache-2.0

// STIX 2.1 bundles and TAXII envelopes: the patterns of their indicators, as far as they are comparisons for equality joined by OR.
// https://docs.oasis-open.org/cti/stix/v2.1/ 4.7 (indicator), 9 (patterning)

#include "lists/csv_columns.h"
#include "lists/json_records.h"
#include "lists/list_format.h"
#include "lists/number_text.h"
#include "lists/text.h"
#include "lists/url_text.h"

namespace telefence {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

int sniff(const Sample& sample) {
  if (!sample.text.starts_with('{') && !trimmed(sample.text).starts_with('{')) return 0;
  const bool is_stix = has(sample.text, "\"objects\"") || has(sample.text, "\"spec_version\"");
  return is_stix && (has(sample.text, "\"bundle\"") || has(sample.text, "indicator")) ? 95 : 0;
}

// Reads "[domain-name:value = 'a' OR url:value IN ('b', 'c')] OR [...]".
class Pattern {
 public:
  explicit Pattern(std::string_view text) : rest_(text) {}

  struct Equality {
    std::string path;
    std::string value;
  };

  // False: it says more than that.
  bool read(std::vector<Equality>& out) {
    do {
      if (!skip("[")) return false;
      do {
        if (!comparison(out)) return false;
      } while (skip("OR"));
      if (!skip("]")) return false;
    } while (skip("OR"));
    return trimmed(rest_).empty();
  }

 private:
  bool skip(std::string_view word) {
    rest_ = trimmed(rest_);
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool literal(std::string& out) {
    if (!skip("'")) return false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) out += rest_[++i];
      else if (rest_[i] != '\'') out += rest_[i];
      else {
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }
  bool comparison(std::vector<Equality>& out) {
    rest_ = trimmed(rest_);
    const std::size_t end = rest_.find_first_of(" =!<>()]");
    if (end == std::string_view::npos || end == 0) return false;
    const std::string path(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (skip("=")) {
      out.push_back({path, {}});
      return literal(out.back().value);
    }
    if (!skip("IN") || !skip("(")) return false;
    do {
      out.push_back({path, {}});
      if (!literal(out.back().value)) return false;
    } while (skip(","));
    return skip(")");
  }

  std::string_view rest_;
};

void take_equality(const JsonRecord& record, const Pattern::Equality& equality, Signature signature, ListSink& sink) {
  if (equality.path == "domain-name:value" || equality.path == "hostname:value") {
    signature.kind = SignatureKind::kDomain;
    signature.value = equality.value;
  } else if (equality.path == "url:value") {
    if (lacks_host(equality.value)) return sink.skip(record.line, equality.value, kNoHost);
    set_url(equality.value, signature);
  } else if (equality.path == "x-phone-number:value" || equality.path == "phone-number:value") {
    signature.kind = SignatureKind::kNumber;
    signature.value = plain_number(equality.value);
  } else {
    return sink.skip(record.line, equality.path, "this kind is not enforced here: domain-name:value and url:value are");
  }
  sink.take(record.line, signature);
}

void take_record(const JsonRecord& record, const Signature& common, ListSink& sink) {
  if (record.text("type") != "indicator") return;  // what indicators are about: malware, campaigns, sightings ...
  const std::string_view pattern = record.text("pattern");
  if (record.text("revoked") == "true") return sink.skip(record.line, pattern, "revoked by its publisher");
  const std::string_view language = record.text("pattern_type");
  if (!language.empty() && language != "stix") return sink.skip(record.line, pattern, "only patterns in STIX's own language are read");
  std::vector<Pattern::Equality> equalities;
  if (!Pattern(pattern).read(equalities))
    return sink.skip(record.line, pattern, "only comparisons for equality joined by OR are read: [domain-name:value = 'bad.example']");
  Signature signature = common;
  if (const std::string_view until = record.text("valid_until"); !until.empty()) {
    const auto instant = instant_of(until);
    if (!instant) return sink.skip(record.line, pattern, "valid_until is no time");
    signature.expires_s = *instant;
  }
  for (const char* key : {"indicator_types", "labels"})
    if (const auto category = category_of(record.text(key))) signature.category = *category;
  for (const Pattern::Equality& equality : equalities) take_equality(record, equality, signature, sink);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  const JsonEnd end = read_json_records(source, "objects", [&](const JsonRecord& record) { take_record(record, common, sink); });
  if (!end.mistake.empty()) source.break_off(end.lines, end.mistake);
}

}  // namespace

constinit const ListFormat kStixFormat{.name = "stix", .sniff = sniff, .read = read, .is_by_line = false};

}  // namespace telefence
