// SPDX-License-Identifier: Apache-2.0

// A change as its op line. Millions are written at once: no JSON document in between.

#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "signatures/op_line.h"
#include "signatures/words.h"

namespace telefence {
namespace {

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

// Appends one member after the other.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  void text_unless_empty(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void raw(std::string_view name, std::string_view json) {
    key(name);
    out_ += json;
  }
  template <typename Number>
  void number_unless_zero(std::string_view name, Number value) {
    if (value != 0) raw(name, std::to_string(value));
  }
  void texts_unless_empty(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    key(name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      out_ += i == 0 ? '[' : ',';
      append_json_string(out_, values[i]);
    }
    out_ += ']';
  }

 private:
  void key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    ((out_ += '"') += name) += "\":";
  }
  std::string& out_;
};

void add_entry_fields(const Signature& signature, bool is_enforced, Members& line) {
  line.text_unless_empty("name", signature.name);
  if (is_enforced && signature.kind == SignatureKind::kNumber) line.text("side", sides_name(signature.sides));
  if (signature.fold != TextFold::kAll) line.text("fold", fold_name(signature.fold));
  line.text_unless_empty("action", signature.action);
  line.text("category", category_name(signature.category));
  line.raw("level", std::to_string(signature.tier));
  line.number_unless_zero("id", signature.id);
  line.number_unless_zero("valid_from", signature.valid_from_s);
  line.number_unless_zero("shadow_until", signature.shadow_until_s);
  line.number_unless_zero("canary", signature.canary);
  line.number_unless_zero("expires", signature.expires_s);
}

}  // namespace

std::string to_op_line(const Change& change) {
  const Signature& signature = change.signature;
  const bool is_enforced = change.unenforced == UnenforcedKind::kNone;
  std::string out;
  out.reserve(128 + signature.value.size());
  Members line(out);
  line.text("op", op_name(change));
  line.text("kind", kind_name(change));
  if (change.op != Change::Op::kReplaceList) {
    line.text("value", signature.value);
    if (is_enforced) line.text("match", match_word(signature));
    // They say what a removal means, too.
    line.texts_unless_empty("all", signature.words.all);
    line.texts_unless_empty("any", signature.words.any);
    line.texts_unless_empty("none", signature.words.none);
  }
  if (change.op == Change::Op::kAdd) add_entry_fields(signature, is_enforced, line);
  if (change.op == Change::Op::kRemove) line.text_unless_empty("name", signature.name);
  line.text_unless_empty("source", signature.source);
  if (change.op == Change::Op::kAdd && signature.shadow) line.raw("shadow", "true");
  line.text_unless_empty("campaign", signature.campaign);
  line.text_unless_empty("note", signature.note);
  return out += '}';
}

}  // namespace telefence
