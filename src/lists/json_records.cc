// SPDX-License-Identifier: Apache-2.0
#include "lists/json_records.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <istream>
#include <streambuf>

namespace telefence {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kLongestText = 1u << 20;
constexpr std::size_t kMostFields = 64;

// The source as a stream that knows its line, and that ends where a text is too long.
class SourceBuffer : public std::streambuf {
 public:
  explicit SourceBuffer(TextSource& source) : source_(source), chunk_(65536), counted_(chunk_.data()) {
    setg(chunk_.data(), chunk_.data(), chunk_.data());
  }

  std::uint64_t line() {
    lines_ += static_cast<std::uint64_t>(std::count(counted_, gptr(), '\n'));
    counted_ = gptr();
    return lines_;
  }
  bool is_too_long() const { return is_too_long_; }

 protected:
  int_type underflow() override {
    (void)line();
    const std::size_t count = source_.read(chunk_.data(), chunk_.size());
    if (count == 0 || !is_bounded({chunk_.data(), count})) return traits_type::eof();
    setg(chunk_.data(), chunk_.data(), chunk_.data() + count);
    counted_ = gptr();
    return traits_type::to_int_type(*gptr());
  }

 private:
  bool is_bounded(std::string_view bytes) {
    for (const char c : bytes) {
      const bool is_quote = c == '"' && !is_escaped_;
      is_escaped_ = c == '\\' && !is_escaped_;
      since_quote_ = is_quote ? 0 : since_quote_ + 1;
      if (since_quote_ > kLongestText) is_too_long_ = true;
    }
    return !is_too_long_;
  }

  TextSource& source_;
  std::vector<char> chunk_;
  char* counted_;
  std::uint64_t lines_ = 1;
  std::size_t since_quote_ = 0;
  bool is_escaped_ = false;
  bool is_too_long_ = false;
};

class Handler : public nlohmann::json_sax<Json> {
 public:
  Handler(SourceBuffer& buffer, std::string_view array, const std::function<void(const JsonRecord&)>& take)
      : buffer_(buffer), array_(array), take_(take) {}

  bool null() override { return true; }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return scalar(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return scalar(text); }
  bool string(string_t& value) override { return scalar(value); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    const bool is_record = !levels_.empty() && levels_.back() == Level::kWanted;
    if (is_record && record_depth_ == 0) {
      record_depth_ = levels_.size() + 1;
      record_.fields.clear();
      record_.line = buffer_.line();
    }
    return push(Level::kObject);
  }
  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool end_object() override {
    if (record_depth_ != 0 && levels_.size() == record_depth_) {
      take_(record_);
      record_depth_ = 0;
    }
    return pop();
  }
  bool start_array(std::size_t) override {
    const bool is_wanted = key_ == array_ && !levels_.empty() && levels_.back() == Level::kObject && record_depth_ == 0;
    return push(is_wanted ? Level::kWanted : Level::kArray);
  }
  bool end_array() override { return pop(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    if (mistake_.empty()) mistake_ = "not well-formed JSON";
    return false;
  }

  const std::string& mistake() const { return mistake_; }

 private:
  enum class Level : std::uint8_t { kObject, kArray, kWanted };

  bool push(Level level) {
    if (levels_.size() >= kDeepest) {
      mistake_ = "lists and objects stand more than 64 deep in one another";
      return false;
    }
    levels_.push_back(level);
    return true;
  }
  bool pop() {
    levels_.pop_back();
    return true;
  }
  // Of the record itself, or the first of a list in it.
  bool scalar(std::string value) {
    if (record_depth_ == 0) return true;
    const bool is_own = levels_.size() == record_depth_;
    const bool is_listed = levels_.size() == record_depth_ + 1 && levels_.back() == Level::kArray;
    if ((is_own || is_listed) && record_.fields.size() < kMostFields && record_.text(key_).empty()) record_.fields.emplace_back(key_, std::move(value));
    return true;
  }

  SourceBuffer& buffer_;
  const std::string_view array_;
  const std::function<void(const JsonRecord&)>& take_;
  std::vector<Level> levels_;
  std::string key_;
  JsonRecord record_;
  std::size_t record_depth_ = 0;  // how deep its fields are; 0: in none
  std::string mistake_;
};

}  // namespace

std::string_view JsonRecord::text(std::string_view key) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [key](const auto& field) { return field.first == key; });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

JsonEnd read_json_records(TextSource& source, std::string_view array, const std::function<void(const JsonRecord&)>& take) {
  SourceBuffer buffer(source);
  std::istream stream(&buffer);
  Handler handler(buffer, array, take);
  const bool is_whole = Json::sax_parse(stream, &handler);
  JsonEnd end{buffer.line(), handler.mistake()};
  if (buffer.is_too_long()) end.mistake = "a text of more than 1 MiB: this is no list of indicators";
  if (!is_whole && end.mistake.empty()) end.mistake = "not well-formed JSON";
  return end;
}

}  // namespace telefence
