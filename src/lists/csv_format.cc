// SPDX-License-Identifier: Apache-2.0

// Tables (RFC 4180) with headings in English or Chinese, divided by commas, semicolons or tabs. At least one column has to be a value:
// a domain, URL, number, keyword, or a value whose kind another column tells. Columns that are not known are passed over. The heading
// may stand in a comment, as abuse.ch has it; after it the table may have comments.

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>

#include "lists/csv_columns.h"
#include "lists/csv_row.h"
#include "lists/list_format.h"
#include "lists/number_text.h"
#include "lists/text.h"
#include "lists/url_text.h"
#include "signatures/number_range.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::size_t kMostColumns = 256;

bool is_value(Column column) { return column >= Column::kValue && column <= Column::kPattern; }

std::vector<std::string> fields_of(std::string_view line) {
  CsvRow row;
  row.begin(separator_of(line));
  row.add(line);
  return row.fields();
}

// The columns that a line names; empty: it is no heading.
std::vector<Column> heading_of(std::string_view line) {
  std::vector<Column> columns;
  if (trimmed(line).starts_with("{\"")) return columns;  // an object of JSON, whose keys look like names of columns
  bool has_value = false;
  std::size_t known = 0;
  const std::vector<std::string> fields = fields_of(line);
  if (fields.size() > kMostColumns) return {};
  for (const std::string& field : fields) {
    columns.push_back(column_from(field));
    has_value = has_value || is_value(columns.back());
    known += columns.back() != Column::kOther && columns.back() != Column::kNote;
  }
  // One word alone is as well the first line of another list.
  if (!has_value || (columns.size() > 1 && known < 2 && columns.size() > 3)) return {};
  return columns;
}

bool is_sure_heading(std::string_view line) { return line.find_first_of(",;\t") != std::string_view::npos && !heading_of(line).empty(); }

int sniff(const Sample& sample) {
  if (!sample.lines.empty() && is_sure_heading(sample.lines[0])) return 93;
  if (!sample.lines.empty() && !heading_of(sample.lines[0]).empty() && !looks_like_domain(sample.lines[0])) return 85;
  for (const std::string_view comment : sample.comments)
    if (is_sure_heading(comment) && sample.lines.size() > 0 && sample.lines[0].find_first_of(",;\t") != std::string_view::npos) return 92;
  return 0;
}

class Table {
 public:
  Table(const Signature& common, ListSink& sink) : common_(common), sink_(sink) {}

  void line(std::uint64_t number, std::string_view text) {
    if (open_lines_.empty() && trimmed(text).empty()) return sink_.pass(number);
    if (open_lines_.empty() && text[0] == '#') return comment(number, text);
    if (columns_.empty()) return heading(number, text);
    if (open_lines_.empty()) row_.begin(separator_);
    open_lines_.push_back({number, std::string(text)});
    const bool is_whole = row_.add(text);
    if (row_.is_broken()) return give_up_broken();
    if (!is_whole && row_.size() < TextSource::kLongestLine) return;
    if (!is_whole) return give_up_open();
    for (std::size_t i = 0; i + 1 < open_lines_.size(); ++i) sink_.pass(open_lines_[i].number);
    doubt_lines(number);
    open_lines_.clear();
    row(number, row_.fields());
  }

  void end() {
    if (!open_lines_.empty()) give_up_open();
  }

 private:
  struct Line {
    std::uint64_t number = 0;
    std::string text;
  };

  void give_up_open() { give_up("the quote that begins here is never closed", "behind a quote that is never closed: mend that line"); }
  // A quote of a later row was taken for the one that is missing.
  void give_up_broken() {
    if (open_lines_.size() == 1) return give_up("text stands behind a closing quote: double quotes inside of a field, or mend the line", {});
    give_up("the quote that begins here is not closed before other rows begin", "behind a quote that is not closed in its row: mend that line");
  }
  // Lines of a text may look like rows, and rows may have become a text: a quote that is missing is seen by nothing else.
  void doubt_lines(std::uint64_t number) {
    const auto separators = static_cast<std::ptrdiff_t>(columns_.size()) - 1;
    const auto looks_like_row = [&](const Line& line) { return std::count(line.text.begin(), line.text.end(), separator_) >= separators; };
    if (separators > 0 && open_lines_.size() > 1 && std::any_of(open_lines_.begin() + 1, open_lines_.end(), looks_like_row))
      sink_.doubt(number, open_lines_.front().text, "this row goes on over lines that look like rows: see that its quote is closed where it should be");
    if (is_unsure_) sink_.doubt(number, open_lines_.front().text, "behind a row that could not be read: see that this is a row, too");
    is_unsure_ = false;
  }

  // What stands in them may be text or rows; text that is blocked would be worse than a row that is not. Where the next row begins is a guess.
  void give_up(const std::string& first, const std::string& others) {
    for (const Line& line : open_lines_) sink_.skip(line.number, line.text, &line == &open_lines_.front() ? first : others);
    open_lines_.clear();
    is_unsure_ = true;
  }
  void comment(std::uint64_t number, std::string_view text) {
    if (!columns_.empty() || !is_sure_heading(text)) return sink_.pass(number);
    take_heading(text);
    doubt_columns(number, text);
  }
  void take_heading(std::string_view text) {
    columns_ = heading_of(text);
    separator_ = separator_of(text);
  }
  void heading(std::uint64_t number, std::string_view text) {
    take_heading(text);
    if (columns_.empty())
      sink_.skip(number, text.substr(0, 60),
                 "the first line must name the columns: domain (域名), url (网址), "
                 "number (号码), keyword (关键词), category (类别) ...");
    else
      doubt_columns(number, text);
  }
  // What a column says that nobody reads may be that the row is none to block. Told once.
  void doubt_columns(std::uint64_t number, std::string_view text) {
    sink_.pass(number);
    std::string unread;
    for (const std::string& name : fields_of(text))
      if (column_from(name) == Column::kOther && !trimmed(name).empty()) (unread += unread.empty() ? "" : ", ") += trimmed(name);
    if (!unread.empty()) sink_.doubt(number, unread, "these columns are not read: see that none of them says which rows are not to be blocked (op, 操作, does)");
  }

  std::string_view field(const std::vector<std::string>& fields, Column column) const {
    for (std::size_t i = 0; i < columns_.size() && i < fields.size(); ++i)
      if (columns_[i] == column) return trimmed(fields[i]);
    return {};
  }

  // A table may have two such columns: what is done, and on which list it is.
  std::vector<std::string_view> words_of(const std::vector<std::string>& fields, Column column) const {
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < columns_.size() && i < fields.size(); ++i)
      if (columns_[i] == column) words.push_back(trimmed(fields[i]));
    return words;
  }

  // What `match` says, as op lines do: "" where it says nothing.
  static std::optional<std::string_view> match_of(std::string_view word) {
    constexpr std::pair<std::string_view, std::string_view> kWords[] = {
        {"", ""}, {"exact", "exact"}, {"精确", "exact"}, {"完全匹配", "exact"}, {"suffix", "suffix"}, {"后缀", "suffix"}, {"prefix", "prefix"},
        {"前缀", "prefix"}, {"regex", "regex"}, {"正则", "regex"}, {"正则表达式", "regex"}, {"text", "text"}, {"文本", "text"}, {"包含", "text"}};
    for (const auto& [known, meaning] : kWords)
      if (equal_but_case(word, known)) return meaning;
    return std::nullopt;
  }
  static std::optional<bool> truth_of(std::string_view word) {
    for (const std::string_view yes : {"true", "1", "yes", "y", "是"})
      if (equal_but_case(word, yes)) return true;
    for (const std::string_view no : {"", "false", "0", "no", "n", "否"})
      if (equal_but_case(word, no)) return false;
    return std::nullopt;
  }
  // What a number begins with, where whole ones have eleven digits.
  static bool is_part_of_number(std::string_view value) { return std::count_if(value.begin(), value.end(), is_digit) < 11; }
  static bool is_one_of(std::string_view word, std::initializer_list<std::string_view> known) {
    return std::any_of(known.begin(), known.end(), [&](std::string_view one) { return equal_but_case(word, one); });
  }
  static bool is_removal(std::string_view word) { return is_one_of(word, {"remove", "delete", "del", "删除", "移除", "解除", "解封", "解封堵", "取消"}); }
  // What the words of a row say that is to be done.
  struct Operation {
    bool blocks = false, allows = false;
    // An addition; false: another word.
    bool take(std::string_view word) {
      const bool is_block = is_one_of(word, {"block", "拦截", "封堵", "阻断", "黑名单"});
      const bool is_allow = is_one_of(word, {"allow", "放行", "白名单"});
      blocks = blocks || is_block;
      allows = allows || is_allow;
      return is_block || is_allow || is_one_of(word, {"", "add", "新增", "添加"});
    }
  };

  void row(std::uint64_t number, const std::vector<std::string>& fields) {
    Signature signature = common_;
    std::string_view wrong;
    if (const std::string why = read_attributes(fields, signature, wrong); !why.empty())
      return sink_.skip(number, wrong.empty() ? first_value(fields) : wrong, why);
    doubt_category(number, field(fields, Column::kCategory));
    bool is_said = false;
    for (std::size_t i = 0; i < columns_.size() && i < fields.size(); ++i) {
      const std::string_view value = trimmed(fields[i]);
      if (!is_value(columns_[i]) || value.empty()) continue;
      is_said = true;
      take_value(number, columns_[i], value, field(fields, Column::kKind), field(fields, Column::kMatch), signature);
    }
    if (!is_said) sink_.skip(number, fields[0], "the row has no value");
  }

  std::string_view first_value(const std::vector<std::string>& fields) const {
    for (std::size_t i = 0; i < columns_.size() && i < fields.size(); ++i)
      if (is_value(columns_[i]) && !trimmed(fields[i]).empty()) return trimmed(fields[i]);
    return fields[0];
  }

  // A category that we do not know is told once for each word: where the centre has its own words, every line has one.
  void doubt_category(std::uint64_t number, std::string_view word) {
    constexpr std::size_t kMostWords = 100;
    if (word.empty() || category_of(word) || doubted_.size() >= kMostWords || !doubted_.insert(std::string(word)).second) return;
    std::string known;
    for (std::size_t i = 0; i < kCategoryCount; ++i)
      known += (i == 0 ? "" : ", ") + std::string(category_name(static_cast<Category>(i))) + " (" + std::string(category_name_zh(static_cast<Category>(i))) + ")";
    sink_.doubt(number, word, "this category is not known, so its entries have that of --category, or other; known are " + known);
  }

  // What is done, in the words of tables; another is one of ours, or refused later.
  static std::string action_of(std::string_view word) {
    constexpr std::pair<std::string_view, std::string_view> kWords[] = {{"拦截", "block"}, {"阻断", "block"}, {"封堵", "block"}, {"丢弃", "drop"}, {"重置", "reset"},
                                                                        {"应答", "answer"}, {"拒绝", "answer"}, {"改空", "neutralise"}, {"标记", "tag"}};
    for (const auto& [known, meaning] : kWords)
      if (word == known) return std::string(meaning);
    return lower(word);
  }

  // Why it is no entry. wrong: the word that nobody understands, if that is why.
  std::string read_attributes(const std::vector<std::string>& fields, Signature& signature, std::string_view& wrong) const {
    const auto is_wrong = [&wrong](std::string_view word, std::string why) {
      wrong = word;
      return why;
    };
    const std::vector<std::string_view> operations = words_of(fields, Column::kOp);
    if (std::any_of(operations.begin(), operations.end(), is_removal)) return "a removal: telefence push remove takes entries back";
    Operation said;
    for (const std::string_view operation : operations)
      if (!said.take(operation)) return is_wrong(operation, "the operation must be add, allow or remove");
    for (const std::string_view word : words_of(fields, Column::kAllowed)) {
      const auto is_allowed = truth_of(word);
      if (!is_allowed) return is_wrong(word, "a column of allowed ones must say true (是) or false (否): this row is neither blocked nor allowed");
      said.allows = said.allows || *is_allowed;
    }
    for (const std::string_view word : words_of(fields, Column::kListed)) {
      const auto is_listed = truth_of(word);
      if (!is_listed) return is_wrong(word, "a column of blocked ones must say true (是) or false (否): this row is neither blocked nor allowed");
      if (!word.empty() && !*is_listed) return is_wrong(word, "the table says that it is not to be blocked");
    }
    // What is said twice, and differently, lets pass; what is not said is as the options are (--allow).
    const bool has_action = !field(fields, Column::kAction).empty();  // what is done to what is blocked
    if (said.blocks || said.allows || has_action) signature.allow = said.allows;
    if (const std::string_view word = field(fields, Column::kForDetection); equal_but_case(word, "0") || equal_but_case(word, "false"))
      return "not meant for detection: to_ids is false";
    // A word that we do not know is the centre's own: the entry counts all the same (doubt_category).
    if (const auto category = category_of(field(fields, Column::kCategory))) signature.category = *category;
    if (const std::string_view word = field(fields, Column::kTier); !word.empty()) {
      const auto tier = tier_of(word);
      if (!tier) return is_wrong(word, "the level must be 1 (高), 2 (中) or 3 (低)");
      signature.tier = *tier;
    }
    if (const std::string_view word = field(fields, Column::kExpires); !word.empty()) {
      const auto instant = is_without_end(word) ? std::optional<std::int64_t>(0) : instant_of(word);
      if (!instant)
        return is_wrong(word, "the time must be like 2026-12-01, 2026-12-01 08:00:00 (China's time) or 2026-12-01T00:00:00Z, or 长期 for no end");
      signature.expires_s = *instant;
    }
    if (const std::string_view word = field(fields, Column::kSide); !word.empty()) {
      const auto sides = sides_from(lower(word));
      if (!sides) return is_wrong(word, "the side must be calling, called or either");
      signature.sides = *sides;
    }
    if (const std::string_view word = field(fields, Column::kAction); !word.empty()) signature.action = action_of(word);
    if (const std::string_view word = field(fields, Column::kSource); !word.empty()) signature.source = word;
    const auto is_shadow = truth_of(field(fields, Column::kShadow));
    if (!is_shadow) return is_wrong(field(fields, Column::kShadow), "shadow must be true (是) or false (否)");
    if (!field(fields, Column::kShadow).empty()) signature.shadow = *is_shadow;
    if (!match_of(field(fields, Column::kMatch)))
      return is_wrong(field(fields, Column::kMatch), "match must be exact (精确), suffix (后缀), prefix (前缀), text (文本) or regex (正则)");
    return {};
  }

  void take_value(std::uint64_t number, Column column, std::string_view value, std::string_view kind_word, std::string_view match,
                  Signature signature) {
    const std::optional<SignatureKind> kind = kind_of(column, kind_word, value);
    if (!kind) return sink_.skip(number, value, "this kind is not enforced here: domain, url, number and pattern are");
    const std::string_view how = match_of(match).value_or("");
    signature.kind = *kind;
    signature.value = *kind == SignatureKind::kNumber ? plain_number(value) : std::string(value);
    if (column == Column::kCalling) signature.sides = Signature::Sides::kCalling;
    if (column == Column::kCalled) signature.sides = Signature::Sides::kCalled;
    if (*kind == SignatureKind::kNumber && is_number_range(signature.value)) {
      for (std::string& part : parts_of_range(signature.value)) {
        signature.value = std::move(part);
        sink_.take(number, signature);
      }
      return;
    }
    if (*kind == SignatureKind::kDomain && how == "exact") signature.subdomains = false;
    if (*kind == SignatureKind::kNumber) signature.prefix = how == "prefix";
    if (column == Column::kSegment && how.empty() && is_part_of_number(signature.value) && !signature.value.ends_with('*')) signature.value += '*';
    if (*kind == SignatureKind::kPattern) signature.literal = how != "regex";
    if (*kind == SignatureKind::kUrl) {
      if (how != "regex" && lacks_host(value)) return sink_.skip(number, value, kNoHost);
      if (how == "regex") signature.literal = false;
      else if (how == "exact") signature.prefix = false, signature.literal = true;
      else set_url(value, signature);
    } else if (*kind == SignatureKind::kDomain) {
      signature.value = without_defanging(value);
    }
    sink_.take(number, signature);
  }

  static std::optional<SignatureKind> kind_of(Column column, std::string_view word, std::string_view value) {
    switch (column) {
      case Column::kDomain: return looks_like_url(value) ? SignatureKind::kUrl : SignatureKind::kDomain;
      case Column::kUrl: return SignatureKind::kUrl;
      case Column::kNumber:
      case Column::kSegment:
      case Column::kCalling:
      case Column::kCalled: return SignatureKind::kNumber;
      case Column::kPattern: return SignatureKind::kPattern;
      default: break;
    }
    if (word.empty()) {
      if (looks_like_url(value)) return SignatureKind::kUrl;
      if (looks_like_domain(without_defanging(value))) return SignatureKind::kDomain;
      return looks_like_number(plain_number(value)) && !is_ip_address(value) ? std::optional(SignatureKind::kNumber) : std::nullopt;
    }
    const Column named = column_from(word);
    if (const auto kind = kind_from(lower(word))) return kind;
    if (named == Column::kValue || !is_value(named)) return std::nullopt;
    return kind_of(named, {}, value);
  }

  std::set<std::string> doubted_;  // categories
  const Signature& common_;
  ListSink& sink_;
  std::vector<Column> columns_;
  char separator_ = ',';
  CsvRow row_;
  bool is_unsure_ = false;  // the rows before could not be read
  std::vector<Line> open_lines_;  // of a row that is not whole yet: nothing was said of them
};

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Table table(common, sink);
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) { table.line(number, line); });
  table.end();
}

void head(std::string& out) { out += "op,kind,value,match,category,level,side,action,expires,source,shadow\n"; }

void append_field(std::string& out, std::string_view field, char end = ',') {
  const bool needs_quotes = field.find_first_of(",\"\r\n;\t") != std::string_view::npos || field.starts_with(' ') || field.ends_with(' ');
  if (needs_quotes) out += '"';
  for (const char c : field) (out += c) += c == '"' ? "\"" : "";
  if (needs_quotes) out += '"';
  out += end;
}

std::string_view match_of(const Signature& signature) {
  switch (signature.kind) {
    case SignatureKind::kDomain: return signature.subdomains ? "suffix" : "exact";
    case SignatureKind::kNumber: return signature.value.ends_with('*') ? "prefix" : "exact";
    case SignatureKind::kUrl: return !signature.literal ? "regex" : signature.prefix ? "prefix" : "exact";
    case SignatureKind::kPattern: return signature.literal ? "text" : "regex";
  }
  return {};
}

Said write(const Signature& signature, std::string& out) {
  const bool has_columns = signature.words.is_empty() && signature.fold == TextFold::kAll && signature.valid_from_s == 0 &&
                           signature.shadow_until_s == 0 && signature.canary == 0;
  if (!has_columns) return Said::kNot;
  append_field(out, signature.allow ? "allow" : "add");
  append_field(out, kind_name(signature.kind));
  // A spreadsheet would run what begins with one of these; no value but a number does, and a number with + is text to it.
  append_field(out, signature.value);
  append_field(out, match_of(signature));
  append_field(out, category_name(signature.category));
  append_field(out, std::to_string(signature.tier));
  append_field(out, signature.kind == SignatureKind::kNumber ? sides_name(signature.sides) : "");
  append_field(out, signature.action);
  append_field(out, signature.expires_s == 0 ? "" : std::to_string(signature.expires_s));
  append_field(out, signature.source);
  append_field(out, signature.shadow ? "true" : "", '\n');
  return signature.name.empty() ? Said::kWhole : Said::kLess;
}

}  // namespace

constinit const ListFormat kCsvFormat{.name = "csv", .sniff = sniff, .read = read, .head = head, .write = write, .says_state = true};

}  // namespace telefence
