// SPDX-License-Identifier: Apache-2.0
#include "app/test_text.h"

#include <algorithm>
#include <cstdio>

#include "app/sentences.h"
#include "decide/never_block.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::size_t kLabelColumns = 14;
constexpr std::size_t kNameColumns = 18;

// Lines with a label before the first of those that belong together.
class Page {
 public:
  explicit Page(Language language) : language_(language) {}

  std::string text(const Text& text) const { return std::string(say(language_, text)); }
  std::string word(std::string_view word) const { return std::string(word_of(language_, word)); }

  void label(const Text& label) { label_ = text(label); }
  void line(std::string_view value) {
    std::printf("%s%.*s\n", padded(label_, kLabelColumns).c_str(), static_cast<int>(value.size()), value.data());
    label_.clear();
  }

 private:
  const Language language_;
  std::string label_;
};

Text closing(const Json& answer) {
  const std::string reason = text_of(answer, "reason");
  const bool blocks = flag_of(answer, "would_block");
  if (reason == "monitor" && blocks)
    return {"would be blocked; but this node only monitors: recorded, not touched", "将被拦截；但本节点仅监测：只记录，不处置"};
  if (reason == "monitor")
    return {"would be tagged; but this node only monitors: recorded, not touched", "将被标记；但本节点仅监测：只记录，不处置"};
  if (blocks) return {"would be blocked", "将被拦截"};
  if (reason == "shadow")
    return {"would pass: the signature is in shadow, recorded and not touched", "将被放行：该规则处于影子状态，只记录，不处置"};
  if (reason == "allowed") return {"would pass: an allow entry wins", "将被放行：白名单优先"};
  if (reason == "blocked") return {"would pass, but tagged", "将被标记后放行"};
  return {"would pass", "将被放行"};
}

std::string never_block_text(const std::string& told, Language language) {
  if (language == Language::kEnglish) return told;
  const std::string_view digits = std::string_view(told).substr(0, told.find(':'));
  for (const NeverBlockNumber& number : never_block_numbers())
    if (number.digits == digits) return std::string(digits) + "：" + std::string(number.what_zh);
  return told;
}

std::string refusal_text(const Json& answer, Language language) {
  const std::string told = text_of(answer, "refused");
  if (language == Language::kEnglish) return told;
  return translated(language, told);
}

void print_keys(Page& page, const Json& answer) {
  page.label({"looked up", "查询内容"});
  for (const Json& key : member_of(answer, "normalised")) page.line(padded(page.word(text_of(key, "kind")), kNameColumns) + text_of(key, "value"));
}

std::string why_text(const Page& page, const std::string& why) {
  // "allowed by good.example": the value is no part of the sentence.
  constexpr std::string_view kAllowedBy = "allowed by ";
  if (why.starts_with(kAllowedBy)) return page.word(kAllowedBy) + why.substr(kAllowedBy.size());
  return page.word(why);
}

void print_hit(Page& page, const Json& hit, Language language) {
  const Json& signature = member_of(hit, "signature");
  const bool allow = flag_of(signature, "allow");
  page.label({"hit", "命中"});
  std::string head = padded(page.word(text_of(hit, "part")), kNameColumns) + page.text(allow ? Text{"allow", "放行"} : Text{"block", "拦截"}) +
                     " " + text_of(signature, "value");
  if (flag_of(hit, "wins")) head += page.text({"   <- wins", "   <- 生效"});
  page.line(head);
  const std::string indent(kNameColumns, ' ');
  const std::string source = text_of(signature, "source");
  if (!allow) {
    const Category category = category_from(text_of(signature, "category")).value_or(Category::kOther);
    page.line(indent + say(language, {"{}, tier {}, from {}", "{}，等级 {}，来源 {}"}, say(language, category), number_of<int>(signature, "tier"), source));
  } else {
    page.line(indent + say(language, {"from {}", "来源 {}"}, source));
  }
  page.line(indent + why_text(page, text_of(hit, "why")));
}

void print_verdicts(Page& page, const Json& answer) {
  page.label({"by protocol", "各协议"});
  for (const Json& verdict : member_of(answer, "verdicts")) {
    std::string name = text_of(verdict, "protocol");
    if (verdict.contains("side")) name += " " + page.word(text_of(verdict, "side"));
    std::string line = padded(name, kNameColumns) + page.word(text_of(verdict, "reason"));
    if (const std::string action = text_of(verdict, "action"); !action.empty()) line += page.text({": ", "："}) + page.word(action);
    page.line(line);
  }
}

}  // namespace

std::string known_anyway(const Json& answer, Language language) {
  if (const std::string never = text_of(answer, "never_block"); !never.empty())
    return say(language, {"never blocked, whatever a signature says: {}", "永不拦截，任何规则都不能改变：{}"}, never_block_text(never, language));
  if (!text_of(answer, "refused").empty())
    return say(language, {"no list may name it: {}", "任何名单都不能收录：{}"}, refusal_text(answer, language));
  return {};
}

void print_test_answer(const Json& answer, bool from_daemon, Language language) {
  Page page(language);
  page.label({"verdict", "结论"});
  page.line(say(language, closing(answer)));
  if (const std::string known = known_anyway(answer, language); !known.empty()) page.line(known);
  print_keys(page, answer);
  if (member_of(answer, "hits").empty()) {
    page.label({"hit", "命中"});
    page.line(say(language, {"nothing matched", "没有命中"}));
  }
  for (const Json& hit : member_of(answer, "hits")) print_hit(page, hit, language);
  print_verdicts(page, answer);
  page.label({"judged by", "判定依据"});
  const std::string_view mode = say(language, text_of(answer, "mode") == "enforce" ? Word::kEnforce : Word::kMonitor);
  page.line(from_daemon ? say(language, {"the running daemon: node {}, mode {}", "正在运行的守护进程：节点 {}，模式 {}"}, text_of(answer, "node"), mode)
                        : say(language, {"the configuration and its signature files: mode {}", "配置及其规则文件：模式 {}"}, mode));
}

}  // namespace telefence
