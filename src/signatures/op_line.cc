// SPDX-License-Identifier: Apache-2.0
#include "signatures/op_line.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "signatures/flat_json.h"
#include "signatures/words.h"

namespace telefence {
namespace {

// Above this a number is taken for milliseconds: no year of four digits reaches it in seconds, and milliseconds did in 1979.
constexpr std::int64_t kLargestSeconds = 300'000'000'000;

constexpr std::array<std::string_view, 22> kFields = {"op",     "kind",   "value", "match", "action", "category", "level",    "id",        "expires", "source",
                                                      "note",   "shadow", "side",  "name",  "fold",   "all",      "any",      "none",      "campaign", "valid_from",
                                                      "shadow_until", "canary"};
constexpr std::size_t kLongestNote = 1000;  // bytes; of what is only for people

// Reads fields off one object; the first mistake stays.
class Fields {
 public:
  explicit Fields(const FlatObject& object) : object_(object) {}

  std::string text(std::string_view name) {
    const FlatValue* value = object_.find(name);
    if (value == nullptr) return {};
    if (value->kind == FlatValue::Kind::kText) return std::string(value->text);
    wrong(name, "must be a text");
    return {};
  }
  std::vector<std::string> texts(std::string_view name) {
    const FlatValue* value = object_.find(name);
    if (value == nullptr) return {};
    if (value->kind != FlatValue::Kind::kList) wrong(name, "must be a list of texts");
    const bool has_empty = std::find(value->texts.begin(), value->texts.end(), "") != value->texts.end();
    if (value->has_only_texts && !has_empty) return value->texts;
    wrong(name, "must be a list of texts, none of them empty");
    return {};
  }
  bool flag(std::string_view name) {
    const FlatValue* value = object_.find(name);
    if (value == nullptr) return false;
    if (value->kind == FlatValue::Kind::kFlag) return value->flag;
    wrong(name, "must be true or false");
    return false;
  }
  std::uint64_t number(std::string_view name, std::uint64_t otherwise) {
    const FlatValue* value = object_.find(name);
    if (value == nullptr) return otherwise;
    if (value->kind == FlatValue::Kind::kNumber) return value->number;
    wrong(name, "must be a whole number, not negative");
    return otherwise;
  }
  // ISO 8601 with a zone, or Unix seconds. 0 = never.
  std::int64_t instant_s(std::string_view name) {
    const FlatValue* value = object_.find(name);
    if (value == nullptr) return 0;
    if (value->kind == FlatValue::Kind::kNumber) {
      if (value->number < static_cast<std::uint64_t>(kLargestSeconds)) return static_cast<std::int64_t>(value->number);
      wrong(name, "is too large for Unix seconds; milliseconds are not taken");
      return 0;
    }
    const std::optional<std::int64_t> instant = value->kind == FlatValue::Kind::kText ? parse_instant_ms(value->text) : std::nullopt;
    if (!instant) wrong(name, "must be Unix seconds or ISO 8601 with a zone, as 2026-12-01T00:00:00+08:00");
    if (instant && *instant < 1000) wrong(name, "lies before 1970-01-01T00:00:01Z; for an entry without end leave it out");
    return instant.value_or(0) / 1000;
  }
  void wrong(std::string_view name, const std::string& why) {
    if (mistake_.empty()) mistake_ = std::string(name) + " " + why;
  }
  const std::string& mistake() const { return mistake_; }

 private:
  const FlatObject& object_;
  std::string mistake_;
};

constexpr std::array<std::string_view, 4> kOperations = {"add", "remove", "allow", "replace-list"};

void read_op(Fields& fields, Change& change) {
  const std::string op = fields.text("op");
  if (op == "remove")
    change.op = Change::Op::kRemove;
  else if (op == "allow")
    change.signature.allow = true;
  else if (op == "replace-list")
    change.op = Change::Op::kReplaceList;
  else if (op != "add")
    fields.wrong("op", "'" + op + "' must be add, remove, allow or replace-list");
}

void read_kind(Fields& fields, Change& change) {
  const std::string word = fields.text("kind");
  if (const auto kind = kind_from(word))
    change.signature.kind = *kind;
  else if (const auto unenforced = unenforced_from(word))
    change.unenforced = *unenforced;
  else
    fields.wrong("kind", "'" + word + "' must be domain, url, number, pattern, ip, account or app");
}

// An address, or a network as 192.0.2.0/24.
bool is_address(const std::string& value) {
  const std::size_t slash = value.find('/');
  std::array<unsigned char, 16> bytes;
  const std::string address = value.substr(0, slash);
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!is_v4 && inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  if (slash == std::string::npos) return true;
  const std::string_view digits = std::string_view(value).substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return error == std::errc{} && end == digits.data() + digits.size() && length <= (is_v4 ? 32u : 128u);
}

void check_unenforced(Fields& fields, const Change& change) {
  if (change.unenforced == UnenforcedKind::kNone || change.op == Change::Op::kReplaceList) return;
  const std::string& value = change.signature.value;
  if (change.unenforced == UnenforcedKind::kIp && !is_address(value))
    fields.wrong("value", "must be an address or a network, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32");
  if (value.size() > kLongestNote) fields.wrong("value", "is longer than 1000 bytes");
  if (!fields.text("match").empty() && fields.text("match") != "exact") fields.wrong("match", "must be exact, or left out, for this kind");
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

// Of a replace-list only whose list of which kind it is; anything else would be thought to mean something.
void check_replace_list(Fields& fields, const FlatObject& object) {
  for (const char* name : {"value", "match", "side", "category", "level", "action", "expires", "valid_from", "shadow", "shadow_until", "canary", "name", "id"})
    if (object.find(name) != nullptr)
      fields.wrong(name, "means nothing in a replace-list: it names kind and source, and the lines behind it are the new list");
}

void read_for_people(Fields& fields, Signature& signature) {
  signature.campaign = fields.text("campaign");
  signature.note = fields.text("note");
  if (signature.campaign.size() > kLongestNote) fields.wrong("campaign", "is longer than 1000 bytes");
  if (signature.note.size() > kLongestNote) fields.wrong("note", "is longer than 1000 bytes");
}

void read_times(Fields& fields, Signature& signature) {
  signature.expires_s = fields.instant_s("expires");
  signature.valid_from_s = fields.instant_s("valid_from");
  if (signature.expires_s != 0 && signature.valid_from_s >= signature.expires_s)
    fields.wrong("valid_from", "must lie before expires");
  signature.shadow_until_s = fields.instant_s("shadow_until");
  const std::uint64_t canary = fields.number("canary", 0);
  if (canary > 99) fields.wrong("canary", "must be 1 to 99: the percent of nodes that enforce it at once");
  signature.canary = static_cast<std::uint8_t>(canary);
  if (canary != 0 && signature.shadow_until_s == 0) fields.wrong("canary", "needs shadow_until: from when on all nodes enforce it");
  if (signature.shadow_until_s == 0) return;
  if (signature.allow) fields.wrong("shadow_until", "means nothing for an allow entry");
  if (signature.expires_s != 0 && signature.shadow_until_s >= signature.expires_s) fields.wrong("shadow_until", "must lie before expires");
}

void read_rest(Fields& fields, const Change& change, Signature& signature) {
  signature.value = fields.text("value");
  read_words(fields, signature);
  if (signature.value.empty() && signature.words.is_empty() && change.op != Change::Op::kReplaceList) fields.wrong("value", "is missing");
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
  read_times(fields, signature);
  signature.source = fields.text("source");
  signature.shadow = fields.flag("shadow");
  if (signature.shadow && signature.shadow_until_s != 0) fields.wrong("shadow", "and shadow_until contradict each other: give one of them");
  if (const std::string word = fields.text("side"); !word.empty()) {
    if (const auto sides = sides_from(word))
      signature.sides = *sides;
    else
      fields.wrong("side", "'" + word + "' must be calling, called or either");
  }
  read_for_people(fields, signature);
}

// What the line does not say. What takes back or replaces names what is there: nothing is left open.
void take_defaults(const FlatObject& object, const Signature& defaults, Signature& signature) {
  const auto is_open = [&](std::string_view name) { return object.find(name) == nullptr; };
  if (is_open("category")) signature.category = defaults.category;
  if (is_open("level")) signature.tier = defaults.tier;
  if (is_open("shadow") && !signature.allow && signature.shadow_until_s == 0) signature.shadow = defaults.shadow;
  if (is_open("action") && !signature.allow) signature.action = defaults.action;
  if (is_open("side") && signature.kind == SignatureKind::kNumber) signature.sides = defaults.sides;
  if (signature.source.empty()) signature.source = defaults.source;
}

}  // namespace

Result<Change> parse_op_line(std::string_view line, const Signature& defaults) {
  FlatObject object;
  if (!object.read(line)) return Error{ErrorCode::kInvalid, "not a JSON object"};
  Fields fields(object);
  for (const FlatValue& member : object.members())
    if (std::find(kFields.begin(), kFields.end(), member.name) == kFields.end()) fields.wrong(member.name, "is an unknown field");
  Change change;
  read_op(fields, change);
  read_kind(fields, change);
  if (change.unenforced == UnenforcedKind::kNone) read_match(fields, change.signature);
  read_rest(fields, change, change.signature);
  if (change.op == Change::Op::kAdd) take_defaults(object, defaults, change.signature);
  check_unenforced(fields, change);
  if (change.op == Change::Op::kReplaceList) check_replace_list(fields, object);
  if (!fields.mistake().empty()) return Error{ErrorCode::kInvalid, fields.mistake()};
  return change;
}

std::string_view why_not_allowed(const Change& change, const Signature& defaults) {
  if (!defaults.allow || change.op != Change::Op::kAdd || change.signature.allow) return {};
  return "the line blocks (\"op\":\"add\"), and --allow was given: op lines say themselves what passes (\"op\":\"allow\")";
}

std::string unknown_operation(std::string_view line) {
  FlatObject object;
  if (!object.read(line)) return {};
  const FlatValue* op = object.find("op");
  if (op == nullptr || op->kind != FlatValue::Kind::kText || op->text.empty()) return {};
  if (std::find(kOperations.begin(), kOperations.end(), op->text) != kOperations.end()) return {};
  return "the operation '" + std::string(op->text.substr(0, 40)) + "' is not known to this version";
}

}  // namespace telefence
