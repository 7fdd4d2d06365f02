// SPDX-License-Identifier: Apache-2.0
#include "normalise/normalise.h"

#include <algorithm>
#include <array>

#include "normalise/domain.h"
#include "normalise/embedded_urls.h"
#include "normalise/phone.h"
#include "normalise/plain_units.h"
#include "normalise/sms_text.h"
#include "normalise/text_windows.h"

namespace telefence {
namespace {

// Makes the keys of one event; one call operator per kind, so that a forgotten kind does not compile.
class KeyMaker {
 public:
  KeyMaker(std::uint16_t event, std::string_view home_country, bool with_texts, KeyList& keys)
      : event_(event), home_country_(home_country), with_texts_(with_texts), keys_(keys) {}

  void operator()(const DomainLookup& lookup) { domain(lookup.name); }

  void operator()(const UrlVisit& visit) {
    const std::string_view host = domain(visit.host);
    if (visit.via == UrlVisit::Via::kHttp && !host.empty() && !visit.path.empty()) url(host, visit.path);
  }

  void operator()(const Call& call) {
    // Within a dialog, too: anybody can write that it is, and receivers ring all the same (RFC 3261, 12.2.2). Refusing a change of a
    // call that does stand leaves that as it was (14.1).
    callers(call.calling, NumberForm::kAsDialled, call.calling_also, call.only_claimed);
    number(call.called, Side::kCalled, 0, false);
    for (const std::string_view also : call.called_also) number(also, Side::kCalled, 0, true);
  }

  void operator()(const Sms& sms) {
    callers(sms.calling, sms.calling_form, sms.calling_also, sms.only_claimed);
    for (std::size_t i = 0; i < sms.called.size(); ++i)
      number(sms.called[i], Side::kCalled, i, false, i < sms.called_forms.size() ? sms.called_forms[i] : NumberForm::kAsDialled);
    for (const std::string_view also : sms.called_also) number(also, Side::kCalled, 0, true);
    if (with_texts_) text(sms);
  }

 private:
  // The canonical name, empty when there is none.
  std::string_view domain(std::string_view name) {
    char* out = keys_.characters(name.size());
    if (out == nullptr) return {};
    const std::size_t length = canonical_domain(name, out);
    keys_.give_back(name.size() - length);
    if (length == 0) return {};
    keys_.push(DomainKey{event_, false, {out, length}});
    return {out, length};
  }

  void url(std::string_view host, std::string_view path) {
    path = path.substr(0, path.find('#'));  // a fragment is never sent, and would only hide what follows
    char* out = keys_.characters(host.size() + path.size());
    if (out == nullptr) return;
    std::copy(path.begin(), path.end(), std::copy(host.begin(), host.end(), out));
    keys_.push(UrlKey{event_, {out, host.size() + path.size()}});
  }

  // What the network asserts (RFC 3325) says who calls; without it, what the caller says in the first place.
  void callers(std::string_view claimed, NumberForm form, Texts others, std::size_t only_claimed) {
    const Texts asserted = others.first(others.size() - std::min(only_claimed, others.size()));
    number(claimed, Side::kCalling, 0, !asserted.empty(), form);
    for (std::size_t i = 0; i < others.size(); ++i) number(others[i], Side::kCalling, 0, i >= asserted.size());
  }

  void number(std::string_view text, Side side, std::size_t recipient, bool alias, NumberForm form = NumberForm::kAsDialled) {
    const PhoneDigits digits = canonical_number(text, home_country_, form);
    if (digits.length != 0) keys_.push(NumberKey{event_, side, static_cast<std::uint16_t>(recipient), alias, digits});
  }

  void text(const Sms& sms) {
    is_cut_ = sms.is_text_cut;
    text(sms.body, sms.coding);
    // Octets above 0x7f are no septets one by one: some senders pack eight septets into seven octets and say nothing of it.
    const bool may_be_packed = sms.coding == TextCoding::kGsm7 &&
                               std::any_of(sms.body.begin(), sms.body.end(), [](std::uint8_t octet) { return octet >= 0x80; });
    if (may_be_packed) text(sms.body, TextCoding::kGsm7Packed);
  }

  void text(Bytes body, TextCoding coding) {
    if (coding == TextCoding::kUcs2 && !is_cut_ && plain_text(body)) return;
    const bool is_swapped = coding == TextCoding::kUcs2 && body.size() >= 2 && body[0] == 0xff && body[1] == 0xfe;
    bool is_first = true;
    for (;;) {
      const std::size_t next = next_text_window(body, coding);
      window(body, coding, {!is_first, next != 0, is_swapped && !is_first});
      if (next == 0) [[likely]] return;
      body = body.subspan(next);
      is_first = false;
    }
  }

  // Most Chinese texts have hardly a unit that needs a second look. True: this one has none, and its key is made.
  bool plain_text(Bytes body) {
    const std::size_t count = body.size() / 2;
    if (count == 0 || count > kMaxSmsUnits) return false;
    char16_t* const out = keys_.wide_characters(count);
    if (out == nullptr) return false;
    if (!decode_plain_ucs2(body, out)) {
      keys_.give_back(count * 2);
      return false;
    }
    keys_.push(TextKey{event_, {out, count}, body, TextCoding::kUcs2, false});
    return true;
  }

  struct Window {
    bool cut_before = false, cut_behind = false;
    bool is_swapped = false;  // the byte order mark stood before it
  };
  // Domains are looked for before folding, which joins look-alikes and drops dots inside Chinese.
  void window(Bytes body, TextCoding coding, const Window& how) {
    std::array<char16_t, kMaxSmsUnits> units;
    std::span<char16_t> text(units.data(), decode_sms(body, coding, units));
    if (how.is_swapped)
      for (char16_t& unit : text) unit = static_cast<char16_t>(unit << 8 | unit >> 8);
    text = whole_words(text, how.cut_before, how.cut_behind);
    if (text.empty()) return;
    // What a name or a path goes on to be is not known; a text has said what it has said.
    const std::span<char16_t> said = is_cut_ && !how.cut_behind ? whole_words(text, false, true) : text;
    find_embedded_urls({said.data(), said.size()}, event_, keys_);
    const std::size_t length = fold_units(text);
    if (length == 0) return;
    char16_t* out = keys_.wide_characters(length);
    if (out == nullptr) return;
    std::copy_n(text.begin(), length, out);
    keys_.push(TextKey{event_, {out, length}, body, coding, how.is_swapped});
  }

  std::uint16_t event_;
  bool is_cut_ = false;  // the text goes on behind what is there
  std::string_view home_country_;
  bool with_texts_;
  KeyList& keys_;
};

}  // namespace

void Normaliser::normalise(std::span<const Event> events, KeyList& keys, bool with_texts) const {
  for (std::size_t i = 0; i < events.size(); ++i) {
    KeyMaker maker(static_cast<std::uint16_t>(i), options_.home_country, with_texts, keys);
    // Most of all events are these; a call through visit's table costs as much as the rest of it.
    if (const auto* const lookup = std::get_if<DomainLookup>(&events[i].what))
      maker(*lookup);
    else
      std::visit(maker, events[i].what);
  }
}

}  // namespace telefence
