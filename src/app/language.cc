// SPDX-License-Identifier: Apache-2.0
#include "app/language.h"

#include <array>
#include <cstdlib>

#include "base/json_text.h"

namespace telefence {
namespace {

struct Both {
  Word word;
  std::string_view english;
  std::string_view chinese;
};

constexpr std::array kWords = {
    Both{Word::kNormalised, "normalised", "规范形式"},
    Both{Word::kHits, "hits", "命中"},
    Both{Word::kNoHit, "nothing matched", "没有命中"},
    Both{Word::kVerdict, "verdict", "结论"},
    Both{Word::kWouldBlock, "would be blocked", "将被拦截"},
    Both{Word::kWouldPass, "would pass", "将被放行"},
    Both{Word::kOnlyMonitored, "this node only monitors: recorded, not touched", "本节点仅监测：只记录，不处置"},
    Both{Word::kShadow, "the signature is in shadow: recorded, not touched", "该规则处于影子状态：只记录，不处置"},
    Both{Word::kAllowed, "an allow entry wins", "白名单优先"},
    Both{Word::kNeverBlock, "never blocked, whatever a signature says", "永不拦截，任何规则都不能改变"},
    Both{Word::kNoEntry, "no entry covers it", "没有规则覆盖"},
    Both{Word::kBlocks, "block", "拦截"},
    Both{Word::kAllows, "allow", "放行"},
    Both{Word::kWins, "wins", "生效"},
    Both{Word::kSource, "source", "来源"},
    Both{Word::kCategory, "category", "类别"},
    Both{Word::kTier, "tier", "等级"},
    Both{Word::kAction, "action", "动作"},
    Both{Word::kExpires, "expires", "失效时间"},
    Both{Word::kPublicSuffix, "a public suffix: unrelated sites are registered under it, so it can't be blocked as a whole",
         "公共后缀：其下是互不相关的网站，不能整体拦截"},
    Both{Word::kPublicSuffixRefused, "refused", "已拒绝"},
    Both{Word::kFromDaemon, "asked the running daemon", "询问了正在运行的守护进程"},
    Both{Word::kFromFiles, "from the configuration and its signature files (no daemon asked)",
         "依据配置及其规则文件（未询问守护进程）"},
    Both{Word::kPushed, "pushed", "已下发"},
    Both{Word::kNode, "node", "节点"},
    Both{Word::kMode, "mode", "模式"},
    Both{Word::kUptime, "up for", "已运行"},
    Both{Word::kPorts, "ports", "端口"},
    Both{Word::kPort, "port", "端口"},
    Both{Word::kReceived, "received", "收到"},
    Both{Word::kSent, "sent", "发出"},
    Both{Word::kLost, "lost", "丢失"},
    Both{Word::kSignatures, "signatures", "规则"},
    Both{Word::kDomains, "domains", "域名"},
    Both{Word::kUrls, "URLs", "网址"},
    Both{Word::kNumbers, "numbers", "号码"},
    Both{Word::kPatterns, "patterns", "文本模式"},
    Both{Word::kFeed, "feed", "下发通道"},
    Both{Word::kFeedOff, "no Redis server is configured", "未配置 Redis 服务器"},
    Both{Word::kConnected, "connected", "已连接"},
    Both{Word::kNotConnected, "not connected", "未连接"},
    Both{Word::kSequence, "sequence", "序号"},
    Both{Word::kRecords, "records", "记录"},
    Both{Word::kWritten, "written", "已写入"},
    Both{Word::kProblem, "problem", "问题"},
    Both{Word::kPackets, "packets", "报文"},
    Both{Word::kForwarded, "forwarded", "转发"},
    Both{Word::kTouched, "touched", "处置"},
    Both{Word::kFate, "fate", "去向"},
    Both{Word::kChannel, "channel", "渠道"},
    Both{Word::kInspected, "inspected", "已检查"},
    Both{Word::kBlocked, "blocked", "已拦截"},
    Both{Word::kTagged, "tagged", "已标记"},
    Both{Word::kWouldBe, "would be", "拟拦截"},
    Both{Word::kMonitor, "monitor", "监测"},
    Both{Word::kEnforce, "enforce", "拦截"},
    Both{Word::kSeconds, "s", "秒"},
    Both{Word::kComplaints, "entries left out", "未采用的条目"},
    Both{Word::kWorkers, "workers", "工作线程"},
    Both{Word::kReady, "ready", "就绪"},
    Both{Word::kNotReady, "not ready", "未就绪"},
};
static_assert(kWords.size() == static_cast<std::size_t>(Word::kCount_));

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (static_cast<std::size_t>(kWords[i].word) != i) return false;
  return true;
}
static_assert(in_order());

}  // namespace

Language language_of(std::string_view wanted) {
  if (wanted.empty()) {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
      const char* value = std::getenv(name);
      if (value == nullptr || *value == '\0') continue;
      wanted = value;
      break;
    }
  }
  return wanted.starts_with("zh") ? Language::kChinese : Language::kEnglish;
}

std::string_view say(Language language, Word word) {
  const Both& both = kWords[static_cast<std::size_t>(word)];
  return language == Language::kChinese ? both.chinese : both.english;
}

std::string_view say(Language language, Category category) {
  return language == Language::kChinese ? category_name_zh(category) : category_name(category);
}

std::size_t columns(std::string_view utf8) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const std::size_t length = utf8_step(utf8, i).length;
    // Octets e3 and above begin U+3000 and what follows: East Asian characters, which terminals show wide.
    sum += length >= 3 && static_cast<std::uint8_t>(utf8[i]) >= 0xe3 ? 2u : 1u;
    i += length;
  }
  return sum;
}

}  // namespace telefence
