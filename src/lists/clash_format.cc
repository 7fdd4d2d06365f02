// SPDX-License-Identifier: Apache-2.0

// Rules of Surge and Clash: DOMAIN,name (it alone), DOMAIN-SUFFIX,name (and all below it), with or without a policy behind;
// and Clash's YAML lists (payload:) of them, or of names with +. before.
// https://wiki.metacubex.one/en/config/rules/ https://manual.nssurge.com/rule/domain-based.html

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

bool is_rule(std::string_view line) {
  line = rule_of(line);
  for (const std::string_view kind : {"DOMAIN,", "DOMAIN-SUFFIX,", "DOMAIN-KEYWORD,", "DOMAIN-SET,", "IP-CIDR,", "IP-CIDR6,", "PROCESS-NAME,", "URL-REGEX,"})
    if (starts_but_case(line, kind)) return true;
  return false;
}

int sniff(const Sample& sample) {
  if (!sample.lines.empty() && sample.lines[0] == "payload:") return 95;
  return sample.share(is_rule) * 95 / 100;
}

bool is_blocking(std::string_view policy) { return policy.empty() || starts_but_case(policy, "REJECT") || equal_but_case(policy, "no-resolve"); }
bool is_allowing(std::string_view policy) { return equal_but_case(policy, "DIRECT"); }

void read_line(std::uint64_t number, std::string_view line, const Signature& common, Signature& signature, ListSink& sink) {
  const std::string_view rule = rule_of(line);
  if (rule.empty() || rule.starts_with("//") || rule.starts_with(';') || rule == "payload:" || (rule[0] == '[' && rule.back() == ']'))
    return sink.pass(number);
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
  else if (!equal_but_case(kind, "DOMAIN-SUFFIX"))
    return sink.skip(number, rule, "not about a name: DOMAIN and DOMAIN-SUFFIX are");
  if (!is_blocking(policy) && !is_allowing(policy))
    return sink.skip(number, rule, "this rule sends a name some way and blocks nothing: REJECT blocks, DIRECT lets pass");
  signature.allow = common.allow || is_allowing(policy);
  signature.value = value;
  sink.take(number, signature);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kDomain;
  for_each_line(source, sink,
                [&](std::uint64_t number, std::string_view line) { read_line(number, line, common, signature, sink); });
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
