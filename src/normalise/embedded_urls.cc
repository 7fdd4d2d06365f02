// SPDX-License-Identifier: Apache-2.0
#include "normalise/embedded_urls.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "normalise/domain.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence {
namespace {

constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxUrl = 2048;
constexpr char kIdeographicStop = '\x01';  // U+3002: a dot in a name, or the end of a sentence
constexpr char kNothing = '\x02';          // zero-width: as if it were not there
constexpr char kOther = '\0';

// Top-level domains under which most of what people click lies; used only to tell a sentence from a name.
constexpr std::array<std::string_view, 48> kCommonTopLevel = {
    "app",  "asia", "bid",    "biz",  "buzz", "cc",   "cfd",  "click", "club", "cn",   "co",     "com",
    "cyou", "date", "fun",    "fit",  "gov",  "icu",  "info", "ink",   "life", "link", "live",   "ltd",
    "me",   "mobi", "monster","net",  "online","org", "pro",  "pub",   "red",  "ren",  "shop",   "site",
    "space","store","tech",   "tk",   "top",  "tv",   "vip",  "wang",  "website","work","world", "xyz"};

// What a unit is in a URL: its ASCII character, or one of the marks above. Full-width forms are what they show (UTS #46 maps
// them so); look-alikes of other scripts are other names and no ASCII.
char ascii_of(char16_t unit) {
  if (unit > 0x20 && unit < 0x7f) return static_cast<char>(unit);
  if (unit >= 0xff01 && unit <= 0xff5e) return static_cast<char>(unit - 0xfee0);
  if (unit >= 0x24b6 && unit <= 0x24cf) return static_cast<char>('a' + (unit - 0x24b6));
  if (unit >= 0x24d0 && unit <= 0x24e9) return static_cast<char>('a' + (unit - 0x24d0));
  if (unit == 0xff61 || unit == 0x3002) return kIdeographicStop;
  if (unit == 0xad || (unit >= 0x200b && unit <= 0x200f) || (unit >= 0x2060 && unit <= 0x2064) || unit == 0xfeff) return kNothing;
  return kOther;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_host(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_' || c == kIdeographicStop; }
// RFC 3986, 2: what may stand in a path or query. Round brackets and quotes more often enclose a URL in a message.
bool is_path(char c) { return c > ' ' && c < '\x7f' && std::strchr("\"<>\\^`{|}()'", c) == nullptr; }
bool is_edge(char c) { return c == '.' || c == '-' || c == '_'; }

bool may_be_top_level(std::string_view label) {
  if (label.starts_with("xn--")) return true;
  return label.size() >= 2 && label.size() <= 24 && std::all_of(label.begin(), label.end(), is_letter);
}

bool is_common_top_level(std::string_view label) {
  return label.size() == 2 ||
         std::find(kCommonTopLevel.begin(), kCommonTopLevel.end(), label) != kCommonTopLevel.end();
}

// Every name has a dot behind a character of a name, or behind something invisible: most texts have none.
bool may_hold_name(std::u16string_view text) {
  const auto is_dot = [](char16_t unit) { return unit == u'.' || unit == 0xff0e || unit == 0x3002 || unit == 0xff61; };
  std::size_t at = 1;
#if defined(__SSE2__)
  for (; at + 8 <= text.size(); at += 8) {
    const __m128i units = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    __m128i dots = _mm_cmpeq_epi16(units, _mm_set1_epi16('.'));
    for (const int dot : {0xff0e, 0x3002, 0xff61})
      dots = _mm_or_si128(dots, _mm_cmpeq_epi16(units, _mm_set1_epi16(static_cast<short>(dot))));
    for (auto bits = static_cast<unsigned>(_mm_movemask_epi8(dots)) & 0x5555u; bits != 0; bits &= bits - 1) {
      const char before = ascii_of(text[at + static_cast<std::size_t>(std::countr_zero(bits)) / 2 - 1]);
      if (is_host(before) || before == kNothing) return true;
    }
  }
#endif
  for (; at < text.size(); ++at) {
    const char before = ascii_of(text[at - 1]);
    if (is_dot(text[at]) && (is_host(before) || before == kNothing)) return true;
  }
  return false;
}

class Finder {
 public:
  Finder(std::u16string_view text, std::uint16_t event, KeyList& keys) : text_(text), event_(event), keys_(keys) {}

  void run() {
    while (at_ < text_.size()) {
      if (text_[at_] >= 0x3400 && text_[at_] < 0xfe00) {  // most of a Chinese text
        in_authority_ = false;
        before_ = kOther;
        ++at_;
        continue;
      }
      const char c = ascii_of(text_[at_]);
      if (is_host(c)) {
        take_run();
        continue;
      }
      in_authority_ = in_authority_ && (c == ':' || c == '@');
      before_ = c;
      ++at_;
    }
  }

 private:
  // A run of host characters. Only one with a dot inside can be a name.
  void take_run() {
    const char before = before_;
    in_authority_ = in_authority_ || after_scheme(at_);
    length_ = 0;
    bool dot = false;
    bool stop = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = ascii_of(text_[at_]);
      if (c == kNothing) continue;
      if (!is_host(c)) break;
      dot = dot || c == '.' || c == kIdeographicStop;
      stop = stop || c == kIdeographicStop;
      if (length_ < run_.size()) run_[length_++] = c;
    }
    const char next = at_ < text_.size() ? ascii_of(text_[at_]) : kOther;
    before_ = 'a';
    if (next == '@' && !in_authority_) return skip_address();
    if (!dot || next == '@' || (before == '@' && !in_authority_)) return;
    if (stop) sentences();
    emit({run_.data(), length_}, true);
  }

  // user@mail.example.com: what follows the @ is no site.
  void skip_address() {
    ++at_;
    while (at_ < text_.size() && (is_host(ascii_of(text_[at_])) || ascii_of(text_[at_]) == kNothing)) ++at_;
  }

  bool after_scheme(std::size_t at) const {
    return at >= 3 && ascii_of(text_[at - 1]) == '/' && ascii_of(text_[at - 2]) == '/' && ascii_of(text_[at - 3]) == ':';
  }

  // The parts between ideographic full stops may be sentences, each with its own name. What is left in the run is the last name that may
  // go over some of them.
  void sentences() {
    std::size_t start = 0;
    for (std::size_t i = 0; i < length_; ++i) {
      if (run_[i] != kIdeographicStop) continue;
      emit({run_.data() + start, i - start}, false);
      start = i + 1;
    }
    if (start > 0 && start < length_) emit({run_.data() + start, length_ - start}, false);
    start = 0;
    for (std::size_t i = 0; i < length_; ++i) {
      if (run_[i] != kIdeographicStop) continue;
      run_[i] = '.';
      if (in_authority_ || !ends_sentence(start, i)) continue;
      emit({run_.data() + start, i - start}, false);
      start = i + 1;
    }
    std::copy(run_.begin() + static_cast<std::ptrdiff_t>(start), run_.begin() + static_cast<std::ptrdiff_t>(length_), run_.begin());
    length_ -= start;
  }

  // A number before the full stop that is at `stop`, and behind it a word of everyday texts that is a top-level domain, too, by itself.
  bool ends_sentence(std::size_t start, std::size_t stop) const {
    std::size_t label = stop;
    while (label > start && run_[label - 1] != '.') --label;
    if (!std::all_of(run_.begin() + static_cast<std::ptrdiff_t>(label), run_.begin() + static_cast<std::ptrdiff_t>(stop), is_digit)) return false;
    constexpr std::string_view kWords[] = {"vip", "app"};
    const char behind = at_ < text_.size() ? ascii_of(text_[at_]) : kOther;
    if (behind == '/' || behind == ':' || behind == '?') return false;
    const std::string_view next(run_.data() + stop + 1, length_ - stop - 1);
    const auto is_it = [next](std::string_view word) {
      return next.size() == word.size() && std::equal(next.begin(), next.end(), word.begin(), [](char a, char b) { return (a | 0x20) == b; });
    };
    return std::any_of(std::begin(kWords), std::end(kWords), is_it);
  }

  void emit(std::string_view host, bool last) {
    while (!host.empty() && is_edge(host.front())) host.remove_prefix(1);
    while (!host.empty() && is_edge(host.back())) host.remove_suffix(1);
    const std::size_t dot = host.rfind('.');
    if (dot == std::string_view::npos || host.size() > kMaxHost || !may_be_top_level(host.substr(dot + 1))) return;
    char* name = keys_.characters(host.size());
    if (name == nullptr) return;
    const std::size_t length = canonical_domain(host, name);
    keys_.give_back(host.size() - length);
    if (length == 0) return;
    const std::string_view canonical(name, length);
    keys_.push(DomainKey{event_, true, canonical});
    if (last) take_path(canonical);
    shorter_name(canonical);
  }

  // evil.com.thanks: the sentence goes on without a blank. The name up to the last common top-level domain counts as well,
  // unless what follows is one itself (evil.com.cn is another name than evil.com).
  void shorter_name(std::string_view name) {
    std::size_t end = name.rfind('.');
    if (is_common_top_level(name.substr(end + 1))) return;
    while (end != std::string_view::npos) {
      const std::size_t start = name.substr(0, end).rfind('.');
      if (start == std::string_view::npos) return;
      if (is_common_top_level(name.substr(start + 1, end - start - 1))) {
        keys_.push(DomainKey{event_, true, name.substr(0, end)});
        return;
      }
      end = start;
    }
  }

  // Reads :port and the path behind the host that was just taken.
  void take_path(std::string_view host) {
    std::size_t at = at_;
    if (at < text_.size() && ascii_of(text_[at]) == ':')
      for (++at; at < text_.size() && is_digit(ascii_of(text_[at]));) ++at;
    if (at == text_.size()) return;
    const char first = ascii_of(text_[at]);
    if (first != '/' && first != '?') return;
    char* url = keys_.characters(kMaxUrl);
    if (url == nullptr) return;
    std::copy(host.begin(), host.end(), url);
    std::size_t length = host.size();
    if (first == '?') url[length++] = '/';
    for (; at < text_.size() && length < kMaxUrl; ++at) {
      const char c = ascii_of(text_[at]);
      if (c == kNothing) continue;
      if (!is_path(c)) break;
      url[length++] = c;
    }
    while (std::strchr(".,;:!?", url[length - 1]) != nullptr) --length;  // the sentence's, not the URL's
    keys_.give_back(kMaxUrl - length);
    if (length > host.size() + 1) keys_.push(UrlKey{event_, {url, length}});
    at_ = at;
  }

  std::u16string_view text_;
  std::uint16_t event_;
  KeyList& keys_;
  std::size_t at_ = 0;
  char before_ = kOther;         // what stood before the run
  bool in_authority_ = false;    // between :// and the path, where user:password@ may stand before the host
  std::array<char, kMaxHost + 256> run_{};
  std::size_t length_ = 0;
};

}  // namespace

void find_embedded_urls(std::u16string_view text, std::uint16_t event, KeyList& keys) {
  if (may_hold_name(text)) Finder(text, event, keys).run();
}

}  // namespace telefence
