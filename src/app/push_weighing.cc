// SPDX-License-Identifier: Apache-2.0
#include "app/push_weighing.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>
#include <utility>

#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/push_progress.h"
#include "app/sentences.h"
#include "app/trial_asking.h"
#include "centre/log_image.h"
#include "centre/snapshot_publish.h"
#include "config/loader.h"

namespace telefence {
namespace {

constexpr std::string_view kNeededRights = "this user of Redis needs +xrange +xinfo|stream +get +hget on the log and its snapshots";

constexpr std::uint64_t kLongList = 100'000;

struct Limits {
  double most_hits = 1, most_shrink = 1;
  std::uint64_t most_asked = 0;
};

Result<Limits> limits_of(const PushApplyArguments& arguments) {
  Limits out;
  const Result<double> hits = most_hits_of(arguments.most_hits), shrink = most_hits_of(arguments.most_shrink);
  if (!hits) return hits.error();
  if (!shrink)
    return Error{ErrorCode::kUsage, "--most-shrink \"" + arguments.most_shrink + "\": give a share of the list from 0% to 100%, as 50%"};
  out.most_hits = hits.value();
  out.most_shrink = shrink.value();
  const std::string& asked = arguments.most_asked;
  const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), out.most_asked);
  if (asked == "all")
    out.most_asked = std::numeric_limits<std::uint64_t>::max();
  else if (error != std::errc{} || end != asked.data() + asked.size())
    return Error{ErrorCode::kUsage, "--most-asked \"" + asked + "\": give a number of entries, or all"};
  return out;
}

void note(const std::string& message, Language language) {
  std::fprintf(stderr, "telefence push apply: %s\n", translated(language, message).c_str());
}

// What acquits or only tells blocks nobody.
bool would_block(const Change& change) {
  return change.op == Change::Op::kAdd && change.unenforced == UnenforcedKind::kNone && !change.signature.allow && !change.signature.shadow;
}

class ListWeigher {
 public:
  ListWeigher(const PushApplyArguments& arguments, PushSource& source, const PushKeys& keys, const std::vector<std::string>& replaced,
              Language language, const Limits& limits)
      : arguments_(arguments), source_(source), keys_(keys), replaced_(replaced), language_(language), limits_(limits) {}

  Result<WeighedList> run() {
    out_.most_shrink = limits_.most_shrink;
    if (const Result<void> found = find_nodes(); !found) return found.error();
    const bool guards = (!replaced_.empty() || source_.replaces_lists()) && limits_.most_shrink < 1;
    const bool is_long = !nodes_.empty() && source_.count() > limits_.most_asked;
    if (arguments_.dry_run || guards || is_long)
      if (const Result<void> compared = compare(); !compared) {
        if (guards)
          return Error{compared.error().code, compared.error().message + "; --most-shrink 100% replaces the list without looking"};
        if (arguments_.dry_run || compared.error().code == ErrorCode::kInvalid) return compared.error();
        note("what of it is new is not known: " + compared.error().message + what_to_do(compared.error().message), language_);
      }
    if (out_.changes) find_shrunk();
    if (!nodes_.empty())
      if (const Result<void> asked = ask(); !asked) {
        if (arguments_.dry_run) return asked.error();
        note("what it would have hit is not known: " + asked.error().message + what_to_do(asked.error().message), language_);
        out_.trial.reset();
      }
    if (out_.trial && !arguments_.dry_run && !out_.trial->trial.silent.empty())
      note(say(language_, {"{} of {} with a live sample did not answer", "有样本的 {1}中 {0} 个未应答"}, out_.trial->trial.silent.size(),
               counted(language_, out_.trial->trial.asked.size(), {"edge", "个节点"}, {"edges", "个节点"})), language_);
    return std::move(out_);
  }

 private:
  // Those of the file that a run which was broken off has not published.
  Result<void> each(const std::function<Result<void>(const Change&, bool)>& take) {
    std::uint64_t ordinal = 0;
    return source_.each_change([&](const Change& change, bool is_canonical) {
      return ordinal++ < arguments_.from ? Result<void>() : take(change, is_canonical);
    });
  }

  Result<void> find_nodes() {
    if (limits_.most_hits >= 1 || limits_.most_asked == 0) return {};
    std::set<std::string> sampled;
    for (const std::string& kind : source_.kinds()) sampled.insert(kind_sampled(Json{{"kind", kind}}));
    if (sampled.empty()) return {};
    Result<std::vector<std::string>> nodes =
        on_primary(arguments_, [&](RedisConnection& connection) { return sampling_nodes(connection, sampled); });
    if (nodes) {
      nodes_ = std::move(nodes.value());
      return {};
    }
    // A server that is not there will be told of by the push itself.
    if (arguments_.dry_run) return nodes.error();
    if (nodes.error().message.starts_with("Redis refuses: "))
      note("what it would have hit is not known: " + nodes.error().message + what_to_do(nodes.error().message), language_);
    return {};
  }

  // Whose word counts when it is judged what is in force: as at the edges where their configuration is given; else that of the keys it is
  // signed with, which edges will take. Who signs nothing publishes for edges that take anything.
  Result<LogImage> judge() const {
    TrustOptions trust;
    trust.wide.home_country = source_.terms().home_country;
    if (!arguments_.config_file.empty()) {
      Loaded loaded = load_config(arguments_.config_file);
      if (!loaded.mistakes.empty()) return Error{ErrorCode::kInvalid, to_text(loaded.mistakes.front())};
      return LogImage::with(source_.terms(), loaded.config.signatures.redis.trust);
    }
    if (keys_.keys.empty()) return believer();
    std::vector<PublicKey> known;
    for (const SigningKey& key : keys_.keys) known.push_back(key.described());
    return LogImage::with(source_.terms(), trust, Signers::trusting(known, trust));
  }
  // Takes what anybody says.
  LogImage believer() const {
    TrustOptions trust;
    trust.wide.home_country = source_.terms().home_country;
    trust.accept_unsigned = true;
    return LogImage::with(source_.terms(), trust, Signers::trusting({}, trust));
  }

  // `by` is made anew for each server that is tried.
  Result<ReadImage> read(const std::function<Result<LogImage>()>& by) const {
    return on_primary(arguments_, [&](RedisConnection& connection) -> Result<ReadImage> {
      Result<LogImage> image = by();
      return image ? read_image(connection, std::move(image.value()), arguments_.log) : Result<ReadImage>(image.error());
    });
  }

  Result<PushPlan> plan() {
    PushPlan out(source_.terms(), publisher_name());
    for (const std::string& kind : replaced_) out.replace({arguments_.source, kind});
    const Result<void> read = each([&](const Change& change, bool is_canonical) {
      out.add(change, is_canonical);
      return Result<void>();
    });
    if (!read) return read.error();
    out.finish();
    return out;
  }

  // What is not known to be in force is told of, and counts as new: then edges are asked about it.
  void doubt(const ReadImage& seen) {
    if (!seen.gap.empty()) {
      is_whole_ = false;
      note(say(language_, {"the log is not whole ({}): nothing of it counts as in force, and all is asked about. A snapshot by another key is read with -c FILE only",
                           "变更流不完整（{}）：其中内容一概不视为已生效，全部查询。其他密钥制作的快照须用 -c 文件 才会读取"},
               translated(language_, seen.gap)), language_);
    }
    if (seen.left_out != 0 && arguments_.config_file.empty())
      note(say(language_, {"{} not signed by --key and not counted as in force; -c FILE, the configuration of an edge, says whose word counts. The first: {}",
                           "变更流中 {}不是由 --key 签名，不视为已生效；用 -c 文件（节点的配置）指明信任谁。首个：{}"},
               counted(language_, seen.left_out, {"batch of the log is", "批"}, {"batches of the log are", "批"}), translated(language_, seen.first_left_out)), language_);
  }

  // Colleagues' keys are not known without a configuration: a list is as long as anybody says, so that none is thought to be short.
  Result<void> hear_everybody() {
    Result<PushPlan> all = plan();
    if (!all) return all.error();
    Result<ReadImage> seen = read([this] { return Result<LogImage>(believer()); });
    if (!seen) return seen.error();
    seen.value().image.for_each(std::time(nullptr), [&](const Change& entry) { all.value().hear(entry); });
    for (std::size_t i = 0; i < lists_.size(); ++i) lists_[i].sizes.had = std::max(lists_[i].sizes.had, all.value().lists()[i].sizes.had);
    return {};
  }

  Result<void> compare() {
    if (source_.count() > kLongList)
      note(std::string(say(language_, {"the log is read, to tell what is new: some seconds for each million entries",
                                       "正在读取变更流以判断哪些是新的：每百万条约数秒"})), language_);
    Result<PushPlan> planned = plan();
    if (!planned) return planned.error();
    Result<ReadImage> seen = read([this] { return judge(); });
    if (!seen) return unread(seen.error());
    doubt(seen.value());
    seen.value().image.for_each(std::time(nullptr), [&](const Change& entry) { planned.value().hear(entry); });
    lists_ = planned.value().lists();
    out_.changes = planned.value().counts();
    plan_.emplace(std::move(planned.value()));
    const bool knows_all = !arguments_.config_file.empty() || (seen.value().left_out == 0 && is_whole_);
    if (knows_all || lists_.empty()) return {};
    const Result<void> heard = hear_everybody();
    return heard ? heard : unread(heard.error());
  }

  static Error unread(const Error& why) {
    const bool may_not = refusal_in(why.message) == Refusal::kNoRight;
    return Error{may_not ? ErrorCode::kUnreachable : why.code,
                 "what the log says now can't be read: " + (may_not ? std::string(kNeededRights) : why.message)};
  }

  void find_shrunk() {
    for (const auto& [name, sizes] : lists_)
      if (sizes.had >= kFewOfList && sizes.lost() > limits_.most_shrink) out_.shrunk.push_back({name, sizes});
  }

  bool is_asked(const Change& change, bool is_canonical) const {
    return would_block(change) && (!plan_ || !is_whole_ || plan_->is_news(change, is_canonical));
  }
  // The lowest bit is left for whether it weighs as much as a pattern.
  static std::uint64_t rank_of(const Change& change) { return narrowness(change.signature) & ~std::uint64_t{1}; }

  // The widest that is not asked about any more, when there are more than may be.
  Result<std::uint64_t> find_beyond(std::uint64_t& of) {
    std::vector<std::uint64_t> ranks;
    const Result<void> looked = each([&](const Change& change, bool is_canonical) {
      if (is_asked(change, is_canonical)) ranks.push_back(rank_of(change) | (is_weighty(change.signature) ? 1 : 0));
      return Result<void>();
    });
    if (!looked) return looked.error();
    of = ranks.size();
    std::sort(ranks.begin(), ranks.end());
    std::uint64_t weight = 0;
    for (const std::uint64_t rank : ranks) {
      weight += (rank & 1) != 0 ? PushPortions::kTextWeight : 1;
      if (weight > limits_.most_asked) return rank & ~std::uint64_t{1};
    }
    return std::numeric_limits<std::uint64_t>::max();
  }

  Result<void> ask() {
    std::uint64_t of = 0;
    const Result<std::uint64_t> beyond = find_beyond(of);
    if (!beyond) return beyond.error();
    if (of == 0) return {};
    PushProgress progress(language_, std::min(of, limits_.most_asked));
    Result<PortionsReport> report = on_primary(arguments_, [&](RedisConnection& connection) -> Result<PortionsReport> {
      PushPortions portions(connection, nodes_, limits_.most_hits, keys_.keys.empty() ? nullptr : &keys_.keys.front());
      const Result<void> asked = each([&](const Change& change, bool is_canonical) -> Result<void> {
        if (!is_asked(change, is_canonical) || rank_of(change) >= beyond.value()) return {};
        if (Result<void> added = portions.add(change); !added) return added;
        progress.show_asked(portions.asked());
        return {};
      });
      return asked ? portions.finish() : Result<PortionsReport>(asked.error());
    });
    progress.clear();
    if (!report) return report.error();
    out_.trial = std::move(report.value());
    out_.trial->of = of;
    return {};
  }

  const PushApplyArguments& arguments_;
  PushSource& source_;
  const PushKeys& keys_;
  const std::vector<std::string>& replaced_;
  const Language language_;
  const Limits limits_;
  std::vector<std::string> nodes_;
  std::optional<PushPlan> plan_;
  std::vector<PushPlan::Replaced> lists_;
  bool is_whole_ = true;  // the log, as far as it was read
  WeighedList out_;
};

std::string shrunk_text(const ShrunkList& list, double limit, Language language) {
  return say(language, {"the list of {} ({}) has {} and would have {}: it would lose {}, and the limit is {} (--most-shrink)",
                        "{} 的名单（{}）现有 {}，将只剩 {} 条：减少 {}，上限为 {}（--most-shrink）"},
             list.name.source, std::string(word_of(language, list.name.kind)),
             counted(language, list.sizes.had, {"entry", "条"}, {"entries", "条"}), grouped(list.sizes.has),
             percent(list.sizes.lost()), percent(limit));
}

std::string over_text(const PortionsReport& report, Language language) {
  return say(language, {"{} would have hit more than {} of a live sample (--most-hits)", "{}会命中超过 {} 的在线样本（--most-hits）"},
             counted(language, report.over, {"entry", "个条目"}, {"entries", "个条目"}), percent(report.trial.limit));
}

// Of how many entries it was asked, where.
std::string asked_text(const PortionsReport& report, Language language) {
  const std::uint64_t left = report.of - std::min(report.of, report.asked);
  std::string out = say(language, {"asked {} about {} (would block, not in force yet): {} would have hit", "已向 {}查询会拦截且尚未生效的 {}：{} 个会命中"},
                        counted(language, report.trial.asked.size(), {"edge", "个节点"}, {"edges", "个节点"}),
                        counted(language, report.asked, {"entry", "个条目"}, {"entries", "个条目"}), grouped(report.hit));
  if (report.unknown != 0)
    out += say(language, {"; of {} that is not known: no edge has sampled enough of their kind", "；{}未知：没有节点有足够的同类样本"}, grouped(report.unknown));
  const bool is_answered = report.asked != 0;
  if (left != 0 && !is_answered)
    out += say(language, {"; {} not asked about: no edge answered", "；另有 {}未查询：没有节点应答"}, counted(language, left, {"was", "个"}, {"were", "个"}));
  else if (left != 0)
    out += say(language, {"; {} not asked about: the widest come first, and --most-asked says how many", "；另有 {}未查询：先查最宽泛的，--most-asked 指定数量"},
               counted(language, left, {"was", "个"}, {"were", "个"}));
  return out;
}

Json to_json(const WeighedList& weighed) {
  Json out = Json::object();
  if (weighed.changes) {
    const PlanCounts& counts = *weighed.changes;
    out["diff"] = {{"added", counts.added}, {"changed", counts.changed}, {"removed", counts.removed}, {"same", counts.same},
                   {"needless", counts.needless}, {"not_enforced", counts.unenforced}};
  }
  out["shrunk"] = Json::array();
  for (const ShrunkList& list : weighed.shrunk)
    out["shrunk"].push_back({{"source", list.name.source}, {"kind", list.name.kind},
                             {"had", list.sizes.had}, {"has", list.sizes.has}, {"share", list.sizes.lost()}, {"limit", weighed.most_shrink}});
  if (!weighed.trial) return out;
  Json trial = {{"entries", weighed.trial->asked}, {"of", weighed.trial->of}, {"unknown", weighed.trial->unknown}, {"hit", weighed.trial->hit}, {"over", weighed.trial->over},
                {"problems", weighed.trial->problems}};
  trial.update(to_json(weighed.trial->trial));
  trial["held"] = weighed.trial->over != 0;
  out["trial"] = std::move(trial);
  return out;
}

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

}  // namespace

Result<WeighedList> weigh_list(const PushApplyArguments& arguments, PushSource& source, const PushKeys& keys,
                               const std::vector<std::string>& replaced, Language language) {
  const Result<Limits> limits = limits_of(arguments);
  if (!limits) return limits.error();
  return ListWeigher(arguments, source, keys, replaced, language, limits.value()).run();
}

int tell_dry_run(const PushApplyArguments& arguments, const WeighedList& weighed, Language language) {
  const int code = weighed.is_over() ? static_cast<int>(ErrorCode::kInvalid) : 0;
  if (arguments.json) {
    Json out = {{"ok", code == 0}, {"dry_run", true}};
    out.update(to_json(weighed));
    print(to_line(out));
    return code;
  }
  print(std::string(say(language, {"dry run: nothing is published", "试运行：不下发"})));
  const PlanCounts counts = weighed.changes.value_or(PlanCounts{});
  print(say(language, {"  it would add {}, change {} and remove {}; {} stay as they are", "  将新增 {}、变更 {}、删除 {}；{} 条保持不变"}, grouped(counts.added),
            grouped(counts.changed), grouped(counts.removed), grouped(counts.same)));
  if (counts.needless != 0)
    print(say(language, {"  {} of what the log does not have", "  {}在变更流中没有对应条目"}, counted(language, counts.needless, {"removal is", "条删除"}, {"removals are", "条删除"})));
  for (const ShrunkList& list : weighed.shrunk)
    print("  " + shrunk_text(list, weighed.most_shrink, language));
  if (weighed.trial) {
    print("  " + asked_text(*weighed.trial, language));
    if (weighed.trial->over != 0) print("  " + over_text(*weighed.trial, language));
    print_for_people(weighed.trial->trial, language);
  } else {
    print(std::string(say(language, {"  no edge was asked: none samples these kinds (policy.sample), or nothing of it is new and would block",
                                     "  没有查询节点：没有节点抽样这些种类（policy.sample），或其中没有会拦截的新内容"})));
  }
  if (code != 0) print(std::string(say(language, {"a push is held unless --confirm is given", "下发会被搁置，除非给出 --confirm"})));
  return code;
}

void tell_held(const PushApplyArguments& arguments, const WeighedList& weighed, Language language) {
  if (arguments.json) {
    Json out = {{"ok", false}, {"held", true}};
    out.update(to_json(weighed));
    print(to_line(out));
  }
  std::vector<std::string> why;
  for (const ShrunkList& list : weighed.shrunk) why.push_back(shrunk_text(list, weighed.most_shrink, language));
  if (weighed.trial && weighed.trial->over != 0) {
    why.push_back(over_text(*weighed.trial, language));
    for (const LineTrial& line : weighed.trial->trial.lines)
      if (line.is_over)
        why.push_back("  " + std::string(word_of(language, text_of(line.change, "kind"))) + " " + text_of(line.change, "value") + ": " + figure_of(line, language));
  }
  std::fprintf(stderr, "telefence push apply: %s\n",
               std::string(say(language, {"held, nothing is published; --confirm publishes it all the same", "已搁置，未下发；加 --confirm 可仍然下发"})).c_str());
  for (const std::string& line : why) std::fprintf(stderr, "  %s\n", line.c_str());
}

std::string confirmed_of(const WeighedList& weighed) {
  if (!weighed.is_over()) return {};
  Json out = Json::object();
  const Json all = to_json(weighed);
  if (!weighed.shrunk.empty()) out["shrunk"] = all["shrunk"];
  if (weighed.trial && weighed.trial->over != 0) {
    const LineTrial& worst = weighed.trial->trial.lines.front();
    out["trial"] = {{"limit", weighed.trial->trial.limit}, {"over", weighed.trial->over}, {"entries", weighed.trial->asked},
                    {"of", weighed.trial->of}, {"worst", worst.change["value"]}, {"most", worst.most}, {"edges", worst.edges}};
  }
  return to_line(out);
}

}  // namespace telefence
