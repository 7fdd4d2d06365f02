// SPDX-License-Identifier: Apache-2.0
#include "config/warning_page.h"

namespace telefence {
namespace {

constexpr std::string_view kEnglish =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Fraud site blocked</title></head><body>"
    "<h1>This site is suspected of telecom fraud and was blocked</h1>"
    "<p>Do not send money. Do not tell anybody codes or passwords. "
    "For advice or to report fraud call 96110.</p></body></html>\n";

constexpr std::string_view kChinese =
    "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>涉诈网站已拦截</title></head><body>"
    "<h1>该网站涉嫌电信网络诈骗，已为您拦截</h1>"
    "<p>请勿转账，勿透露验证码、密码。如需咨询或举报，请拨打反诈专线 96110。</p></body></html>\n";

}  // namespace

std::string_view warning_page(std::string_view language) {
  if (language == "en") return kEnglish;
  return language == "zh-CN" ? kChinese : std::string_view();
}

}  // namespace telefence
