// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/cosigning.h"
#include "app/json_lines.h"
#include "app/language.h"
#include "app/proposal.h"
#include "app/push_absence.h"
#include "app/push_connection.h"
#include "app/push_line.h"
#include "app/push_signing.h"
#include "app/push_trial.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "centre/publish_batch.h"
#include "signatures/audit_log.h"

namespace telefence {
namespace {

constexpr std::string_view kRefused = "Redis refuses: ";
constexpr std::size_t kMostAuditedLines = 50;  // of one batch; its hash covers all

int failed(Error error, Language language) {
  error.message += what_to_do(error.message);
  print("telefence push", error, language);
  return static_cast<int>(error.code);
}

void note(const std::string& message, Language language) {
  std::fprintf(stderr, "telefence push: %s\n", printable(translated(language, message)).c_str());
}

std::vector<std::string> wide_of(const PushArguments& arguments, const std::vector<std::string>& lines) {
  std::vector<std::string> out = wide_lines(arguments, lines);
  std::erase(out, "");
  return out;
}

// What every edge would refuse is refused here, where somebody can still do something about it.
Result<void> check_wide(const PushArguments& arguments, const std::vector<std::string>& lines, std::size_t signers) {
  if (signers != 1) return {};  // two, or none: then edges that take it take everything
  const std::vector<std::string> wide = wide_of(arguments, lines);
  if (wide.empty()) return {};
  return Error{ErrorCode::kInvalid, "this is " + wide.front() + ", which edges take with two signatures only: add --second-key FILE, or "
                                    "--for-cosign FILE and let somebody else publish it with telefence push cosign"};
}

// What the guard against over-blocking has found.
struct Weighed {
  bool is_held = false;
  std::string confirmed;  // JSON for the audit file: over the limit, and wanted all the same; "" = not over
};

// Asks the edges that keep a live sample how often it would have hit. When they can't be asked it is said, and nothing is held: what
// blocks fraud must not wait for it.
Result<Weighed> weigh(const PushArguments& arguments, const std::vector<std::string>& lines, const PushKeys& keys, Language language) {
  const Result<double> limit = most_hits_of(arguments.most_hits);
  if (!limit) return limit.error();
  if (!arguments.add || arguments.allow || arguments.shadow || limit.value() >= 1) return Weighed{};
  const Result<TrialReport> report = try_lines(arguments, lines, {limit.value(), false, keys.keys.empty() ? nullptr : &keys.keys.front()});
  if (!report) {
    // A server that is not there will be told of by the push itself.
    if (report.error().message.starts_with(kRefused) || report.error().code == ErrorCode::kInvalid)
      note("what it would have hit is not known: " + report.error().message + what_to_do(report.error().message), language);
    return Weighed{};
  }
  if (!report.value().silent.empty())
    note(say(language, {"{} of {} with a live sample did not answer", "有样本的 {1}中 {0} 个未应答"}, report.value().silent.size(),
             counted(language, report.value().asked.size(), {"edge", "个节点"}, {"edges", "个节点"})), language);
  const LineTrial* const worst = report.value().worst();
  if (worst == nullptr) return Weighed{};
  if (arguments.confirmed)
    return Weighed{false, to_line(Json{{"limit", limit.value()}, {"share", worst->share()}, {"most", worst->most}, {"hits", worst->hits},
                                       {"sampled", worst->sampled}, {"edges", worst->edges}})};
  if (arguments.json) std::printf("%s\n", to_line(Json{{"ok", false}, {"trial", to_json(report.value())}}).c_str());
  std::fprintf(stderr, "telefence push: %s\n",
               say(language, {"held, nothing is published: it would have hit {}, and the limit is {} (--most-hits); --confirm publishes it all the same",
                              "已搁置，未下发：{}，上限为 {}（--most-hits）；加 --confirm 可仍然下发"},
                   figure_of(*worst, language), percent(limit.value())).c_str());
  return Weighed{true, {}};
}

// Says what would be, and publishes nothing. Exit code 3 when a push would be held.
int dry_run(const PushArguments& arguments, const std::vector<std::string>& lines, const PushKeys& keys, Language language) {
  const Result<double> limit = most_hits_of(arguments.most_hits);
  if (!limit) return failed(limit.error(), language);
  const Result<TrialReport> report = try_lines(arguments, lines, {limit.value(), true, keys.keys.empty() ? nullptr : &keys.keys.front()});
  if (!report) return failed(report.error(), language);
  const std::vector<std::string> wide = wide_of(arguments, lines);
  const int code = report.value().is_over() ? static_cast<int>(ErrorCode::kInvalid) : kExitOk;
  if (arguments.json) {
    Json out = {{"ok", code == kExitOk}, {"dry_run", true}, {"wide", wide}};
    out.update(to_json(report.value()));
    std::printf("%s\n", to_line(out).c_str());
    return code;
  }
  std::printf("%s\n", std::string(say(language, {"dry run: nothing is published", "试运行：不下发"})).c_str());
  print_for_people(report.value(), language);
  for (const std::string& why : wide)
    std::printf("%s\n", say(language, {"this is {}, which edges take with two signatures only", "这属于“{}”，节点须有两个签名才采用"}, translated(language, why)).c_str());
  return code;
}

AuditEntry entry_of(const char* what, const std::vector<std::string>& lines, const std::vector<std::string>& key_ids) {
  AuditEntry entry(what, publisher_name());
  Json changes = Json::array();
  for (std::size_t i = 0; i < std::min(lines.size(), kMostAuditedLines); ++i) changes.push_back(Json::parse(lines[i], nullptr, false));
  return entry.json("keys", to_line(Json(key_ids))).number("n", lines.size()).json("changes", to_line(changes));
}

// Publishes and writes into the audit file, which must be there to be written before anything is sent.
Result<PublishedBatch> publish(const PushArguments& arguments, const std::vector<std::string>& lines, const BatchAuthor& author,
                               const std::vector<std::string>& key_ids, const std::string& confirmed) {
  AuditLog audit;
  if (const std::string file = audit_file(arguments); !file.empty())
    if (Result<void> opened = audit.open(file, AuditLog::Sync::kEachLine); !opened) return opened.error();
  const Result<PublishedBatch> published = on_primary(arguments, [&](RedisConnection& connection) {
    return publish_batch(connection, arguments.log, lines, author);
  });
  AuditEntry entry = entry_of(published ? arguments.audited_as.c_str() : "push-failed", lines, key_ids);
  entry.text("log", arguments.log);
  if (!confirmed.empty()) entry.json("confirmed", confirmed);
  if (published)
    entry.number("seq", published.value().sequence).text("hash", published.value().hash);
  else
    entry.text("why", published.error().message);
  if (Result<void> written = audit.append(entry); !written && published)
    return Error{ErrorCode::kEnvironment, "published as batch " + std::to_string(published.value().sequence) + ", but " + written.error().message};
  return published;
}

void print_published(const PushArguments& arguments, const PublishedBatch& published, const std::vector<std::string>& lines,
                     const std::vector<std::string>& key_ids, Language language) {
  if (!published.note.empty()) note(published.note, language);
  if (arguments.json) {
    Json out = {{"ok", true}, {"seq", published.sequence}, {"hash", published.hash}, {"keys", key_ids}};
    out["change"] = Json::parse(lines.front(), nullptr, false);
    if (lines.size() > 1) out["changes"] = lines.size();
    std::printf("%s\n", to_line(out).c_str());
    return;
  }
  for (const std::string& line : lines) {
    const Json change = Json::parse(line, nullptr, false);
    std::printf("%s\n", say(language, {"pushed: {} {} {}, sequence {}", "已下发：{} {} {}，序号 {}"}, word_of(language, text_of(change, "op")),
                            word_of(language, text_of(change, "kind")), printable(text_of(change, "value")), published.sequence).c_str());
  }
}

// Writes the file for the second signer.
int hand_over(const PushArguments& arguments, const std::vector<std::string>& lines, const PushKeys& keys, Language language) {
  if (keys.keys.size() != 1) return failed({ErrorCode::kUsage, "--for-cosign needs --key, and no second one"}, language);
  AuditLog audit;
  if (Result<void> opened = audit.open(audit_file(arguments), AuditLog::Sync::kEachLine); !opened) return failed(opened.error(), language);
  const SigningKey& key = keys.keys.front();
  const Proposal proposal = propose(lines, publisher_name(), key, std::time(nullptr));
  if (Result<void> written = write_proposal(arguments.for_cosign, proposal); !written) return failed(written.error(), language);
  if (Result<void> written = audit.append(entry_of("proposed", lines, {key.id()})); !written) return failed(written.error(), language);
  if (arguments.json)
    std::printf("%s\n", to_line(Json{{"ok", true}, {"file", arguments.for_cosign}, {"key", key.id()}}).c_str());
  else
    std::printf("%s\n", say(language, {"not published yet: give {0} to the second signer, for telefence push cosign {0} --key FILE; it is good for a day",
                                       "尚未下发：请将 {0} 交给第二签名者，执行 telefence push cosign {0} --key 文件；一天内有效"},
                            arguments.for_cosign).c_str());
  return kExitOk;
}

}  // namespace

int push(const PushArguments& arguments) {
  const Language language = language_of(arguments.language);
  if (const Result<void> checked = check_servers(arguments); !checked) return failed(checked.error(), language);
  const Result<PushKeys> keys = read_keys(arguments);
  if (!keys) return failed(keys.error(), language);
  const Result<std::string> line = push_line(arguments, publisher_name(), std::time(nullptr));
  if (!line) return failed(line.error(), language);
  if (arguments.add && !arguments.allow && arguments.kind == "domain")
    if (const std::string why = why_unprotected(arguments.protected_file); !why.empty()) note(why, language);
  const std::vector<std::string> lines{line.value()};
  if (arguments.dry_run) return dry_run(arguments, lines, keys.value(), language);
  const bool proposes = !arguments.for_cosign.empty();
  if (const Result<void> checked = check_wide(arguments, lines, keys.value().keys.size()); !checked && !proposes) return failed(checked.error(), language);
  const Result<Weighed> weighed = weigh(arguments, lines, keys.value(), language);
  if (!weighed) return failed(weighed.error(), language);
  if (weighed.value().is_held) return static_cast<int>(ErrorCode::kInvalid);
  if (proposes) return hand_over(arguments, lines, keys.value(), language);
  const std::vector<std::string> key_ids = keys.value().ids();
  const std::optional<Absence> absence = arguments.add ? std::nullopt : absence_of(arguments, lines);
  const Result<PublishedBatch> published = publish(arguments, lines, {publisher_name(), keys.value().all()}, key_ids, weighed.value().confirmed);
  if (!published) return failed(published.error(), language);
  print_published(arguments, published.value(), lines, key_ids, language);
  if (absence) note(to_text(*absence, arguments, false, language), language);
  warn_unsigned("telefence push", keys.value(), language);
  if (arguments.audited_as == "pushed") hint_at_status(arguments, language);  // a release looks by itself
  return kExitOk;
}

std::vector<std::string> withdrawn_kinds() { return {"domain", "url", "number", "pattern", "ip", "account", "app"}; }

// What was withdrawn can be published anew; nobody's word is needed for it but the signer's.
int push_withdraw(const PushArguments& arguments, const std::vector<std::string>& kinds) {
  const Language language = language_of(arguments.language);
  if (const Result<void> checked = check_servers(arguments); !checked) return failed(checked.error(), language);
  const Result<PushKeys> keys = read_keys(arguments);
  if (!keys) return failed(keys.error(), language);
  std::vector<std::string> lines;
  std::string named;
  for (const std::string& kind : kinds.empty() ? withdrawn_kinds() : kinds) {
    lines.push_back(to_line(Json{{"op", "replace-list"}, {"kind", kind}, {"source", arguments.source}}));
    (named += named.empty() ? "" : say(language, {", ", "、"})) += word_of(language, kind);
  }
  const std::vector<std::string> key_ids = keys.value().ids();
  const std::optional<Absence> absence = absence_of(arguments, lines);
  const Result<PublishedBatch> published = publish(arguments, lines, {publisher_name(), keys.value().all()}, key_ids, "");
  if (!published) return failed(published.error(), language);
  if (absence) note(to_text(*absence, arguments, true, language), language);
  warn_unsigned("telefence push", keys.value(), language);
  if (arguments.json) {
    print_published(arguments, published.value(), lines, key_ids, language);
    return kExitOk;
  }
  if (!published.value().note.empty()) note(published.value().note, language);
  std::printf("%s\n", say(language, {"withdrawn: all that {} has said ({}), sequence {}", "已撤回：{} 下发的全部内容（{}），序号 {}"}, arguments.source, named,
                          published.value().sequence).c_str());
  hint_at_status(arguments, language);
  return kExitOk;
}

int push_cosign(const PushArguments& arguments) {
  const Language language = language_of(arguments.language);
  if (const Result<void> checked = check_servers(arguments); !checked) return failed(checked.error(), language);
  const Result<Proposal> proposal = read_proposal(arguments.proposal);
  if (!proposal) return failed(proposal.error(), language);
  const auto approver = check_approver(arguments, proposal.value());
  if (!approver) return failed(approver.error(), language);
  if (arguments.key.empty()) {
    print_proposal(arguments, proposal.value(), approver.value(), language);
    return kExitOk;
  }
  const Result<PushKeys> keys = read_keys(arguments);
  if (!keys) return failed(keys.error(), language);
  const BatchSignature& approval = proposal.value().approval;
  if (keys.value().keys.front().id() == approval.key_id)
    return failed({ErrorCode::kUsage, "this key has approved it already: the second signature must be somebody else's"}, language);
  if (approval.until_s < std::time(nullptr))
    return failed({ErrorCode::kInvalid, arguments.proposal + ": the approval is over: let it be proposed again"}, language);
  const Result<std::uint64_t> published_before = published_as(arguments, approval);
  if (!published_before) return failed(published_before.error(), language);
  if (published_before.value() != 0)
    return failed({ErrorCode::kInvalid, arguments.proposal + " was published already, as batch " + std::to_string(published_before.value()) +
                                            ": what was taken back since needs a new word of both; if edges refused that one (telefence push status --seq " +
                                            std::to_string(published_before.value()) + "), let it be proposed again"}, language);
  const Result<Weighed> weighed = weigh(arguments, proposal.value().lines, keys.value(), language);
  if (!weighed) return failed(weighed.error(), language);
  if (weighed.value().is_held) return static_cast<int>(ErrorCode::kInvalid);
  BatchAuthor author(publisher_name(), keys.value().all());
  author.approvals.push_back(approval);
  const std::vector<std::string> key_ids{keys.value().keys.front().id(), approval.key_id};
  const Result<PublishedBatch> published = publish(arguments, proposal.value().lines, author, key_ids, weighed.value().confirmed);
  if (!published) return failed(published.error(), language);
  print_published(arguments, published.value(), proposal.value().lines, key_ids, language);
  return kExitOk;
}

}  // namespace telefence
