// SPDX-License-Identifier: Apache-2.0
#include "signatures/op_line.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "signatures/words.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

// Above this a number is taken for milliseconds: no year of four digits reaches it in seconds, and milliseconds did in 1979.
constexpr std::int64_t kLargestSeconds = 300'000'000'000;

constexpr std::array<std::string_view, 18> kFields = {"op",      "kind",   "value", "match",  "action", "category", "level", "id",  "expires",
                                                      "source",  "note",   "shadow", "side",  "name",   "fold",     "all",   "any", "none"};

// Reads fields off one object; the first mistake stays.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  std::string text(const char* name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (const auto* text = value->get_ptr<const std::string*>()) return *text;
    wrong(name, "must be a text");
    return {};
  }
  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> out;
    const Json* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_array()) wrong(name, "must be a list of texts");
    for (const Json& item : *value) {
      const auto* text = item.get_ptr<const std::string*>();
      if (text == nullptr || text->empty()) {
        wrong(name, "must be a list of texts, none of them empty");
        return {};
      }
      out.push_back(*text);
    }
    return out;
  }
  bool flag(const char* name) {
    const Json* value = find(name);
    if (value == nullptr) return false;
    if (const auto* flag = value->get_ptr<const bool*>()) return *flag;
    wrong(name, "must be true or false");
    return false;
  }
  std::uint64_t number(const char* name, std::uint64_t otherwise) {
    const Json* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_number_unsigned()) return value->get<std::uint64_t>();
    wrong(name, "must be a whole number, not negative");
    return otherwise;
  }
  // ISO 8601 with a zone, or Unix seconds. 0 = never.
  std::int64_t instant_s(const char* name) {
    const Json* value = find(name);
    if (value == nullptr) return 0;
    if (value->is_number_unsigned()) {
      const std::uint64_t seconds = value->get<std::uint64_t>();
      if (seconds < static_cast<std::uint64_t>(kLargestSeconds)) return static_cast<std::int64_t>(seconds);
      wrong(name, "is too large for Unix seconds; milliseconds are not taken");
      return 0;
    }
    const auto* text = value->get_ptr<const std::string*>();
    const std::optional<std::int64_t> instant = text == nullptr ? std::nullopt : parse_instant_ms(*text);
    if (!instant) wrong(name, "must be Unix seconds or ISO 8601 with a zone, as 2026-12-01T00:00:00+08:00");
    if (instant && *instant < 1000) wrong(name, "lies before 1970-01-01T00:00:01Z; for an entry without end leave it out");
    return instant.value_or(0) / 1000;
  }
  void wrong(std::string_view name, const std::string& why) {
    if (mistake_.empty()) mistake_ = std::string(name) + " " + why;
  }
  const std::string& mistake() const { return mistake_; }

 private:
  const Json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json& object_;
  std::string mistake_;
};

void read_op(Fields& fields, Change& change) {
  const std::string op = fields.text("op");
  if (op == "remove")
    change.op = Change::Op::kRemove;
  else if (op == "allow")
    change.signature.allow = true;
  else if (op == "replace-list")
    fields.wrong("op", "'replace-list' is not supported: send add and remove");
  else if (op != "add")
    fields.wrong("op", "'" + op + "' must be add, remove or allow");
}

void read_kind(Fields& fields, Signature& signature) {
  const std::string word = fields.text("kind");
  if (const auto kind = kind_from(word))
    signature.kind = *kind;
  else
    fields.wrong("kind", "'" + word + "' is not enforced here: domain, url, number and pattern are");
}

void read_match(Fields& fields, Signature& signature) {
  const std::string word = fields.text("match");
  const auto refuse = [&](const char* right) { fields.wrong("match", "'" + word + "' must be " + right); };
  switch (signature.kind) {
    case SignatureKind::kDomain:
      signature.subdomains = word != "exact";
      if (!word.empty() && word != "suffix" && word != "exact") refuse("suffix or exact for a domain");
      break;
    case SignatureKind::kNumber:
      signature.prefix = word == "prefix";
      if (!word.empty() && word != "prefix" && word != "exact") refuse("exact or prefix for a number");
      break;
    case SignatureKind::kUrl:
      signature.literal = word != "regex";
      signature.prefix = word.empty() || word == "prefix";
      if (!word.empty() && word != "prefix" && word != "exact" && word != "regex")
        refuse("prefix, exact or regex for a url");
      break;
    case SignatureKind::kPattern:
      signature.literal = word != "regex";
      if (!word.empty() && word != "text" && word != "regex") refuse("text or regex for a pattern");
      break;
  }
}

// What only patterns have.
void read_words(Fields& fields, Signature& signature) {
  const std::string fold = fields.text("fold");
  signature.words = {fields.texts("all"), fields.texts("any"), fields.texts("none")};
  if (signature.kind != SignatureKind::kPattern) {
    if (!fold.empty() || !signature.words.is_empty()) fields.wrong("kind", "must be pattern for fold, all, any or none");
  } else if (const auto known = fold_from(fold); known || fold.empty()) {
    signature.fold = known.value_or(TextFold::kAll);
  } else {
    fields.wrong("fold", "'" + fold + "' must be all, case, width or none");
  }
}

void read_rest(Fields& fields, Signature& signature) {
  signature.value = fields.text("value");
  read_words(fields, signature);
  if (signature.value.empty() && signature.words.is_empty()) fields.wrong("value", "is missing");
  signature.name = fields.text("name");
  signature.action = fields.text("action");
  // Blocking is what an entry is for: how is decided by category and tier.
  if (signature.action == "block") signature.action.clear();
  if (const std::string word = fields.text("category"); !word.empty()) {
    if (const auto category = category_from(word))
      signature.category = *category;
    else
      fields.wrong("category", "'" + word + "' is unknown; when none fits, use other");
  }
  const std::uint64_t level = fields.number("level", 2);
  if (level < 1 || level > 3) fields.wrong("level", "must be 1 (certain and grave), 2 or 3 (weak)");
  signature.tier = static_cast<Tier>(level);
  signature.id = fields.number("id", 0);
  signature.expires_s = fields.instant_s("expires");
  signature.source = fields.text("source");
  signature.shadow = fields.flag("shadow");
  if (const std::string word = fields.text("side"); !word.empty()) {
    if (const auto sides = sides_from(word))
      signature.sides = *sides;
    else
      fields.wrong("side", "'" + word + "' must be calling, called or either");
  }
  fields.text("note");
}

std::string_view match_word(const Signature& signature) {
  switch (signature.kind) {
    case SignatureKind::kDomain:
      return signature.subdomains ? "suffix" : "exact";
    case SignatureKind::kNumber:
      return signature.prefix ? "prefix" : "exact";
    case SignatureKind::kUrl:
      return !signature.literal ? "regex" : signature.prefix ? "prefix" : "exact";
    case SignatureKind::kPattern:
      return signature.literal ? "text" : "regex";
  }
  return "";
}

}  // namespace

Result<Change> parse_op_line(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return Error{ErrorCode::kInvalid, "not a JSON object"};
  Fields fields(object);
  for (const auto& [name, value] : object.items())
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) fields.wrong(name, "is an unknown field");
  Change change;
  read_op(fields, change);
  read_kind(fields, change.signature);
  read_match(fields, change.signature);
  read_rest(fields, change.signature);
  if (!fields.mistake().empty()) return Error{ErrorCode::kInvalid, fields.mistake()};
  return change;
}

std::string to_op_line(const Change& change) {
  const Signature& signature = change.signature;
  nlohmann::ordered_json line;
  line["op"] = change.op == Change::Op::kRemove ? "remove" : signature.allow ? "allow" : "add";
  line["kind"] = kind_name(signature.kind);
  line["value"] = signature.value;
  line["match"] = match_word(signature);
  // They say what a removal means, too.
  if (!signature.words.all.empty()) line["all"] = signature.words.all;
  if (!signature.words.any.empty()) line["any"] = signature.words.any;
  if (!signature.words.none.empty()) line["none"] = signature.words.none;
  if (change.op == Change::Op::kAdd) {
    if (!signature.name.empty()) line["name"] = signature.name;
    if (signature.kind == SignatureKind::kNumber) line["side"] = sides_name(signature.sides);
    if (signature.fold != TextFold::kAll) line["fold"] = fold_name(signature.fold);
    if (!signature.action.empty()) line["action"] = signature.action;
    line["category"] = category_name(signature.category);
    line["level"] = signature.tier;
    if (signature.id != 0) line["id"] = signature.id;
    if (signature.expires_s != 0) line["expires"] = signature.expires_s;
    if (!signature.source.empty()) line["source"] = signature.source;
    if (signature.shadow) line["shadow"] = true;
  }
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace telefence
