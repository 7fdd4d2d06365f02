// SPDX-License-Identifier: Apache-2.0
#include "signatures/flat_json.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace telefence {
namespace {

constexpr std::size_t kUsualMembers = 12;
constexpr std::size_t kMostDigits = 19;  // any of them fits into 64 bits

// A cursor over text that is plain; ok() is false from the first byte on that is not.
class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool is_at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  bool take(char wanted) {
    skip_blanks();
    if (!ok_ || at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) { ok_ = ok_ && take(wanted); }

  std::string_view text() {
    expect('"');
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      const auto octet = static_cast<std::uint8_t>(text_[at_]);
      if (octet < 0x20 || octet >= 0x80 || octet == '\\') return fail();
      ++at_;
    }
    if (!ok_ || at_ == text_.size()) return fail();
    return text_.substr(begin, at_++ - begin);
  }

  void value(FlatValue& out) {
    skip_blanks();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '"') {
      out.kind = FlatValue::Kind::kText;
      out.text = text();
    } else if (first >= '0' && first <= '9') {
      number(out);
    } else if (word("true") || word("false")) {
      out.kind = FlatValue::Kind::kFlag;
      out.flag = first == 't';
    } else if (word("null")) {
      out.kind = FlatValue::Kind::kNull;
    } else {
      fail();
    }
  }

 private:
  std::string_view fail() {
    ok_ = false;
    return {};
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) ++at_;
  }
  bool word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }
  void number(FlatValue& out) {
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out.number);
    const auto digits = static_cast<std::size_t>(end - text_.data()) - at_;
    const bool has_leading_zero = digits > 1 && text_[at_] == '0';
    at_ += digits;
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    if (error != std::errc{} || digits > kMostDigits || has_leading_zero || next == '.' || next == 'e' || next == 'E') fail();
    out.kind = FlatValue::Kind::kNumber;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace

bool FlatObject::read(std::string_view line) {
  if (read_plain(line)) return true;
  return read_any(line);
}

const FlatValue* FlatObject::find(std::string_view name) const {
  for (const FlatValue& member : members_)
    if (member.name == name) return member.kind == FlatValue::Kind::kNull ? nullptr : &member;
  return nullptr;
}

bool FlatObject::read_plain(std::string_view line) {
  members_.clear();
  members_.reserve(kUsualMembers);
  PlainReader reader(line);
  reader.expect('{');
  if (!reader.take('}')) {
    do {
      FlatValue member;
      member.name = reader.text();
      reader.expect(':');
      reader.value(member);
      // Of a name that is there twice the last one counts: seldom enough to leave it to the other reader.
      if (!reader.ok() || std::any_of(members_.begin(), members_.end(), [&](const FlatValue& other) { return other.name == member.name; })) return false;
      members_.push_back(std::move(member));
    } while (reader.take(','));
    reader.expect('}');
  }
  return reader.ok() && reader.is_at_end();
}

bool FlatObject::read_any(std::string_view line) {
  members_.clear();
  kept_.clear();
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  for (const auto& [name, value] : object.items()) {
    FlatValue member;
    member.name = kept_.emplace_back(name);
    if (value.is_string()) {
      member.kind = FlatValue::Kind::kText;
      member.text = kept_.emplace_back(value.get_ref<const std::string&>());
    } else if (value.is_number_unsigned()) {
      member.kind = FlatValue::Kind::kNumber;
      member.number = value.get<std::uint64_t>();
    } else if (value.is_boolean()) {
      member.kind = FlatValue::Kind::kFlag;
      member.flag = value.get<bool>();
    } else if (value.is_array()) {
      member.kind = FlatValue::Kind::kList;
      for (const auto& item : value) {
        member.has_only_texts &= item.is_string();
        if (item.is_string()) member.texts.push_back(item.get<std::string>());
      }
    } else {
      member.kind = value.is_null() ? FlatValue::Kind::kNull : FlatValue::Kind::kOther;
    }
    members_.push_back(std::move(member));
  }
  return true;
}

}  // namespace telefence
