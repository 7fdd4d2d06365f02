// SPDX-License-Identifier: Apache-2.0

// The words of JSON, metrics and the configuration in Chinese. tests/app/words_test.cc finds those that are missing.

#include <algorithm>
#include <iterator>

#include "app/language.h"

namespace telefence {
namespace {

struct Entry {
  std::string_view word;
  std::string_view chinese;
};

constexpr Entry kWords[] = {
    // Parts of an event, kinds of entries, sides.
    {"domain", "域名"},
    {"embedded domain", "短信内域名"},
    {"url", "网址"},
    {"calling number", "主叫号码"},
    {"called number", "被叫号码"},
    {"text", "文本"},
    {"number", "号码"},
    {"pattern", "文本特征"},
    {"ip", "IP 地址"},
    {"account", "账户"},
    {"app", "应用"},
    {"sms", "短信"},
    {"calling", "主叫"},
    {"called", "被叫"},
    // Operations of the log.
    {"add", "新增"},
    {"allow", "放行"},
    {"remove", "撤回"},
    {"replace-list", "替换名单"},
    // What of an entry a difference tells.
    {"op", "操作"},
    {"block", "拦截"},
    {"match", "匹配"},
    {"suffix", "含子域名"},
    {"exact", "精确"},
    {"category", "类别"},
    {"level", "等级"},
    {"action", "动作"},
    {"expires", "到期"},
    {"valid_from", "生效时间"},
    {"shadow_until", "影子期至"},
    {"canary", "先行节点百分比"},
    {"true", "是"},
    {"false", "否"},
    // Channels.
    {"dns", "域名解析"},
    {"web", "网页"},
    {"call", "电话"},
    // Reasons of verdicts.
    {"no-hit", "未命中"},
    {"blocked", "拦截"},
    {"allowed", "白名单放行"},
    {"never-block", "永不拦截"},
    {"monitor", "仅监测"},
    {"enforce", "拦截"},
    {"shadow", "影子"},
    // Actions and answers.
    {"drop", "丢弃"},
    {"reset", "重置连接"},
    {"answer", "应答拒绝"},
    {"neutralise", "置空"},
    {"tag", "标记"},
    {"nxdomain", "域名不存在"},
    {"refused", "拒绝解析"},
    {"sinkhole", "沉洞"},
    {"redirect", "跳转警示页"},
    {"page", "警示页"},
    {"alert", "TLS 警报"},
    {"close", "关闭连接"},
    // Why an entry wins or loses.
    {"allow entry: at least as specific as every block entry", "白名单条目，不比任何拦截条目宽泛"},
    {"would be blocked, but the signature is in shadow", "本应拦截，但该规则处于影子状态"},
    {"would be blocked, but the mode is monitor", "本应拦截，但本节点仅监测"},
    {"blocked: certain and grave (tier 1)", "拦截：确定且严重（1 级）"},
    {"blocked: the most specific and gravest entry", "拦截：最具体、最严重的条目"},
    {"allow entry: no pattern blocks this text", "白名单条目：任何文本特征都不拦截此文本"},
    {"blocked: the gravest entry", "拦截：最严重的条目"},
    {"a graver entry wins, and of equally grave ones the first in a fixed order", "更严重的条目优先；同样严重时按固定次序取第一个"},
    {"expired", "已失效"},
    {"the number is on the built-in never-block list", "该号码在内置的永不拦截名单中"},
    {"allow entry in shadow", "白名单条目处于影子状态"},
    {"a more specific block entry wins", "更具体的拦截条目优先"},
    {"allow entry: no entry in force blocks what it is about", "白名单条目：没有生效的条目拦截它所指的内容"},
    {"another allow entry comes first", "另一白名单条目优先"},
    {"allowed by ", "已由白名单放行："},
    {"an allowed number lets the whole message pass", "白名单号码使整条消息放行"},
    {"in shadow; an entry in force comes first", "处于影子状态，生效的条目优先"},
    {"a more specific or graver entry wins", "更具体或更严重的条目优先"},
    // Signs of evasion.
    {"inconsistent_copy", "重传内容不一致"},
    {"bad_checksum", "校验和错误的诱饵"},
    {"few_hops", "跳数不足的诱饵"},
    {"odd_flags", "标志异常的数据"},
    {"data_after_reset", "伪造的连接重置"},
    {"overlapping_fragments", "IP 分片重叠"},
    {"ambiguous_host", "一个请求多个主机名"},
    {"crowded_flow", "同一流中 QUIC 连接过多"},
    {"untried_packets", "数据报中未逐一试解的包"},
    // How packets left.
    {"forwarded_inspected", "已检查，转发"},
    {"forwarded_no_payload", "无载荷，转发"},
    {"forwarded_not_recognised", "未识别的协议，转发"},
    {"forwarded_need_more", "消息跨报文，转发"},
    {"forwarded_malformed", "格式错误，转发"},
    {"forwarded_fragment", "IP 分片，转发"},
    {"forwarded_unknown_link", "非 IP 报文，转发"},
    {"forwarded_unknown_transport", "非 UDP/TCP，转发"},
    {"forwarded_bad_header", "头部错误，转发"},
    {"forwarded_bad_checksum", "校验和错误，转发"},
    {"forwarded_truncated", "过长，转发"},
    {"forwarded_event_limit", "消息过多，转发"},
    {"forwarded_action_failed", "处置失败，转发"},
    {"forwarded_hold_expired", "等待过久，未判即转发"},
    {"dropped_copy", "重复等待中的内容，丢弃"},
    {"dropped_stream_full", "流缓存已满，丢弃待其重传"},
    {"forwarded_overload", "工作线程过载，未检查，转发"},
    {"forwarded_not_ready", "规则尚未就绪，未检查，转发"},
    {"forwarded_bypassed", "旁路中，未检查，转发"},
    {"dropped_overload", "工作线程过载，丢弃"},
    {"forwarded_not_inspected", "未启用检查，转发"},
    {"tagged", "已标记，转发"},
    {"neutralised", "已置空，转发"},
    {"restated", "应答已改写，转发"},
    {"answered", "已应答拒绝"},
    {"dropped_by_verdict", "按判定丢弃"},
    {"dropped_dead_connection", "连接已关闭，丢弃"},
    {"absorbed", "已吸收的确认"},
    {"dropped_transmit_full", "端口发送已满，丢弃"},
    {"mirror_released", "镜像报文，已释放"},
    {"mirror_answered", "镜像报文，已从应答端口应答"},
};

}  // namespace

std::string_view word_of(Language language, std::string_view word) {
  if (language == Language::kEnglish) return word;
  const auto found = std::find_if(std::begin(kWords), std::end(kWords), [word](const Entry& known) { return known.word == word; });
  return found == std::end(kWords) ? word : found->chinese;
}

}  // namespace telefence
