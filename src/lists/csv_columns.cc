// SPDX-License-Identifier: Apache-2.0
#include "lists/csv_columns.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "lists/number_text.h"
#include "lists/text.h"
#include "signatures/words.h"

namespace telefence {
namespace {

struct Heading {
  std::string_view name;
  Column column;
};

constexpr Heading kHeadings[] = {
    {"value", Column::kValue}, {"indicator", Column::kValue}, {"ioc", Column::kValue}, {"值", Column::kValue}, {"内容", Column::kValue},
    {"指标", Column::kValue},
    {"domain", Column::kDomain}, {"domains", Column::kDomain}, {"hostname", Column::kDomain}, {"host", Column::kDomain},
    {"域名", Column::kDomain}, {"涉诈域名", Column::kDomain}, {"网站", Column::kDomain}, {"网站域名", Column::kDomain},
    {"url", Column::kUrl}, {"urls", Column::kUrl}, {"link", Column::kUrl}, {"网址", Column::kUrl}, {"涉诈网址", Column::kUrl},
    {"链接", Column::kUrl},
    {"number", Column::kNumber}, {"phone", Column::kNumber}, {"msisdn", Column::kNumber}, {"telephone", Column::kNumber},
    {"phone_number", Column::kNumber}, {"号码", Column::kNumber}, {"电话", Column::kNumber}, {"电话号码", Column::kNumber},
    {"手机号", Column::kNumber}, {"手机号码", Column::kNumber}, {"涉诈号码", Column::kNumber},
    {"号段", Column::kSegment}, {"号码段", Column::kSegment}, {"号码前缀", Column::kSegment}, {"number_segment", Column::kSegment},
    {"number_prefix", Column::kSegment},
    {"calling", Column::kCalling}, {"caller", Column::kCalling}, {"calling_number", Column::kCalling}, {"主叫", Column::kCalling},
    {"主叫号码", Column::kCalling},
    {"called", Column::kCalled}, {"callee", Column::kCalled}, {"called_number", Column::kCalled}, {"被叫", Column::kCalled},
    {"被叫号码", Column::kCalled},
    {"pattern", Column::kPattern}, {"keyword", Column::kPattern}, {"text", Column::kPattern}, {"关键词", Column::kPattern},
    {"关键字", Column::kPattern}, {"文本特征", Column::kPattern}, {"特征", Column::kPattern},
    {"kind", Column::kKind}, {"type", Column::kKind}, {"indicator_type", Column::kKind}, {"类型", Column::kKind}, {"种类", Column::kKind},
    {"match", Column::kMatch}, {"匹配", Column::kMatch}, {"匹配方式", Column::kMatch},
    {"category", Column::kCategory}, {"threat", Column::kCategory}, {"类别", Column::kCategory}, {"涉诈类别", Column::kCategory},
    {"诈骗类型", Column::kCategory}, {"涉诈类型", Column::kCategory}, {"诈骗类别", Column::kCategory},
    {"tier", Column::kTier}, {"level", Column::kTier}, {"severity", Column::kTier}, {"等级", Column::kTier}, {"级别", Column::kTier},
    {"风险等级", Column::kTier},
    {"action", Column::kAction}, {"处置", Column::kAction}, {"动作", Column::kAction}, {"处置方式", Column::kAction},
    {"expires", Column::kExpires}, {"expiry", Column::kExpires}, {"valid_until", Column::kExpires}, {"失效时间", Column::kExpires},
    {"到期时间", Column::kExpires}, {"有效期至", Column::kExpires}, {"截止时间", Column::kExpires},
    {"source", Column::kSource}, {"来源", Column::kSource}, {"数据来源", Column::kSource},
    {"name", Column::kName}, {"名称", Column::kName}, {"id", Column::kId}, {"shadow", Column::kShadow}, {"影子", Column::kShadow},
    {"side", Column::kSide}, {"op", Column::kOp}, {"operation", Column::kOp},
    {"操作", Column::kOp}, {"操作类型", Column::kOp}, {"名单类型", Column::kOp}, {"to_ids", Column::kForDetection},
    {"whitelist", Column::kAllowed}, {"whitelisted", Column::kAllowed}, {"is_whitelist", Column::kAllowed}, {"is_whitelisted", Column::kAllowed},
    {"in_whitelist", Column::kAllowed}, {"on_whitelist", Column::kAllowed}, {"white_list", Column::kAllowed}, {"allowlist", Column::kAllowed},
    {"allowlisted", Column::kAllowed}, {"is_allowlist", Column::kAllowed}, {"is_allowlisted", Column::kAllowed}, {"in_allowlist", Column::kAllowed},
    {"on_allowlist", Column::kAllowed}, {"allow_list", Column::kAllowed}, {"allow_listed", Column::kAllowed}, {"white_listed", Column::kAllowed},
    {"iswhitelist", Column::kAllowed}, {"iswhitelisted", Column::kAllowed}, {"isallowlist", Column::kAllowed}, {"isallowlisted", Column::kAllowed},
    {"allow", Column::kAllowed}, {"allowed", Column::kAllowed}, {"is_allowed", Column::kAllowed}, {"白名单", Column::kAllowed},
    {"是否白名单", Column::kAllowed}, {"是否为白名单", Column::kAllowed}, {"是否是白名单", Column::kAllowed}, {"是否属于白名单", Column::kAllowed},
    {"是否在白名单", Column::kAllowed}, {"是否在白名单内", Column::kAllowed}, {"是否在白名单中", Column::kAllowed}, {"白名单标识", Column::kAllowed},
    {"白名单标志", Column::kAllowed}, {"白名单标记", Column::kAllowed}, {"白名单用户", Column::kAllowed}, {"是否白名单用户", Column::kAllowed},
    {"是否加白", Column::kAllowed}, {"是否放行", Column::kAllowed},
    {"blacklist", Column::kListed}, {"blacklisted", Column::kListed}, {"is_blacklist", Column::kListed}, {"is_blacklisted", Column::kListed},
    {"blocklist", Column::kListed}, {"blocklisted", Column::kListed}, {"is_blocklisted", Column::kListed}, {"blocked", Column::kListed},
    {"is_blocked", Column::kListed}, {"黑名单", Column::kListed}, {"是否黑名单", Column::kListed}, {"是否为黑名单", Column::kListed},
    {"是否是黑名单", Column::kListed}, {"是否在黑名单", Column::kListed}, {"是否涉诈", Column::kListed}, {"是否拦截", Column::kListed},
    {"note", Column::kNote}, {"notes", Column::kNote}, {"comment", Column::kNote}, {"remark", Column::kNote}, {"description", Column::kNote},
    {"备注", Column::kNote}, {"说明", Column::kNote}, {"描述", Column::kNote}, {"no", Column::kNote}, {"no.", Column::kNote}, {"index", Column::kNote},
    {"序号", Column::kNote}, {"编号", Column::kNote}, {"date", Column::kNote}, {"time", Column::kNote}, {"dateadded", Column::kNote},
    {"date_added", Column::kNote}, {"first_seen", Column::kNote}, {"first_seen_utc", Column::kNote}, {"last_seen", Column::kNote},
    {"last_seen_utc", Column::kNote}, {"日期", Column::kNote}, {"时间", Column::kNote}, {"录入时间", Column::kNote}, {"上报时间", Column::kNote},
    {"reporter", Column::kNote}, {"reference", Column::kNote},
};

struct CategoryWord {
  std::string_view word;
  Category category;
};
// What the field says beside the names of the categories themselves.
constexpr CategoryWord kCategoryWords[] = {
    {"贷款", Category::kLoan}, {"虚假贷款", Category::kLoan}, {"刷单", Category::kClickFarm}, {"刷单诈骗", Category::kClickFarm},
    {"刷单返利诈骗", Category::kClickFarm}, {"冒充公检法诈骗", Category::kFakePolice}, {"公检法", Category::kFakePolice},
    {"虚假投资", Category::kRomanceInvest}, {"虚假投资理财", Category::kRomanceInvest}, {"杀猪盘诈骗", Category::kRomanceInvest},
    {"冒充电商客服", Category::kFakeService}, {"冒充客服诈骗", Category::kFakeService}, {"冒充熟人", Category::kImpersonation},
    {"冒充领导", Category::kImpersonation}, {"中奖", Category::kPrize}, {"虚假中奖诈骗", Category::kPrize}, {"征信", Category::kCredit},
    {"虚假征信诈骗", Category::kCredit}, {"钓鱼", Category::kPhishing}, {"钓鱼网站", Category::kPhishing}, {"仿冒", Category::kPhishing},
    {"涉诈app", Category::kMalwareApp}, {"恶意软件", Category::kMalwareApp}, {"malware", Category::kMalwareApp},
    {"malware_download", Category::kMalwareApp}, {"改号", Category::kSpoofedCaller}, {"境外冒充", Category::kSpoofedCaller},
    {"赌博", Category::kGambling}, {"网络赌博", Category::kGambling}, {"其它", Category::kOther},
};

constexpr std::string_view kChinaZone = "+08:00";

// Exporters write allow-list, "Allow List" and allow_list for the same; the table has the last.
bool is_named(std::string_view known, std::string_view heading) {
  const auto letter = [](char c) { return c == '-' || c == ' ' ? '_' : lower(c); };
  return std::equal(known.begin(), known.end(), heading.begin(), heading.end(), [letter](char x, char y) { return letter(x) == letter(y); });
}

// The next number of a date, of two digits at least; empty: there is none, or it has too many.
std::string take_date_number(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  if (size == 0 || size > 4) return {};
  std::string number(size == 1 ? "0" : "");
  number += text.substr(0, size);
  text.remove_prefix(size);
  return number;
}

// One of these signs; what stands behind it is left.
bool take_sign(std::string_view& text, std::initializer_list<std::string_view> signs) {
  for (const std::string_view sign : signs) {
    if (!text.starts_with(sign)) continue;
    text.remove_prefix(sign.size());
    return true;
  }
  return false;
}

// A day and what follows it, with the digits that ISO 8601 wants: 2027/1/1 8:00 and 2027年1月1日8:00 are 2027-01-01 8:00 ... What is
// written otherwise stays what it is.
std::string with_all_digits(std::string_view text) {
  std::string_view rest = text;
  const std::string year = take_date_number(rest);
  if (year.size() != 4 || !take_sign(rest, {"-", "/", ".", "年"})) return std::string(text);
  const std::string month = take_date_number(rest);
  if (month.size() != 2 || !take_sign(rest, {"-", "/", ".", "月"})) return std::string(text);
  const std::string day = take_date_number(rest);
  if (day.size() != 2) return std::string(text);
  const bool has_sign = take_sign(rest, {"日", "号"});
  const bool has_time = has_sign ? !trimmed(rest).empty() : !rest.empty() && (lower(rest[0]) == 't' || rest[0] == ' ');
  const std::string date = year + "-" + month + "-" + day;
  if (!has_time) return date + std::string(trimmed(rest));
  (void)take_sign(rest, {"T", "t"});
  rest = trimmed(rest);
  const std::string hour = take_date_number(rest);
  return date + "T" + hour + std::string(rest);
}

}  // namespace

Column column_from(std::string_view heading) {
  heading = trimmed(heading);
  while (heading.starts_with('#')) heading = trimmed(heading.substr(1));
  for (const Heading& known : kHeadings)
    if (is_named(known.name, heading)) return known.column;
  return Column::kOther;
}

char separator_of(std::string_view heading) {
  const auto count = [heading](char c) { return std::count(heading.begin(), heading.end(), c); };
  return count('\t') > count(',') ? '\t' : count(';') > count(',') ? ';' : ',';
}

std::optional<Category> category_of(std::string_view word) {
  word = trimmed(word);
  const std::string small = lower(word);
  if (const auto category = category_from(small)) return category;
  for (std::size_t i = 0; i < kCategoryCount; ++i)
    if (category_name_zh(static_cast<Category>(i)) == word) return static_cast<Category>(i);
  for (const CategoryWord& known : kCategoryWords)
    if (known.word == small) return known.category;
  return std::nullopt;
}

std::optional<Tier> tier_of(std::string_view word) {
  word = trimmed(word);
  constexpr std::array<std::array<std::string_view, 5>, 3> kWords{{{"1", "高", "high", "高危", "1级"},
                                                                   {"2", "中", "medium", "中危", "2级"},
                                                                   {"3", "低", "low", "低危", "3级"}}};
  for (std::size_t i = 0; i < kWords.size(); ++i)
    for (const std::string_view known : kWords[i])
      if (equal_but_case(known, word)) return static_cast<Tier>(i + 1);
  return std::nullopt;
}

std::optional<std::int64_t> instant_of(std::string_view word) {
  std::string text = half_width(trimmed(word));
  if (!text.empty() && text.size() <= 12 && text.find_first_not_of("0123456789") == std::string::npos && text.size() > 8) return std::stoll(text);
  text = with_all_digits(text);
  const std::string zone(kChinaZone);
  for (const std::string& whole : {text, text + zone, text + ":00" + zone, text + "T00:00:00" + zone})
    if (const auto instant = parse_instant_ms(whole); instant && *instant >= 1000) return *instant / 1000;
  return std::nullopt;
}

bool is_without_end(std::string_view word) {
  word = trimmed(word);
  for (const std::string_view known : {"长期", "永久", "长期有效", "永久有效", "永不过期", "never", "permanent"})
    if (equal_but_case(known, word)) return true;
  return false;
}

}  // namespace telefence
