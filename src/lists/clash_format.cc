// SPDX-License-Identifier: Apache-2.0

// Rules of Surge and Clash: DOMAIN,name (it alone), DOMAIN-SUFFIX,name (and all below it), with or without a policy behind;
// and Clash's YAML lists (payload:) of them, or of names with +. before. Of whole configurations what stands below rules: or [Rule].
// https://wiki.metacubex.one/en/config/rules/ https://manual.nssurge.com/rule/domain-based.html

#include <algorithm>
#include <iterator>
#include <vector>

#include "lists/csv_columns.h"
#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

// Without the dash and the quotes of YAML.
std::string_view rule_of(std::string_view line) {
  line = without_comment(line);
  if (line.starts_with("- ")) line = trimmed(line.substr(2));
  if (line.size() >= 2 && (line[0] == '\'' || line[0] == '"') && line.back() == line[0]) line = line.substr(1, line.size() - 2);
  return line;
}

// What a rule can be about, of both programs: only the first two are about whole names.
constexpr std::string_view kKinds[] = {
    "DOMAIN", "DOMAIN-SUFFIX", "DOMAIN-KEYWORD", "DOMAIN-SET", "DOMAIN-WILDCARD", "DOMAIN-REGEX", "GEOSITE", "RULE-SET", "SUB-RULE", "FINAL", "MATCH",
    "AND", "OR", "NOT", "IP-CIDR", "IP-CIDR6", "IP-SUFFIX", "IP-ASN", "GEOIP", "SRC-IP", "SRC-IP-CIDR", "SRC-IP-SUFFIX", "SRC-IP-ASN", "SRC-GEOIP",
    "DST-PORT", "DEST-PORT", "SRC-PORT", "IN-PORT", "IN-TYPE", "IN-USER", "IN-NAME", "URL-REGEX", "USER-AGENT", "PROCESS-NAME", "PROCESS-PATH",
    "PROCESS-NAME-REGEX", "PROCESS-PATH-REGEX", "UID", "NETWORK", "PROTOCOL", "SUBNET", "DSCP", "SCRIPT", "CELLULAR-RADIO", "CELLULAR-CARRIER",
    "DEVICE-NAME", "HOSTNAME-TYPE",
};

bool has_kind(std::string_view rule) {
  if (rule.find(',') == std::string_view::npos) return false;
  const std::string_view kind = trimmed(take_until(rule, ","));
  return std::any_of(std::begin(kKinds), std::end(kKinds), [kind](std::string_view known) { return equal_but_case(known, kind); });
}

// "domain,category" is the heading of a table.
bool is_rule(std::string_view line) {
  std::string_view rule = rule_of(line);
  if (!has_kind(rule)) return false;
  take_until(rule, ",");
  return column_from(take_until(rule, ",")) == Column::kOther;
}

bool is_head_of_rules(std::string_view line) {
  const std::string_view head = rule_of(line);
  return head == "payload:" || head == "rules:" || equal_but_case(head, "[Rule]");
}

// What a rule is about may be the heading of a table, too, of which a list of others has one line.
int sniff(const Sample& sample) {
  const std::vector<std::string_view>& lines = sample.lines;
  if (lines.empty()) return 0;
  const int share = sample.share(is_rule);
  const bool has_rules = std::any_of(lines.begin(), lines.end(), is_rule) && std::any_of(lines.begin(), lines.end(), is_head_of_rules);
  if (lines[0] == "payload:" || has_rules || (is_rule(lines[0]) && share > 50)) return 95;
  return share * 92 / 100;
}

// What a line of a configuration sets: "mode" of "mode: rule", "proxies" of "proxies:"; empty: it sets nothing. An address may have colons, too.
std::string_view key_of(std::string_view rule) {
  if (has_kind(rule)) return {};
  const std::size_t colon = rule.ends_with(':') ? rule.size() - 1 : rule.find(": ");
  const std::size_t end = std::min(colon, rule.find('='));
  const std::string_view key = end == std::string_view::npos ? std::string_view() : trimmed(rule.substr(0, end));
  return key.find_first_of(":,") == std::string_view::npos ? key : std::string_view();
}

bool is_blocking(std::string_view policy) { return policy.empty() || starts_but_case(policy, "REJECT") || equal_but_case(policy, "no-resolve"); }
bool is_allowing(std::string_view policy) { return equal_but_case(policy, "DIRECT"); }

// Names in other parts of a configuration are servers, or names that go some way: whoever took them for rules would block them.
class Parts {
 public:
  // Whether the line begins a part. Lists of rules need not say that they are.
  bool begins(std::string_view line, std::string_view rule) {
    const bool is_indented = line.starts_with(' ') || line.starts_with('\t');
    const bool is_part = rule[0] == '[' && rule.back() == ']';
    if (is_head_of_rules(rule) && (!is_indented || is_in_rules_)) {
      is_in_rules_ = true;
      return true;
    }
    if (is_part || (!key_of(rule).empty() && (!is_indented || rule.ends_with(':')))) is_in_rules_ = false;
    return is_part;
  }
  bool is_setting(std::string_view rule) const { return !is_in_rules_ || !key_of(rule).empty(); }

 private:
  bool is_in_rules_ = true;
};

void read_line(std::uint64_t number, std::string_view line, const Signature& common, Signature& signature, Parts& parts, ListSink& sink) {
  const std::string_view rule = rule_of(line);
  if (rule.empty() || rule.starts_with("//") || rule.starts_with(';') || rule == "---" || parts.begins(line, rule)) return sink.pass(number);
  if (parts.is_setting(rule)) return sink.skip(number, rule, "a setting, and no rule: rules stand below rules:, payload: or [Rule]");
  std::string_view rest = rule;
  signature.allow = common.allow;
  signature.subdomains = true;
  if (rest.find(',') == std::string_view::npos) {  // a list of names: +.name or name
    signature.subdomains = rest.starts_with("+.") || rest.starts_with('.') || rest.starts_with("*.");
    if (rest.starts_with("+.")) rest.remove_prefix(2);
    signature.value = rest;
    return sink.take(number, signature);
  }
  const std::string_view kind = trimmed(take_until(rest, ",")), value = trimmed(take_until(rest, ","));
  const std::string_view policy = trimmed(take_until(rest, ","));
  if (equal_but_case(kind, "DOMAIN"))
    signature.subdomains = false;
  else if (equal_but_case(kind, "DOMAIN-KEYWORD"))
    return sink.skip(number, rule, "a keyword takes in names that nobody has looked at: list the names");
  else if (equal_but_case(kind, "DOMAIN-REGEX"))
    return sink.skip(number, rule, "a regular expression over names is not taken: list the names");
  else if (equal_but_case(kind, "DOMAIN-WILDCARD"))
    return sink.skip(number, rule, "a star inside a name is not taken: list the names");
  else if (!equal_but_case(kind, "DOMAIN-SUFFIX"))
    return sink.skip(number, rule, "not about a name: DOMAIN and DOMAIN-SUFFIX are");
  if (!is_blocking(policy) && !is_allowing(policy))
    return sink.skip(number, rule, "this rule sends a name some way and blocks nothing: REJECT blocks, DIRECT lets pass");
  if (common.allow && starts_but_case(policy, "REJECT")) return sink.skip(number, rule, kBlocksThoughAllowed);
  signature.allow = common.allow || is_allowing(policy);
  signature.value = value;
  sink.take(number, signature);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kDomain;
  Parts parts;
  for_each_line(source, sink,
                [&](std::uint64_t number, std::string_view line) { read_line(number, line, common, signature, parts, sink); });
}

// A rule set has no policies of its own, so nothing can be allowed in one.
Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain || signature.allow) return Said::kNot;
  ((out += signature.subdomains ? "DOMAIN-SUFFIX," : "DOMAIN,") += signature.value) += '\n';
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kClashFormat{.name = "clash", .sniff = sniff, .read = read, .head = [](std::string&) {}, .write = write};

}  // namespace telefence
