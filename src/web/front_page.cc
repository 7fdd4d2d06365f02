// SPDX-License-Identifier: Apache-2.0
#include "web/front_page.h"

namespace telefence {
namespace {

struct Words {
  std::string_view language, title, about, metrics, health, ready, hint;
};

constexpr Words kEnglish{
    "en",
    "telefence",
    "This edge reads DNS, web, call and short-message traffic and blocks fraud.",
    "figures for Prometheus",
    "the process is alive",
    "ports are up and signatures are loaded and fresh; 503 and the reason when not",
    "On this machine: <code>telefence status</code>, <code>telefence events -f</code>.",
};

constexpr Words kChinese{
    "zh-CN",
    "telefence 反诈拦截节点",
    "本节点检查域名解析、网页访问、电话和短信流量，拦截涉诈内容。",
    "供 Prometheus 采集的指标",
    "进程存活",
    "端口正常且策略已加载、未过期；否则返回 503 及原因",
    "本机命令：<code>telefence status</code>、<code>telefence events -f</code>。",
};

void append_link(std::string& out, std::string_view path, std::string_view text) {
  out.append("<li><a href=\"").append(path).append("\">").append(path).append("</a> ").append(text).append("</li>\n");
}

}  // namespace

std::string front_page(std::string_view accept_language) {
  const std::size_t chinese = accept_language.find("zh");
  const Words& words = chinese != std::string_view::npos && chinese < accept_language.find("en") ? kChinese : kEnglish;
  std::string out = "<!doctype html>\n<html lang=\"";
  out.append(words.language).append("\"><meta charset=\"utf-8\"><title>").append(words.title).append("</title>\n<h1>");
  out.append(words.title).append("</h1>\n<p>").append(words.about).append("</p>\n<ul>\n");
  append_link(out, "/metrics", words.metrics);
  append_link(out, "/healthz", words.health);
  append_link(out, "/readyz", words.ready);
  out.append("</ul>\n<p>").append(words.hint).append("</p>\n</html>\n");
  return out;
}

}  // namespace telefence
