// SPDX-License-Identifier: Apache-2.0
#include "signatures/words.h"

#include <chrono>
#include <cstdio>

namespace telefence {
namespace {

// Takes fixed-width digits and expected characters off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool has(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool skip(char c) {
    if (!has(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  int digits(std::size_t count) {
    if (rest_.size() < count) return fail();
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // Digits behind the point, as milliseconds; what is finer is cut.
  int milliseconds() {
    int value = 0;
    int scale = 100;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return fail();
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1)) {
      value += (rest_.front() - '0') * scale;
      scale /= 10;
    }
    return value;
  }
  void expect(char c) {
    if (!skip(c)) fail();
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string_view kind_name(SignatureKind kind) {
  switch (kind) {
    case SignatureKind::kDomain:
      return "domain";
    case SignatureKind::kUrl:
      return "url";
    case SignatureKind::kNumber:
      return "number";
    case SignatureKind::kPattern:
      return "pattern";
  }
  return "domain";
}

std::optional<SignatureKind> kind_from(std::string_view name) {
  for (const SignatureKind kind :
       {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber, SignatureKind::kPattern})
    if (kind_name(kind) == name) return kind;
  return std::nullopt;
}

std::array<std::string_view, kTextFolds> fold_names() { return {"all", "case", "width", "none"}; }

std::string_view fold_name(TextFold fold) { return fold_names()[static_cast<std::size_t>(fold)]; }

std::optional<TextFold> fold_from(std::string_view name) {
  for (std::size_t i = 0; i < kTextFolds; ++i)
    if (fold_names()[i] == name) return static_cast<TextFold>(i);
  return std::nullopt;
}

std::optional<TextFold> fold_from(std::optional<std::size_t> index) {
  return index ? std::optional(static_cast<TextFold>(*index)) : std::nullopt;
}

std::string_view unenforced_name(UnenforcedKind kind) {
  switch (kind) {
    case UnenforcedKind::kNone:
      return "";
    case UnenforcedKind::kIp:
      return "ip";
    case UnenforcedKind::kAccount:
      return "account";
    case UnenforcedKind::kApp:
      return "app";
  }
  return "";
}

std::optional<UnenforcedKind> unenforced_from(std::string_view name) {
  for (const UnenforcedKind kind : {UnenforcedKind::kIp, UnenforcedKind::kAccount, UnenforcedKind::kApp})
    if (unenforced_name(kind) == name) return kind;
  return std::nullopt;
}

std::string_view kind_name(const Change& change) {
  return change.unenforced == UnenforcedKind::kNone ? kind_name(change.signature.kind) : unenforced_name(change.unenforced);
}

std::string_view op_name(const Change& change) {
  switch (change.op) {
    case Change::Op::kRemove:
      return "remove";
    case Change::Op::kReplaceList:
      return "replace-list";
    case Change::Op::kAdd:
      break;
  }
  return change.signature.allow ? "allow" : "add";
}

std::string_view sides_name(Signature::Sides sides) {
  switch (sides) {
    case Signature::Sides::kCalling:
      return "calling";
    case Signature::Sides::kCalled:
      return "called";
    case Signature::Sides::kEither:
      return "either";
  }
  return "either";
}

std::optional<Signature::Sides> sides_from(std::string_view name) {
  for (const auto sides : {Signature::Sides::kCalling, Signature::Sides::kCalled, Signature::Sides::kEither})
    if (sides_name(sides) == name) return sides;
  return std::nullopt;
}

std::optional<std::int64_t> parse_instant_ms(std::string_view text) {
  Scanner scan(text);
  const int year = scan.digits(4);
  scan.expect('-');
  const int month = scan.digits(2);
  scan.expect('-');
  const int day = scan.digits(2);
  if (!scan.skip('T') && !scan.skip('t')) scan.expect(' ');
  const int hour = scan.digits(2);
  scan.expect(':');
  const int minute = scan.digits(2);
  scan.expect(':');
  const int second = scan.digits(2);
  const int milliseconds = scan.skip('.') ? scan.milliseconds() : 0;
  int zone_minutes = 0;
  if (!scan.skip('Z') && !scan.skip('z')) {
    const int sign = scan.has('-') ? -1 : 1;
    if (!scan.skip('-')) scan.expect('+');
    zone_minutes = 60 * scan.digits(2);
    scan.skip(':');
    zone_minutes = sign * (zone_minutes + scan.digits(2));
  }
  // A second of 60 is a leap second (RFC 3339, 5.6).
  if (!scan.ok() || !scan.at_end() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + hour) * 60 + minute - zone_minutes) * 60 + second;
  return seconds * 1000 + milliseconds;
}

std::string instant_text(std::int64_t unix_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace telefence
