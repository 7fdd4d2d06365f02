// SPDX-License-Identifier: Apache-2.0
#include "config/section.h"

#include <glob.h>

#include "base/check.h"
#include "config/check.h"

namespace telefence {
namespace {

// A number with the greatest unit that it is a whole number of.
std::string with_unit(std::int64_t number, Key::Type type) {
  if (type == Key::Type::kMilliseconds)
    return number % 1000 != 0 ? std::to_string(number) + "ms" : with_unit(number / 1000, Key::Type::kDuration);
  struct Unit {
    std::int64_t factor;
    const char* name;
  };
  constexpr Unit kSizes[] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}};
  constexpr Unit kDurations[] = {{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}};
  for (const Unit& unit : type == Key::Type::kSize ? kSizes : kDurations) {
    if (number % unit.factor == 0 && number != 0) return std::to_string(number / unit.factor) + unit.name;
  }
  return type == Key::Type::kSize ? "0B" : "0s";
}

}  // namespace

Section::Section(ReadState& state, const YamlNode* node, std::string table_path)
    : state_(state), node_(node), path_(std::move(table_path)) {
  if (node_ != nullptr && !state_.reader.check_keys(*node_, children_of(path_))) node_ = nullptr;
  if (node_ == nullptr) return;
  for (const Key& key : all_keys()) {
    if (!key.required || !key.path.starts_with(path_ + ".")) continue;
    const std::string_view name = key.path.substr(path_.size() + 1);
    if (name.find_first_of(".[") == std::string_view::npos) state_.reader.require(*node_, name);
  }
}

Section Section::of_names(ReadState& state, const YamlNode* node, std::span<const std::string_view> names) {
  return Section(state, node != nullptr && state.reader.check_keys(*node, names) ? node : nullptr);
}

const YamlNode* Section::find(std::string_view name) const {
  return node_ == nullptr ? nullptr : node_->find(name);
}

const Key& Section::key(std::string_view name) const {
  const std::string path = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  const Key* found = key_at(path);
  if (found == nullptr) found = key_at(path + "[]");
  if (found == nullptr) std::fprintf(stderr, "no key %s in the table\n", path.c_str());
  CHECK(found != nullptr);
  return *found;
}

std::string Section::resolved(const std::string& file) const {
  if (file.empty() || file == "-" || file.front() == '/') return file;
  return (state_.folder / file).lexically_normal().string();
}

void Section::read(std::string_view name, std::string& out) {
  const YamlNode* node = find(name);
  const Key& known = key(name);
  if (node == nullptr || (known.required && node->kind == YamlNode::Kind::kNull)) return;
  const auto text = state_.reader.read_string(*node);
  if (!text) return;
  const bool may_be_empty = known.fallback.empty() && !known.required;
  if (text->empty() && !may_be_empty) {
    state_.reader.complain(*node, known.required ? "must not be empty" : "must not be empty; leave the key out for " +
                                                                             std::string(known.fallback));
    return;
  }
  out = known.type == Key::Type::kFile ? resolved(*text) : *text;
}

void Section::read(std::string_view name, bool& out) {
  CHECK(key(name).type == Key::Type::kBool);
  if (const YamlNode* node = find(name)) out = state_.reader.read_bool(*node).value_or(out);
}

void Section::read(std::string_view name, std::vector<std::string>& out) {
  const YamlNode* node = find(name);
  if (key(name).type == Key::Type::kFiles) {
    if (node != nullptr && state_.reader.expect_list(*node)) read_files(*node, out);
  } else if (node != nullptr) {
    out = state_.reader.read_strings(*node).value_or(out);
  }
}

void Section::read(std::string_view name, std::optional<std::vector<std::uint16_t>>& out) {
  const Key& known = key(name);
  const YamlNode* node = find(name);
  if (node == nullptr) return;
  const auto numbers = state_.reader.read_integers(*node, known.least, known.greatest);
  if (!numbers) return;
  out.emplace();
  for (const std::int64_t number : *numbers) out->push_back(static_cast<std::uint16_t>(number));
}

void Section::read(std::string_view name, std::vector<std::pair<std::string, std::string>>& out) {
  CHECK(key(name).type == Key::Type::kPairs);
  const YamlNode* node = find(name);
  if (node == nullptr || !state_.reader.expect_list(*node)) return;
  for (const YamlNode& item : node->items) {
    const auto pair = state_.reader.read_strings(item);
    if (!pair) continue;
    if (item.items.size() != 2)
      state_.reader.complain(item, "a wire joins two ports, as [access, core]; here are " +
                                       std::to_string(item.items.size()));
    else if (pair->size() == 2)
      out.emplace_back((*pair)[0], (*pair)[1]);
  }
}

std::optional<std::int64_t> Section::number_with_unit(const Key& known, const YamlNode& node) {
  const bool is_size = known.type == Key::Type::kSize;
  const auto value = is_size ? state_.reader.read_size(node) : state_.reader.read_duration_ms(node);
  if (!value) return std::nullopt;
  const bool in_seconds = known.type == Key::Type::kDuration;
  const std::uint64_t number = in_seconds ? *value / 1000 : *value;
  const bool is_whole = !in_seconds || *value % 1000 == 0;
  if (is_whole && number >= static_cast<std::uint64_t>(known.least) &&
      number <= static_cast<std::uint64_t>(known.greatest))
    return static_cast<std::int64_t>(number);
  state_.reader.complain(node, "expected " + with_unit(known.least, known.type) + " to " +
                                   with_unit(known.greatest, known.type) + ", found " + describe(node));
  return std::nullopt;
}

std::optional<std::int64_t> Section::number(std::string_view name) {
  const Key& known = key(name);
  const YamlNode* node = find(name);
  if (node == nullptr) return std::nullopt;
  if (known.type == Key::Type::kInteger) return state_.reader.read_integer(*node, known.least, known.greatest);
  CHECK(known.type == Key::Type::kSize || known.type == Key::Type::kDuration ||
        known.type == Key::Type::kMilliseconds);
  return number_with_unit(known, *node);
}

std::optional<std::size_t> Section::word(std::string_view name) { return word(name, words_of(key(name))); }

std::optional<std::size_t> Section::word(std::string_view name, std::span<const std::string_view> words) {
  const YamlNode* node = find(name);
  if (node == nullptr) return std::nullopt;
  return state_.reader.read_word(*node, words);
}

Section Section::section(std::string_view name) {
  return Section(state_, find(name), path_.empty() ? std::string(name) : path_ + "." + std::string(name));
}

void Section::each_item(std::string_view name, const std::function<void(Section&)>& read_item) {
  const YamlNode* node = find(name);
  if (node == nullptr || !state_.reader.expect_list(*node)) return;
  const std::string path = (path_.empty() ? "" : path_ + ".") + std::string(name) + "[]";
  for (const YamlNode& item : node->items) {
    Section section(state_, &item, path);
    read_item(section);
  }
}

void Section::read_files(const YamlNode& list, std::vector<std::string>& out) {
  for (const YamlNode& item : list.items) {
    const auto text = state_.reader.read_string(item);
    if (!text) continue;
    const std::string pattern = resolved(*text);
    glob_t found{};
    // No match keeps the name itself: the check of files then says that it is not there.
    if (glob(pattern.c_str(), GLOB_NOCHECK, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) {
        const std::string why = why_unreadable(found.gl_pathv[i]);
        if (!why.empty()) state_.reader.complain(item, why);
        out.emplace_back(found.gl_pathv[i]);
      }
    }
    globfree(&found);
  }
}

void Section::complain(std::string_view name, std::string message) {
  if (const YamlNode* node = find(name)) state_.reader.complain(*node, std::move(message));
}

}  // namespace telefence
