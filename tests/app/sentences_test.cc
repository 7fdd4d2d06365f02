// SPDX-License-Identifier: Apache-2.0
#include "app/sentences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "app/sentence_table.h"
#include "config/loader.h"

namespace telefence {
namespace {

std::string chinese(std::string_view english) { return translated(Language::kChinese, english); }

bool has_chinese(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xe3; });
}

TEST(Sentences, WhatIsPutInComesWhereTheOtherLanguageHasIt) {
  EXPECT_EQ(chinese("port access has no link"), "端口 access 无链路");
  EXPECT_EQ(chinese("port access: the kernel puts IPv4 fragments together, and what is then longer than the MTU is lost: this build of the "
                    "program does not hinder DPDK's driver from asking for that"),
            "端口 access：内核会重组 IPv4 分片，重组后超过 MTU 的报文会丢失：本程序的这个构建版本未能阻止 DPDK 驱动要求内核重组");
  EXPECT_EQ(chinese("worker w3 stands still for 7 s: its packets wait"), "工作线程 w3 已停滞 7 秒：其报文在等待");
  EXPECT_EQ(chinese("2 mistakes in x.yaml, the first: y. Nothing was changed"), "x.yaml 中有 2 处错误，首个：y。未作任何更改");
  EXPECT_EQ(translated(Language::kEnglish, "port access has no link"), "port access has no link");
}

TEST(Sentences, SentencesWithinSentencesAreTranslatedToo) {
  EXPECT_EQ(chinese("expected one of monitor, enforce, found 'enforced'; did you mean 'enforce'?"),
            "应为 monitor, enforce 之一，实为'enforced'；是否想写“enforce”？");
  EXPECT_EQ(chinese("Redis is away for 5 s: Redis at unix:/x: can't connect: Connection refused"),
            "Redis 已失联 5 秒：Redis unix:/x：无法连接：连接被拒绝");
  EXPECT_EQ(chinese("'x' is no Redis server: no port; write unix:/path/of/socket, host:port, [IPv6]:port or rediss://host:port").substr(0, 3), "“");
}

TEST(Sentences, WhatStandsBehindAPlaceIsTranslatedToo) {
  EXPECT_EQ(chinese("x.yaml:1:7: mode: expected one of monitor, enforce, found 'block'"), "x.yaml:1:7: mode: 应为 monitor, enforce 之一，实为'block'");
  EXPECT_EQ(chinese("lists have shrunk by more than policy.shrink_limit allows: a.txt had 300 entries and now has 100; b.txt had 9 entries and now has 1. "
                    "If that is meant: telefence reload --accept-shrunk. Nothing was changed"),
            "名单条目减少超过 policy.shrink_limit 的限度：a.txt 原有 300 条，现有 100 条；b.txt 原有 9 条，现有 1 条。如确属有意：telefence reload "
            "--accept-shrunk。未作任何更改");
}

TEST(Sentences, WhatIsSaidOfSignaturesIsTranslated) {
  EXPECT_EQ(chinese("batch 2-0 refused: the signature of centre is wrong: the batch was changed, or the key is another one"),
            "批次 2-0 被拒绝：centre 的签名有误：批次被改动过，或密钥不符");
  EXPECT_EQ(chinese("batch 2-0 refused: add domain com (log:2:1) is a whole top-level domain: that needs the signatures of two who may_be_wide, and has 1"),
            "批次 2-0 被拒绝：add domain com (log:2:1) 属于整个顶级域：须有两名 may_be_wide 的签名者，现有 1 名");
  EXPECT_EQ(chinese("Redis at rediss://a:1 is behind: its log ends with batch 8-0, and this node has read batch 10-0"),
            "Redis rediss://a:1 落后：其变更流止于批次 8-0，本节点已读到 10-0");
  EXPECT_EQ(chinese("can't write /x/applied.log: No space left on device; filtering goes on, and writing is tried again").substr(0, 6), "无法");
}

TEST(Sentences, NothingOfARefusedValueStaysEnglish) {
  EXPECT_EQ(chinese("96110 must never be blocked: anti-fraud line of the police"), "96110 永不拦截：反诈预警劝阻专线");
  EXPECT_EQ(chinese("op 'frob' must be add, remove, allow or replace-list"), "op“frob”须为 add、remove、allow 或 replace-list");
  EXPECT_EQ(chinese("xyz is a top-level domain: every site under it would be blocked"), "xyz 是顶级域：其下所有网站都会被拦截");
}

TEST(Sentences, WhyAnEntryIsWideIsPartOfWhatIsToBeDone) {
  const std::string ends = "，节点只接受两人签名：请加 --second-key 文件，或用 --for-cosign 文件交由他人执行 telefence push cosign 下发";
  for (const auto& [why, said] : {std::pair{"a prefix of 5 digits, fewer than 7", "5 位前缀，少于 7 位"}, std::pair{"a whole top-level domain", "整个顶级域"},
                                  std::pair{"a pattern that hits 9 of 256 everyday messages, as \"x, y\"", "命中 256 条日常短信中 9 条的文本特征，如“x, y”"}})
    EXPECT_EQ(chinese(std::string("this is ") + why + ", which edges take with two signatures only: add --second-key FILE, or --for-cosign FILE and let "
                                                      "somebody else publish it with telefence push cosign"),
              std::string("这属于“") + said + "”" + ends);
  EXPECT_EQ(chinese("list.txt:3: +86170* is a prefix of 5 digits, fewer than 7, which edges take with two signatures only: add --second-key FILE. Nothing is published"),
            "list.txt:3: +86170* 是 5 位前缀，少于 7 位，节点须见到两个签名才接受：请加 --second-key 文件。未下发");
}

TEST(Sentences, WhatIsWrongWithKeysLinesAndServersIsChinese) {
  for (const char* said :
       {"unknown action 'explode'; leave it out to go by category and tier", "match 'x' must be suffix or exact for a domain", "match 'x' must be exact or prefix for a number",
        "match 'x' must be text or regex for a pattern", "match 'x' must be prefix, exact or regex for a url", "valid_from must lie before expires",
        "shadow and shadow_until contradict each other: give one of them", "no number has more than 20 digits", "a.key: 'secret' must be 64 hexadecimal digits",
        "wide.json: this is no proposal (telefence push add --for-cosign)", "wide.json: a change of it: valid_from must lie before expires",
        "\"abc\" is no version: give a number of telefence policy versions, or newest"}) {
    EXPECT_TRUE(has_chinese(chinese(said))) << said;
    for (const char* english : {"must", "unknown", "this is", "leave", "contradict", "number has", "is no"}) EXPECT_EQ(chinese(said).find(english), std::string::npos) << chinese(said);
  }
  EXPECT_EQ(chinese("--redis: 'junk' is no Redis server: no port; write unix:/path/of/socket, host:port, [IPv6]:port or rediss://host:port"),
            "--redis：“junk”不是 Redis 地址：没有端口；请写 unix:/套接字路径、主机:端口、[IPv6]:端口 或 rediss://主机:端口");
  for (const char* done : {"open", "write", "read"})
    EXPECT_EQ(chinese(std::string("can't ") + done + " the audit file /x/y: No such file or directory"), "无法写入审计文件 /x/y：文件或目录不存在");
}

TEST(Sentences, WhatIsNotInTheTableStaysAsItIs) {
  for (const char* text : {"", "no such sentence", "{}", "port "}) EXPECT_EQ(chinese(text), text);
}

// The first that fits is taken: a specific one behind a generic one is never said.
TEST(Sentences, NoneStandsBehindOneThatIsTakenForIt) {
  for (const Sentence& sentence : sentences()) {
    std::string english, wanted(sentence.chinese);
    std::string_view rest = sentence.english;
    for (std::size_t at = rest.find("{}"); at != std::string_view::npos; at = rest.find("{}")) {
      (english += rest.substr(0, at)) += "x";
      rest.remove_prefix(at + 2);
    }
    english += rest;
    for (std::size_t i = 0; i < 10; ++i)
      for (std::size_t at = wanted.find("{" + std::to_string(i) + "}"); at != std::string::npos; at = wanted.find("{" + std::to_string(i) + "}"))
        wanted.replace(at, 3, "x");
    EXPECT_EQ(chinese(english), wanted);
  }
}

TEST(Sentences, WhatIsSaidOfKeysNamesAndTimesIsAllInChinese) {
  EXPECT_EQ(chinese("can't read the key a.pub: no such file, or no right to read it").find("key"), std::string::npos);
  EXPECT_EQ(chinese("can't resolve nosuch.invalid: Name or service not known"), "无法解析 nosuch.invalid：没有这个域名");
  for (const char* option : {"--expires", "--valid-from"}) {
    const std::string said = chinese(std::string(option) + " \"x\": give 2026-12-01T00:00:00+08:00, or 90s, 30min, 12h, 7d");
    EXPECT_EQ(said, std::string(option) + " “x”：请写 2026-12-01T00:00:00+08:00，或 90s、30min、12h、7d");
  }
}

TEST(Sentences, EveryOneHasItsPlacesInBothLanguages) {
  std::set<std::string_view> seen;
  for (const Sentence& sentence : sentences()) {
    EXPECT_TRUE(seen.insert(sentence.english).second) << sentence.english;
    EXPECT_TRUE(has_chinese(sentence.chinese)) << sentence.english;
    std::size_t places = 0;
    for (std::size_t at = 0; (at = sentence.english.find("{}", at)) != std::string_view::npos; at += 2) ++places;
    for (std::size_t i = 0; i < 10; ++i) {
      const std::string place = "{" + std::to_string(i) + "}";
      if (i < places) continue;
      EXPECT_EQ(sentence.chinese.find(place), std::string_view::npos) << sentence.english;
    }
    EXPECT_EQ(sentence.chinese.find("{}"), std::string_view::npos) << sentence.english;
  }
}

// A file with one of each kind of mistake: nothing of what is told of it stays English.
TEST(Sentences, MistakesOfAConfigurationAreToldInChinese) {
  for (const char* yaml :
       {"moed: x\n", "mode: x\n", "mode: enforced\n", "mode: monitor\nmode: enforce\n", "ports: 7\n", "ports: [{name: a}]\n",
        "ports: [{name: a, device: net_null0}, {name: a, device: net_null0}]\n", "wire: [[a]]\n", "wire: [[a, a]]\n",
        "ports: [{name: a, device: net_null0}]\nwire: [[a, b]]\n", "ports: [{name: \"a b\", device: net_null0}]\n",
        "ports: [{name: a, device: this-name-is-too-long}]\n", "engine: {workers: \"999\"}\n", "engine: {control_core: 999}\n",
        "engine: {frames: 10}\n", "engine: {overload: {texts: closed}}\n", "engine: {bypass: {heartbeat: {command: [kick]}}}\n",
        "engine: {bypass: {heartbeat: {file: card}}}\n", "engine: {bypass: {heartbeat: {every: 1ms}}}\n",
        "engine: {bypass: {heartbeat: {command: [/bin/true], file: /dev/null}}}\n", "engine: {frames: many}\n", "engine: {frames: 007}\n", "policy: {tag_dscp: 64}\n",
        "protocols: {dns: {on: yes}}\n", "policy: {home_country: 86}\n", "policy: {home_country: \"0\"}\n",
        "policy: {answers: {ttl: 10}}\n", "policy: {answers: {ttl: 5min}}\n", "records: {rotate: 1}\n", "redis: x\n",
        "node: {id: \"\"}\n", "protocols: {smpp: {action: drop}}\n", "protocols: {dns: {answer: sinkhole}}\n",
        "protocols: {sip: {udp_ports: [53]}}\n", "protocols: {smpp: {answer: x}}\n", "protocols: {dns: {codes: {content: 1}}}\n",
        "policy: {lists: [{file: /nonexistent}]}\n", "policy: {lists: [{file: /tmp}]}\n", "policy: {lists: [{kind: url}]}\n",
        "policy: {lists: [{file: /dev/null, kind: number, action: reset}]}\n", "policy: {answers: {sinkhole_ipv4: x}}\n",
        "policy: {answers: {sinkhole_ipv6: x}}\n", "policy: {answers: {page_url: x}}\n", "policy: {answers: {page_file: /nonexistent}}\n",
        "redis: {server: x}\n", "redis: {server: \"x:y\"}\n", "records: {file: /tmp}\n", "listen: {web: nowhere}\n",
        "listen: {web: \"127.0.0.1:x\"}\n", "listen: {web: \"x:1\"}\n", "a: b: c\n", "a: 1\n b: 2\n", "a: - b\n", "a:\n  b: 1\n c: 2\n",
        "a: [1\nb: 3\n", "a: {b: 1\n", "a: ]\n", "a: @x\n", "a: *\n", "a: | x\n  y\n", "a:\n\tb: 1\n", "a: \"b\n", "a: \"b\" c\n",
        "a: &x 1\n", "a: !!str 1\n", "a: 1\n---\nb: 2\n", "a: \xb4\xfb\n", ""}) {
    const Loaded loaded = load_config_text(yaml, "x.yaml");
    ASSERT_FALSE(loaded.mistakes.empty()) << yaml;
    for (const Mistake& mistake : loaded.mistakes) EXPECT_TRUE(has_chinese(chinese(mistake.message))) << yaml << ": " << mistake.message;
    for (const Mistake& warning : loaded.warnings) EXPECT_TRUE(has_chinese(chinese(warning.message))) << yaml << ": " << warning.message;
  }
}

}  // namespace
}  // namespace telefence
