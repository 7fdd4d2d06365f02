// SPDX-License-Identifier: Apache-2.0
#include "protocols/http/refusal.h"

#include <algorithm>
#include <variant>

namespace telefence::http {
namespace {

constexpr std::uint8_t kRedirect = 0;  // index in kAnswers

constexpr std::string_view kBuiltInPage =
    "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>涉诈网站已拦截 / Fraud site "
    "blocked</title></head><body>"
    "<h1>该网站涉嫌电信网络诈骗，已为您拦截</h1>"
    "<p>请勿转账，勿透露验证码、密码。如需咨询或举报，请拨打反诈专线 96110。</p>"
    "<h1 lang=\"en\">This site is suspected of telecom fraud and was blocked</h1>"
    "<p lang=\"en\">Do not send money. Do not tell anybody codes or passwords. "
    "For advice or to report fraud call 96110.</p></body></html>\n";

// Header lines of the page other than the digits of its length, with some reserve.
constexpr std::size_t kPageHeaderRoom = 200;

// A line end in the configured address would let it write header lines of its own.
bool is_usable_address(std::string_view page) {
  return !page.empty() && std::all_of(page.begin(), page.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void write_redirect(std::string_view page, Writer& out) {
  out.text("HTTP/1.1 302 Found\r\nLocation: ");
  out.text(page);
  out.text("\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

void write_page(std::string_view page, bool has_body, Writer& out) {
  out.text(
      "HTTP/1.1 451 Unavailable For Legal Reasons\r\nContent-Type: text/html; charset=utf-8\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\nContent-Length: ");
  out.decimal(page.size());
  out.text("\r\n\r\n");
  if (has_body) out.text(page);
}

}  // namespace

WrittenRefusal refuse(const Event& event, const Payload&, const RefusalTerms& terms, Writer& out) {
  const auto* visit = std::get_if<UrlVisit>(&event.what);
  if (visit == nullptr) return {};
  if (terms.answer == kRedirect && is_usable_address(terms.page)) {
    write_redirect(terms.page, out);
    return {out.ok()};
  }
  const bool own_fits = !terms.body.empty() && terms.body.size() + kPageHeaderRoom <= out.room();
  write_page(own_fits ? terms.body : kBuiltInPage, visit->method != "HEAD", out);
  return {out.ok()};
}

}  // namespace telefence::http
