// SPDX-License-Identifier: Apache-2.0
#include "app/rules_text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "app/sentences.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::size_t kNameColumns = 26;
constexpr std::size_t kNumberColumns = 13;

// "  accepted        1,234".
std::string row(std::string_view name, std::uint64_t count, const std::string& more = {}) {
  return "  " + padded(name, kNameColumns) + right_aligned(grouped(count), kNumberColumns) + (more.empty() ? "" : "  " + more) + "\n";
}

std::string row_unless_none(std::string_view name, std::uint64_t count, const std::string& more = {}) {
  return count == 0 ? std::string() : row(name, count, more);
}

std::string refusals(const Ledger& ledger, Language language) {
  std::string out;
  const auto add = [&](ValueFate fate, const Text& name) {
    if (ledger.of(fate) == 0) return;
    out += (out.empty() ? "" : say(language, {", ", "，"})) ;
    out += std::string(say(language, name)) + " " + grouped(ledger.of(fate));
  };
  add(ValueFate::kPublicSuffix, {"public suffix", "公共后缀"});
  add(ValueFate::kNeverBlock, {"never blocked", "永不拦截"});
  add(ValueFate::kTooWide, {"too wide", "范围过宽"});
  add(ValueFate::kProtected, {"protected", "受保护"});
  return out.empty() ? out : say(language, {"({})", "（{}）"}, out);
}

std::string kinds_text(const ListStats& stats, Language language) {
  constexpr Text kNames[] = {{"domains", "域名"}, {"URLs", "网址"}, {"numbers", "号码"}, {"patterns", "文本特征"}};
  std::string out(say(language, {"entries", "条目"}));
  out += "\n";
  for (std::size_t i = 0; i < stats.kinds.size(); ++i) out += row_unless_none(say(language, kNames[i]), stats.kinds[i]);
  out += row_unless_none(say(language, {"of domains: this name only", "其中仅本名的域名"}), stats.exact_domains);
  out += row_unless_none(say(language, {"of domains: international", "其中国际化域名"}), stats.international_domains);
  out += row_unless_none(say(language, {"of numbers: whole ones", "其中完整号码"}), stats.exact_numbers);
  out += row_unless_none(say(language, {"allowed", "白名单"}), stats.allowed);
  out += row_unless_none(say(language, {"in shadow", "影子"}), stats.shadow);
  out += row_unless_none(say(language, {"with an end", "有失效时间"}), stats.expiring);
  out += row_unless_none(say(language, {"of them past it", "其中已失效"}), stats.expired);
  return out;
}

std::string table(std::string_view title, const std::string& rows) { return rows.empty() ? rows : std::string(title) + "\n" + rows; }

}  // namespace

Json to_json(const Ledger& ledger) {
  Json out = {{"lines", ledger.lines}, {"silent_lines", ledger.silent_lines}, {"values", ledger.values}};
  for (std::size_t i = 0; i < kValueFateCount; ++i) out[std::string(kValueFateNames[i])] = ledger.fates[i];
  return out;
}

Ledger total_of(const Reading& reading) {
  Ledger sum;
  for (const FileRead& file : reading.files) sum.add(file.ledger);
  CHECK(sum.adds_up());
  return sum;
}

Json to_json(const Reading& reading) {
  Json out = {{"files", Json::array()}, {"total", to_json(total_of(reading))}, {"complaints", Json::array()}};
  for (const FileRead& file : reading.files) {
    Json one = {{"file", file.name}, {"format", file.format}};
    one.update(to_json(file.ledger));
    one["over"] = file.over;
    out["files"].push_back(std::move(one));
  }
  for (const Complaint& complaint : reading.complaints) out["complaints"].push_back(to_json(complaint));
  out["complaints_not_shown"] = reading.complaint_count - reading.complaints.size();
  return out;
}

Json to_json(const ListStats& stats) {
  Json out;
  for (std::size_t i = 0; i < stats.kinds.size(); ++i) out["kinds"][std::string(kind_name(static_cast<SignatureKind>(i)))] = stats.kinds[i];
  for (std::size_t i = 0; i < kCategoryCount; ++i) out["categories"][std::string(category_name(static_cast<Category>(i)))] = stats.categories[i];
  for (std::size_t i = 1; i < stats.tiers.size(); ++i) out["tiers"][std::to_string(i)] = stats.tiers[i];
  out["allowed"] = stats.allowed;
  out["shadow"] = stats.shadow;
  out["expiring"] = stats.expiring;
  out["expired"] = stats.expired;
  out["exact_domains"] = stats.exact_domains;
  out["international_domains"] = stats.international_domains;
  out["exact_numbers"] = stats.exact_numbers;
  out["labels"] = Json::object();
  out["prefix_digits"] = Json::object();
  for (std::size_t i = 0; i < stats.labels.size(); ++i)
    if (stats.labels[i] != 0) out["labels"][std::to_string(i)] = stats.labels[i];
  for (std::size_t i = 0; i < stats.prefix_digits.size(); ++i)
    if (stats.prefix_digits[i] != 0) out["prefix_digits"][std::to_string(i)] = stats.prefix_digits[i];
  out["public_suffixes"] = stats.suffix_count;
  out["top_public_suffixes"] = Json::array();
  for (const auto& [suffix, count] : stats.suffixes) out["top_public_suffixes"].push_back({{"suffix", suffix}, {"domains", count}});
  out["wide"] = stats.wide;
  out["wide_not_shown"] = stats.wide_count - stats.wide.size();
  out["value_bytes"] = stats.memory_bytes;
  return out;
}

Json to_json(const Written& written) {
  return {{"entries", written.whole + written.less}, {"covering_less", written.less}, {"left_out", written.left_out},
          {"let_through_by_others", written.allowed}, {"allow_entries_left_out", written.unsaid_allows}, {"of_another_category", written.otherwise}, {"without_their_end", written.endless}};
}

std::string to_text(const FileRead& file, Language language) {
  const Ledger& ledger = file.ledger;
  std::string out = say(language, {"{} ({})", "{}（{}）"}, file.name, file.format) + "\n";
  out += row(say(language, {"lines read", "读入行数"}), ledger.lines);
  out += row_unless_none(say(language, {"lines without entries", "无条目的行"}), ledger.silent_lines,
                         std::string(say(language, {"(blank, comments, headings)", "（空行、注释、表头）"})));
  out += row(say(language, {"values", "值"}), ledger.values);
  out += row(say(language, {"accepted", "采用"}), ledger.of(ValueFate::kAccepted));
  out += row_unless_none(say(language, {"of them past their end", "其中已失效"}), file.over,
                         std::string(say(language, {"(they do nothing)", "（不起作用）"})));
  out += row_unless_none(say(language, {"duplicates", "重复"}), ledger.of(ValueFate::kDuplicate));
  out += row_unless_none(say(language, {"covered", "已被覆盖"}), ledger.of(ValueFate::kCovered),
                         std::string(say(language, {"(another entry takes them in)", "（另一条目已包含）"})));
  out += row_unless_none(say(language, {"skipped", "跳过"}), ledger.of(ValueFate::kSkipped));
  out += row_unless_none(say(language, {"refused", "拒绝"}), ledger.refused(), refusals(ledger, language));
  return out;
}

std::string to_text(const ListStats& stats, Language language) {
  std::string out = kinds_text(stats, language);
  std::string rows;
  for (std::size_t i = 0; i < kCategoryCount; ++i) rows += row_unless_none(say(language, static_cast<Category>(i)), stats.categories[i]);
  out += table(say(language, {"categories", "类别"}), rows);
  rows.clear();
  for (std::size_t i = 1; i < stats.tiers.size(); ++i) rows += row_unless_none(say(language, {"tier {}", "{} 级"}, i), stats.tiers[i]);
  out += table(say(language, {"tiers", "等级"}), rows);
  rows.clear();
  for (std::size_t i = 0; i < stats.labels.size(); ++i) rows += row_unless_none(counted(language, i, {"label", "级域名"}, {"labels", "级域名"}), stats.labels[i]);
  out += table(say(language, {"domains by labels", "域名级数"}), rows);
  rows.clear();
  for (std::size_t i = 0; i < stats.prefix_digits.size(); ++i)
    rows += row_unless_none(counted(language, i, {"digit", "位"}, {"digits", "位"}), stats.prefix_digits[i]);
  out += table(say(language, {"number prefixes by length", "号段长度"}), rows);
  rows.clear();
  for (const auto& [suffix, count] : stats.suffixes) rows += row(suffix, count);
  out += table(say(language, {"most domains are below", "域名最多的公共后缀"}), rows);
  rows.clear();
  for (const std::string& value : stats.wide) rows += "  " + value + "\n";
  if (stats.wide_count > stats.wide.size()) rows += "  " + say(language, {"{} more", "另有 {} 条"}, grouped(stats.wide_count - stats.wide.size())) + "\n";
  out += table(say(language, {"wide entries, to be looked at", "范围较宽、宜复核的条目"}), rows);
  return out;
}

std::string to_text(const Written& written, const std::string& file, Language language) {
  std::string out = say(language, {"written to {}: {}", "已写入 {}：{}"}, file,
                        counted(language, written.whole + written.less, {"entry", "条"}, {"entries", "条"})) + "\n";
  if (written.less != 0)
    out += say(language, {"  {} of them cover less than the entry: this format has names alone, not what is below them",
                          "  其中 {} 条覆盖范围变窄：该格式只能写域名本身，不含其子域名"}, grouped(written.less)) + "\n";
  if (written.left_out != 0)
    out += say(language, {"  {} left out: this format has no words for them, or for what lets them through", "  {} 条未写出：该格式无法表达该条目，或无法表达对它的放行"}, grouped(written.left_out)) + "\n";
  if (written.allowed != 0)
    out += say(language, {"    of these {} would block what another entry lets through", "    其中 {} 条会拦截另一条目放行的内容"}, grouped(written.allowed)) + "\n";
  if (written.unsaid_allows != 0)
    out += say(language, {"    of these {} let something through: what is written may block it, where it covers more", "    其中 {} 条为放行条目：写出的条目若范围更宽，可能会拦截这些内容"}, grouped(written.unsaid_allows)) + "\n";
  if (written.otherwise != 0)
    out += say(language, {"  {} of them are of another category or tier than the list says of all", "  其中 {} 条的类别或等级与名单的统一设置不同"}, grouped(written.otherwise)) + "\n";
  if (written.endless != 0)
    out += say(language, {"  {} of them have an end that this format can't say: take them out by then", "  其中 {} 条有失效时间，但该格式无法表达：到期请自行移除"}, grouped(written.endless)) + "\n";
  return out;
}

std::string complaints_text(const Reading& reading, std::size_t most, Language language) {
  std::string out;
  const std::vector<Complaint>& complaints = reading.complaints;
  const std::size_t shown = std::min(most, complaints.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string_view kind = complaints[i].is_left_out ? say(language, {"left out", "未采用"}) : say(language, {"doubtful", "存疑"});
    out += std::string(kind) + ": " + to_text(complaints[i], language) + "\n";
  }
  if (const std::uint64_t more = reading.complaint_count - shown; more != 0)
    out += say(language, {"{} more: --most N shows more, --json up to 1,000", "另有 {} 条：--most N 可显示更多，--json 至多 1,000 条"}, grouped(more)) + "\n";
  return out;
}

std::string changes_text(const std::vector<FieldChange>& changes, Language language) {
  std::string out;
  const auto word = [&](const FieldChange& change, const std::string& value) -> std::string_view {
    if (value.empty()) return say(language, {"none", "无"});
    if (change.field == "category") return say(language, category_from(value).value_or(Category::kOther));
    return word_of(language, value);
  };
  for (const FieldChange& change : changes) {
    out += (out.empty() ? " (" : "; ") + std::string(word_of(language, change.field)) + ": ";
    out += std::string(word(change, change.before)) + " -> " + std::string(word(change, change.after));
  }
  return out.empty() ? out : out + ")";
}

void print_reading(const Reading& reading, std::size_t most, std::FILE* to, Language language) {
  std::fputs(complaints_text(reading, most, language).c_str(), stderr);
  for (const FileRead& file : reading.files) std::fputs(to_text(file, language).c_str(), to);
  if (reading.files.size() < 2) return;
  FileRead sum{std::string(say(language, {"all", "合计"})), "", total_of(reading)};
  sum.format = say(language, {"sum", "总数"});
  std::fputs(to_text(sum, language).c_str(), to);
}

std::string list_option(const std::string& file, SignatureKind kind, const Signature& meaning, bool exact) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(file, failed);
  std::string out = "- {file: " + to_line(Json(failed ? file : whole.lexically_normal().string())) + ", kind: " + std::string(kind_name(kind));
  if (meaning.allow) out += ", allow: true";
  if (exact) out += ", exact: true";
  if (kind == SignatureKind::kNumber && meaning.sides != Signature::Sides::kEither) out += ", side: " + std::string(sides_name(meaning.sides));
  if (!meaning.allow) out += ", category: " + std::string(category_name(meaning.category)) + ", tier: " + std::to_string(meaning.tier);
  if (!meaning.action.empty()) out += ", action: " + meaning.action;
  if (meaning.shadow) out += ", shadow: true";
  return out + "}";
}

}  // namespace telefence
