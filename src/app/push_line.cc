// SPDX-License-Identifier: Apache-2.0
#include "app/push_line.h"

#include <algorithm>
#include <array>
#include <optional>

#include "app/json_lines.h"
#include "config/assemble.h"
#include "config/loader.h"
#include "decide/protected_names.h"
#include "signatures/compiler.h"
#include "signatures/op_line.h"
#include "signatures/words.h"

namespace telefence {
namespace {

Error usage(std::string message) { return Error{ErrorCode::kUsage, std::move(message)}; }

// "90s", "30min", "12h", "7d" from now on, or a moment with a zone; as Unix seconds.
std::optional<std::int64_t> moment_of(const std::string& text, std::int64_t now_s) {
  if (const auto instant = parse_instant_ms(text)) return *instant / 1000;
  if (const auto seconds = seconds_of(text)) return now_s + *seconds;
  return std::nullopt;
}

Result<void> add_times(const PushArguments& arguments, std::int64_t now_s, Json& line) {
  if (!arguments.expires.empty()) {
    const auto expires_s = moment_of(arguments.expires, now_s);
    if (!expires_s) return usage("--expires \"" + arguments.expires + "\": give 2026-12-01T00:00:00+08:00, or 90s, 30min, 12h, 7d");
    if (*expires_s <= now_s) return usage("--expires \"" + arguments.expires + "\" is over already");
    line["expires"] = *expires_s;
  }
  if (!arguments.valid_from.empty()) {
    const auto from_s = moment_of(arguments.valid_from, now_s);
    if (!from_s)
      return usage("--valid-from \"" + arguments.valid_from + "\": give 2026-12-01T00:00:00+08:00, or 90s, 30min, 12h, 7d");
    line["valid_from"] = *from_s;
  }
  if (!arguments.shadow_for.empty()) {
    const auto until_s = moment_of(arguments.shadow_for, now_s);
    if (!until_s)
      return usage("--shadow-for \"" + arguments.shadow_for + "\": give 30min, 24h, 7d, or a moment as 2026-12-01T00:00:00+08:00");
    line["shadow_until"] = *until_s;
  }
  if (arguments.canary != 0 && arguments.shadow_for.empty())
    return usage("--canary needs --shadow-for: how long the other nodes only record it");
  if (arguments.canary != 0) line["canary"] = arguments.canary;
  return {};
}

Result<Json> json_line(const PushArguments& arguments, std::string_view publisher, std::int64_t now_s) {
  Json line = {{"op", !arguments.add ? "remove" : arguments.allow ? "allow" : "add"},
               {"kind", arguments.kind},
               {"value", arguments.value}};
  const std::string source = arguments.source.empty() ? std::string(publisher) : arguments.source;
  if (!arguments.match.empty()) line["match"] = arguments.match;
  if (!arguments.add) {
    if (!arguments.source.empty()) line["source"] = source;
    return line;
  }
  if (arguments.allow && (arguments.shadow || !arguments.shadow_for.empty()))
    return usage("--allow with --shadow or --shadow-for counts for nothing: an entry that is only recorded lets nothing pass. Leave one of them out");
  if (arguments.allow && !arguments.action.empty()) return usage("--action is of blocks: an allow entry lets pass");
  if (arguments.category.empty() && !arguments.allow)
    return usage("--category is missing: people report by it. When none fits, use other");
  if (!arguments.side.empty() && arguments.kind != "number")
    return usage("--side is for numbers: only they are of somebody who calls or is called");
  if (!arguments.side.empty()) line["side"] = arguments.side;
  if (!arguments.category.empty()) line["category"] = arguments.category;
  if (!arguments.action.empty()) line["action"] = arguments.action;
  line["level"] = arguments.tier;
  if (arguments.shadow) line["shadow"] = true;
  if (!arguments.note.empty()) line["note"] = arguments.note;
  line["source"] = source;
  if (!arguments.campaign.empty()) line["campaign"] = arguments.campaign;
  if (Result<void> added = add_times(arguments, now_s, line); !added) return added.error();
  return line;
}

// Why no edge takes a pattern. One that hits too much, or takes too long, is sound but for that.
Error refused_pattern(const std::string& reason) {
  const auto begins = [&](std::string_view words) { return reason.starts_with(words); };
  const bool is_slow = begins("it takes ") || begins("it costs ") || begins("no text of it ");
  const char* const what = begins("it hits ") || begins("it matches ") ? "is too wide, whoever signs it" : is_slow ? "is too slow" : "can't be compiled";
  return Error{ErrorCode::kInvalid, std::string("the pattern ") + what + ": " + reason};
}

// As the edges do it, for numbers of their home country.
Result<Change> checked_change(const std::string& line, const PushArguments& arguments) {
  Result<Change> change = parse_op_line(line);
  if (!change) return change;
  Config config = default_config();
  config.normalise.home_country = arguments.home_country;
  if (Result<void> set = set_protected(config, arguments.protected_file); !set) return set.error();
  const CompileTerms terms = compile_terms(config);
  if (change.value().op == Change::Op::kRemove) {
    const Result<Entry> entry = canonical_entry(change.value().signature, terms);
    return entry ? std::move(change) : Result<Change>(entry.error());
  }
  const Result<Entry> entry = compile_signature(change.value().signature, terms);
  if (!entry) return entry.error();
  MatchSetBuilder builder;
  add_to(builder, entry.value());
  const MatchSetBuilder::Built built = builder.build_base(0);
  for (const PatternError& error : built.rejected)
    if (error.is_left_out) return refused_pattern(error.reason);
  return change;
}

}  // namespace

Result<void> set_protected(Config& config, const std::string& option) {
  if (option == "off") config.protected_files.clear();
  if (option.empty() || option == "off") return {};
  config.protected_files = {option};
  const auto names = ProtectedNames::read(config.protected_files);
  return names ? Result<void>() : Error{ErrorCode::kUsage, "--protected: " + names.error().message};
}

std::string why_unprotected(const std::string& option) {
  if (!option.empty() || !installed_protected_files().empty()) return {};
  return "no list of protected names is installed here, so a site that everybody needs can be blocked: name one with --protected FILE, "
         "or say --protected off";
}

std::optional<std::int64_t> seconds_of(const std::string& text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string::npos || digits > 6) return std::nullopt;
  const std::int64_t count = std::stoll(text.substr(0, digits));
  const std::string unit = text.substr(digits);
  for (const auto& [name, seconds] : {std::pair{"s", 1}, std::pair{"min", 60}, std::pair{"h", 3600}, std::pair{"d", 86400}})
    if (unit == name) return count * seconds;
  return std::nullopt;
}

std::string kind_by_look(std::string_view value) {
  if (value.empty() || value.find_first_of("\r\n") != std::string_view::npos) return {};
  const bool has_digit = value.find_first_of("0123456789") != std::string_view::npos;
  if (has_digit && value.find_first_not_of("0123456789+-()* ") == std::string_view::npos) return "number";
  if (value.find(' ') != std::string_view::npos) return {};
  const std::size_t scheme = value.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? value : value.substr(scheme + 3);
  const std::size_t slash = rest.find('/');
  if (rest.substr(0, slash).find('.') == std::string_view::npos) return {};
  if (slash == std::string_view::npos) return scheme == std::string_view::npos ? "domain" : "";
  return slash + 1 < rest.size() ? "url" : "";
}

bool looks_like_regex(std::string_view text) {
  // Words that messages hardly have and expressions mostly do. A single ?, (, [, + or * is in many messages.
  constexpr std::array<std::string_view, 16> kSigns = {".*", ".+", ".{", ".?", "\\d", "\\w",  "\\s", "\\b",
                                                       "(?", ")?", "){", "]{", "]+", "]*", "\\.", "|"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [text](std::string_view sign) { return text.find(sign) != std::string_view::npos; });
}

Result<std::string> push_line(const PushArguments& arguments, std::string_view publisher, std::int64_t now_s) {
  Result<Json> json = json_line(arguments, publisher, now_s);
  if (!json) return json.error();
  std::string line = to_line(json.value());
  const Result<Change> change = checked_change(line, arguments);
  if (!change) return change.error();
  const Signature& signature = change.value().signature;
  // It would take the place of the expression of the same value, and match nothing.
  if (arguments.add && signature.kind == SignatureKind::kPattern && arguments.match.empty() && looks_like_regex(signature.value))
    return usage("this looks like a regular expression, and as plain text it would match only itself: say which with --match regex or --match text");
  return line;
}

}  // namespace telefence
