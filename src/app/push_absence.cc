// SPDX-License-Identifier: Apache-2.0
#include "app/push_absence.h"

#include <ctime>
#include <utility>

#include "app/push_connection.h"
#include "app/push_plan.h"
#include "centre/log_image.h"
#include "centre/snapshot_publish.h"
#include "config/assemble.h"
#include "config/loader.h"
#include "signatures/op_line.h"
#include "signatures/snapshot_fetch.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
// What takes back waits for no more than this is read, some tenths of a second.
constexpr std::uint64_t kMostBatches = 1000;
constexpr std::uint64_t kMostEntries = 100'000;

bool is_short(RedisConnection& connection, const std::string& log) {
  const Result<LogReach> reach = reach_of(connection, log);
  if (!reach || reach.value().last < reach.value().snapshot || reach.value().last - reach.value().snapshot > kMostBatches) return false;
  if (reach.value().snapshot == 0) return true;
  const auto ask = [&](std::initializer_list<std::string_view> words) { return connection.command(words, kTimeoutMs); };
  const Result<ManifestThere> there = manifest_at(ask, log, reach.value().snapshot);
  if (!there) return false;
  const SnapshotManifest& manifest = there.value().manifest;
  return manifest.domains + manifest.numbers + manifest.others <= kMostEntries;
}

// Takes what anybody says: only what nobody says is certain to be in force nowhere.
Result<ReadImage> read_believing(RedisConnection& connection, const CompileTerms& terms, const std::string& log) {
  TrustOptions trust;
  trust.wide.home_country = terms.home_country;
  trust.accept_unsigned = true;
  return read_image(connection, LogImage::with(terms, trust, Signers::trusting({}, trust)), log);
}

// What of the log is about the lines.
class Search {
 public:
  Search(const CompileTerms& terms, const std::vector<std::string>& lines)
      : asked_(terms, publisher_name()), of_anybody_(terms, publisher_name()) {
    for (const std::string& line : lines) {
      Result<Change> change = parse_op_line(line);
      if (!change || change.value().unenforced != UnenforcedKind::kNone) continue;
      has_lists_ |= change.value().op == Change::Op::kReplaceList;
      has_removal_ |= change.value().op == Change::Op::kRemove;
      asked_.add(change.value(), false);
      if (change.value().op != Change::Op::kRemove) continue;
      change.value().signature.source.clear();
      of_anybody_.add(change.value(), false);
    }
    asked_.finish();
    of_anybody_.finish();
  }

  bool asks() const { return has_lists_ || has_removal_; }
  void hear(const Change& entry) {
    asked_.hear(entry);
    if (!has_removal_) return;
    const std::uint64_t before = of_anybody_.counts().removed;
    of_anybody_.hear(entry);
    if (of_anybody_.counts().removed != before) others_.insert(entry.signature.source);
  }
  std::optional<Absence> found() {
    for (const PushPlan::Replaced& list : asked_.lists())
      if (list.sizes.had != 0) return std::nullopt;
    if (has_removal_ && asked_.counts().needless == 0) return std::nullopt;
    return Absence{std::move(others_)};
  }

 private:
  PushPlan asked_, of_anybody_;
  bool has_lists_ = false, has_removal_ = false;
  std::set<std::string> others_;
};

}  // namespace

std::optional<Absence> absence_of(const PushArguments& arguments, const std::vector<std::string>& lines) {
  Config config = default_config();
  config.normalise.home_country = arguments.home_country;
  const CompileTerms terms = compile_terms(config);
  Search search(terms, lines);
  if (!search.asks()) return std::nullopt;
  Result<bool> heard = on_primary(arguments, [&](RedisConnection& connection) -> Result<bool> {
    if (!is_short(connection, arguments.log)) return false;
    Result<ReadImage> read = read_believing(connection, terms, arguments.log);
    if (!read) return read.error();
    if (!read.value().gap.empty() || read.value().left_out != 0) return false;
    read.value().image.for_each(std::time(nullptr), [&](const Change& entry) { search.hear(entry); });
    return true;
  });
  return heard && heard.value() ? search.found() : std::nullopt;
}

std::string to_text(const Absence& absence, const PushArguments& arguments, bool is_withdrawal, Language language) {
  if (is_withdrawal)
    return say(language, {"as far as can be told without the edges' keys, nothing of the source {} that edges would carry out stood in the log: published all the same",
                          "未按节点的密钥核对，看来变更流中没有来源 {} 的可执行条目：仍已下发"}, arguments.source);
  std::string out = arguments.source.empty()
                        ? std::string(say(language, {"as far as can be told without the edges' keys, nothing stood in the log with this value: published all the same, "
                                                     "for what edges have in files of their own",
                                                     "未按节点的密钥核对，看来变更流中没有此值的条目：仍已下发，作用于节点自有文件中的条目"}))
                        : say(language, {"as far as can be told without the edges' keys, nothing of the source {} stood in the log with this value: published all the same",
                                         "未按节点的密钥核对，看来变更流中没有来源 {} 的此值条目：仍已下发"}, arguments.source);
  if (absence.others.empty()) return out;
  std::string names;
  for (const std::string& name : absence.others) (names += names.empty() ? "" : say(language, {", ", "、"})) += name;
  return out + say(language, {"; it stands there of {}", "；以下来源有此值：{}"}, names);
}

}  // namespace telefence
