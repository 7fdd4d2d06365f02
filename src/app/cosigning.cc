// SPDX-License-Identifier: Apache-2.0
#include "app/cosigning.h"

#include <cstdio>
#include <ctime>
#include <string_view>
#include <utility>

#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/sentences.h"
#include "crypto/ed25519.h"
#include "signatures/batch.h"
#include "signatures/op_line.h"
#include "signatures/wide_entries.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr const char* kPage = "64";               // batches, of 64 KiB at most
constexpr std::int64_t kClocks_s = 3600;          // so far may two machines' clocks lie apart

bool carries(const RedisReply& fields, const BatchSignature& approval) {
  const RedisReply* text = fields.field("s");
  if (text == nullptr) return false;
  const Result<std::vector<BatchSignature>> signatures = parse_signatures(text->text);
  if (!signatures) return false;
  for (const BatchSignature& one : signatures.value())
    if (one.is_approval() && one.key_id == approval.key_id && one.value == approval.value) return true;
  return false;
}

bool is_older(const RedisReply& fields, std::int64_t than_s) {
  const RedisReply* header = fields.field("h");
  const Json json = header == nullptr ? Json() : Json::parse(header->text, nullptr, false);
  const auto at = json.is_object() ? json.find("ts") : json.end();
  return json.is_object() && at != json.end() && at->is_number_integer() && at->get<std::int64_t>() / 1000 < than_s;
}

Result<std::uint64_t> find_approval(RedisConnection& connection, const std::string& log, const BatchSignature& approval) {
  const std::int64_t proposed_s = approval.until_s - kProposalLife_s;
  std::string end = "+";
  while (true) {
    const Result<RedisReply> page = connection.command({"XREVRANGE", log, end, "-", "COUNT", kPage}, kTimeoutMs);
    if (!page) return page.error();
    if (page.value().is_error()) return Error{ErrorCode::kUnreachable, "Redis refuses: " + page.value().text};
    const std::string begin = end;
    for (const RedisReply& entry : page.value().items) {
      if (entry.items.size() != 2) continue;
      if (carries(entry.items[1], approval)) return first_part(entry.items[0].text);
      if (is_older(entry.items[1], proposed_s - kClocks_s)) return std::uint64_t{0};
      end = "(" + entry.items[0].text;
    }
    if (end == begin) return std::uint64_t{0};  // the log ends here
  }
}

// A line of the proposal, whatever its author put into it. What has no value is a pattern of words: the line itself follows.
std::string what_it_does(const std::string& line, Language language) {
  const Json change = Json::parse(line, nullptr, false);
  const std::string kind = text_of(change, "kind");
  std::string out = "  " + std::string(word_of(language, text_of(change, "op"))) + " " + std::string(word_of(language, kind));
  if (const std::string value = text_of(change, "value"); !value.empty()) out += " " + value;
  if (kind == "domain" && text_of(change, "match", "suffix") == "suffix") out += say(language, {" and all below it", " 及其所有子域名"});
  return printable(out);
}

// Name and publisher are the file's own word, which no approval is over.
std::string whose_it_is(const PushArguments& arguments, const Proposal& proposal, const std::optional<PublicKey>& approver, Language language) {
  const BatchSignature& approval = proposal.approval;
  std::string out = approver ? say(language, {"approved by {}, key {} (checked with {})", "批准者：{}，密钥 {}（已用 {} 核对）"}, printable(approver->name), approval.key_id,
                                   arguments.approver)
                             : say(language, {"approved, as the file says, by {} ({}), key {}", "据文件所述，批准者：{}（{}），密钥 {}"}, printable(proposal.publisher),
                                   printable(proposal.key_name), approval.key_id);
  const std::string when = local_time(approval.until_s);
  out += approval.until_s < std::time(nullptr) ? say(language, {"; over since {}: let it be proposed again", "；已于 {} 过期：请重新提交"}, when)
                                               : say(language, {"; good until {}", "；有效期至 {}"}, when);
  return approver ? out : out + "\n" + std::string(say(language, {"not checked: --approver FILE with the first signer's .pub does", "未核对：请用 --approver 文件 给出第一签名者的 .pub"}));
}

}  // namespace

std::vector<std::string> wide_lines(const PushArguments& arguments, const std::vector<std::string>& lines) {
  std::vector<Change> changes;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Result<Change> change = parse_op_line(lines[i]);
    if (!change || change.value().op != Change::Op::kAdd) continue;
    // To let texts pass, one is enough: it widens no block.
    const SignatureKind kind = change.value().signature.kind;
    if (change.value().signature.allow && (kind == SignatureKind::kPattern || kind == SignatureKind::kUrl)) continue;
    changes.push_back(std::move(change.value()));
    places.push_back(i);
  }
  std::vector<const Signature*> signatures;
  for (const Change& change : changes) signatures.push_back(&change.signature);
  const std::vector<std::string> wide = why_wide(signatures, {arguments.wide_digits, arguments.wide_percent, arguments.home_country});
  std::vector<std::string> out(lines.size());
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = wide[i];
  return out;
}

Result<std::optional<PublicKey>> check_approver(const PushArguments& arguments, const Proposal& proposal) {
  if (arguments.approver.empty()) return std::optional<PublicKey>();
  Result<PublicKey> key = read_public_key(arguments.approver);
  if (!key) return Error{key.error().code, "--approver: " + key.error().message};
  const BatchSignature& approval = proposal.approval;
  if (key.value().id != approval.key_id)
    return Error{ErrorCode::kInvalid, arguments.proposal + ": the approval is of the key " + approval.key_id + ", and " + arguments.approver + " is the key " + key.value().id};
  if (!ed25519_verify(key.value().key, approval.value, approved_message(plain_body(proposal.lines), approval.until_s)))
    return Error{ErrorCode::kInvalid, arguments.proposal + ": this is not what the key " + approval.key_id + " approved: the file was changed since, or the approval is forged"};
  return std::optional<PublicKey>(std::move(key.value()));
}

void print_proposal(const PushArguments& arguments, const Proposal& proposal, const std::optional<PublicKey>& approver, Language language) {
  std::printf("%s\n", whose_it_is(arguments, proposal, approver, language).c_str());
  const std::vector<std::string> wide = wide_lines(arguments, proposal.lines);
  for (std::size_t i = 0; i < proposal.lines.size(); ++i) {
    std::printf("%s\n", what_it_does(proposal.lines[i], language).c_str());
    if (!wide[i].empty())
      std::printf("    %s\n", say(language, {"this is {}, which edges take with two signatures only", "这属于“{}”，节点须有两个签名才采用"}, printable(translated(language, wide[i]))).c_str());
    std::printf("    %s\n", printable(proposal.lines[i]).c_str());  // what is signed
  }
  if (proposal.approval.until_s < std::time(nullptr)) return;
  // Who publishes it without naming the approver would not see that the file was changed since.
  const std::string approved = arguments.approver.empty() ? "" : " --approver " + arguments.approver;
  std::printf("%s\n", say(language, {"nothing is published yet. If it is right: telefence push cosign {}{} --key FILE", "尚未下发。核对无误后执行：telefence push cosign {}{} --key 文件"},
                          arguments.proposal, approved).c_str());
}

Result<std::uint64_t> published_as(const PushArguments& arguments, const BatchSignature& approval) {
  return on_primary(arguments, [&](RedisConnection& connection) { return find_approval(connection, arguments.log, approval); });
}

}  // namespace telefence
