// SPDX-License-Identifier: Apache-2.0

// The part of AdBlock's rules that is about names, as AdGuard Home reads it: ||name^ (the name and all below it), |name^ (it alone),
// @@ before it (allowed), a name alone. Rules for parts of pages, with paths or for some requests only are for browsers.
// https://adguard-dns.io/kb/general/dns-filtering-syntax/

#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

bool is_comment(std::string_view line) {
  return line.empty() || line[0] == '!' || (line[0] == '#' && !line.starts_with("##") && !line.starts_with("#@")) ||
         (line[0] == '[' && line.back() == ']');
}

bool is_rule(std::string_view line) {
  return line.starts_with("||") || line.starts_with("@@") || (line.starts_with('|') && line.find('^') != std::string_view::npos) ||
         line.find("##") != std::string_view::npos;
}

int sniff(const Sample& sample) {
  if (!sample.lines.empty() && sample.lines[0].starts_with("[Adblock")) return 95;
  return sample.share(is_rule) * 95 / 100;
}

// Modifiers that leave a rule what it is. All others make it a rule for some requests, or change what it does.
bool is_harmless(std::string_view modifier) {
  for (const std::string_view harmless : {"important", "all", "document", "doc", "popup"})
    if (modifier == harmless) return true;
  return false;
}

// Why the rule says more than a name; empty: it does not.
std::string_view what_else(std::string_view rule, std::string_view modifiers) {
  if (rule.find("##") != std::string_view::npos || rule.find("#@#") != std::string_view::npos || rule.find("#?#") != std::string_view::npos ||
      rule.find("#$#") != std::string_view::npos)
    return "a rule for parts of pages: for browsers only";
  if (rule.starts_with('/') && rule.size() > 1 && rule.ends_with('/')) return "a regular expression over names is not taken: list the names";
  while (!modifiers.empty())
    if (!is_harmless(trimmed(take_until(modifiers, ","))))
      return "a modifier makes it a rule for some requests only, and a name is blocked for all: leave it out, or write ||name^";
  return {};
}

void read_line(std::uint64_t number, std::string_view line, Signature& signature, ListSink& sink) {
  line = trimmed(line);
  if (is_comment(line)) return sink.pass(number);
  std::string_view rule = line;
  const bool is_exception = rule.starts_with("@@");
  if (is_exception) rule.remove_prefix(2);
  const bool is_expression = rule.starts_with('/') && rule.size() > 1;
  const std::size_t dollar = is_expression ? std::string_view::npos : rule.rfind('$');
  const std::string_view modifiers = dollar == std::string_view::npos ? std::string_view() : rule.substr(dollar + 1);
  if (const std::string_view more = what_else(rule, modifiers); !more.empty()) return sink.skip(number, line, more);
  rule = rule.substr(0, dollar);
  const bool covers_below = rule.starts_with("||");
  const bool is_anchored = covers_below || rule.starts_with('|');
  rule.remove_prefix(covers_below ? 2 : is_anchored ? 1 : 0);
  if (rule.ends_with('|')) rule.remove_suffix(1);
  if (rule.ends_with('^')) rule.remove_suffix(1);
  signature.subdomains = covers_below;
  if (rule.starts_with("*.")) {
    rule.remove_prefix(2);
    signature.subdomains = true;
  }
  if (rule.find_first_of("/:?") != std::string_view::npos)
    return sink.skip(number, line, "a rule with a path or a scheme: for browsers only; a page goes into a list of URLs");
  if (rule.find('*') != std::string_view::npos)
    return sink.skip(number, line, "a star inside a name is not taken: list the names");
  if (!is_anchored && !looks_like_domain(rule)) return sink.skip(number, line, "a part of a name would hit innocent ones: write ||name^");
  signature.value = rule;
  signature.allow = is_exception;
  sink.take(number, signature);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kDomain;
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) {
    signature.allow = common.allow;
    read_line(number, line, signature, sink);
    signature.allow = common.allow;
  });
}

void head(std::string& out) { out += "! Title: telefence\n"; }

Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain) return Said::kNot;
  ((out += signature.allow ? "@@" : "") += signature.subdomains ? "||" : "|") += signature.value;
  out += "^\n";
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kAdblockFormat{.name = "adblock", .sniff = sniff, .read = read, .head = head, .write = write};

}  // namespace telefence
