// SPDX-License-Identifier: Apache-2.0

// The tool for the people of the anti-fraud centre and of operations. This file only reads arguments.

#include "app/command_line.h"
#include "app/rules_arguments.h"
#include "app/tool_verbs.h"
#include "verdict/verdict.h"

namespace telefence {
namespace {

void add_common(CommandLine& line, CLI::App* verb, ToolArguments& arguments, bool asks_daemon) {
  verb->add_flag("--json", arguments.json, line.text({"JSON instead of text for people", "输出 JSON 而非文字"}));
  line.add_language(*verb, arguments.language);
  if (!asks_daemon) return;
  verb->add_option("--socket", arguments.socket, line.text({"control socket of the daemon", "守护进程的控制套接字"}))
      ->envname("TELEFENCE_SOCKET")
      ->type_name("PATH")
      ->capture_default_str();
}

void add_test(CommandLine& line, TestArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "test",
                                 {"Say what would happen to a domain, URL, number or SMS text, and why.",
                                  "说明某个域名、网址、号码或短信会被如何处置，以及原因。"},
                                 "  telefence test domain www.example.cn\n"
                                 "  telefence test number +8617012345678 -c /etc/telefence/telefence.yaml\n"
                                 "  telefence test sms \"您的包裹有问题，请点击 http://t.example\"\n");
  verb->add_option("kind", arguments.kind, line.text({"what the value is", "值的类型"}))
      ->required()
      ->check(line.one_of({"domain", "url", "number", "sms"}))
      ->type_name("domain|url|number|sms");
  verb->add_option("value", arguments.value, line.text({"the value; - reads it from standard input", "要查询的值；- 表示从标准输入读取"}))
      ->required()
      ->type_name("VALUE");
  verb->add_option("-c,--config", arguments.config_file,
                   line.text({"judge by this configuration, without the daemon", "按此配置判定，不询问守护进程"}))
      ->type_name("FILE");
  verb->add_option("--calling", arguments.calling, line.text({"sms: the number it comes from", "sms：发送方号码"}))->type_name("NUMBER");
  add_common(line, verb, arguments, true);
}

void add_entry_options(CommandLine& line, CLI::App* verb, PushArguments& arguments) {
  verb->add_flag("--allow", arguments.allow, line.text({"an allow entry instead of a block", "添加白名单条目而非拦截条目"}));
  verb->add_option("--action", arguments.action,
                   line.text({"drop, reset, answer, neutralise or tag; else by category and tier",
                              "drop、reset、answer、neutralise 或 tag；缺省按类别和等级"}))
      ->check(line.one_of({"drop", "reset", "answer", "neutralise", "tag", "block"}))
      ->type_name("WORD");
  verb->add_option("--tier", arguments.tier, line.text({"1 certain and grave, 3 weak", "等级：1 高，3 低"}))
      ->check(line.from_to(1, 3))
      ->type_name("1-3")
      ->capture_default_str();
  verb->add_option("--match", arguments.match,
                   line.text({"domain: suffix or exact; number: exact or prefix; pattern: text or regex; url: prefix, exact or regex",
                              "域名：suffix 或 exact；号码：exact 或 prefix；文本特征：text 或 regex；网址：prefix、exact 或 regex"}))
      ->check(line.one_of({"suffix", "exact", "prefix", "regex", "text"}))
      ->type_name("WORD");
  verb->add_option("--side", arguments.side,
                   line.text({"number: whose it must be, that of who calls or sends, or of who is called; else either",
                              "号码：须为主叫（发送方）还是被叫；缺省任意一方"}))
      ->check(line.one_of({"calling", "called", "either"}))
      ->type_name("calling|called|either");
  verb->add_option("--expires", arguments.expires,
                   line.text({"2026-12-01T00:00:00+08:00, or from now on: 90s 30min 12h 7d",
                              "失效时间：2026-12-01T00:00:00+08:00，或从现在起：90s 30min 12h 7d"}))
      ->type_name("WHEN");
  verb->add_option("--valid-from", arguments.valid_from,
                   line.text({"not before then: 2026-12-01T00:00:00+08:00, or from now on: 30min 12h 7d",
                              "生效时间：2026-12-01T00:00:00+08:00，或从现在起：30min 12h 7d"}))
      ->type_name("WHEN");
  verb->add_option("--campaign", arguments.campaign, line.text({"what it belongs to, for people", "所属案件或行动"}))->type_name("TEXT");
  verb->add_option("--note", arguments.note, line.text({"for people", "备注"}))->type_name("TEXT");
  verb->add_option("--shadow-for", arguments.shadow_for,
                   line.text({"only recorded so long, then carried out: 24h, 7d, or a moment", "先只记录这么久，再执行：24h、7d 或某一时刻"}))
      ->type_name("TIME");
  verb->add_option("--canary", arguments.canary,
                   line.text({"so many percent of the nodes carry it out at once all the same", "其间有百分之多少的节点先行执行"}))
      ->check(line.from_to(1, 99))
      ->type_name("1-99");
  verb->add_flag("--shadow", arguments.shadow,
                 line.text({"recorded as would-be, never carried out", "影子：只记录“本应拦截”，不执行"}));
}

void add_redis(CommandLine& line, CLI::App* verb, PushArguments& arguments) {
  verb->add_option("--redis", arguments.redis,
                   line.text({"where the change log is: unix:/path, host:port or rediss://host:port; several with commas between: the one that is primary",
                              "变更流所在的 Redis：unix:/路径、主机:端口 或 rediss://主机:端口；多个用逗号分隔，写入其中的主库"}))
      ->envname("TELEFENCE_REDIS")
      ->type_name("SERVER")
      ->capture_default_str();
  verb->add_option("--redis-user", arguments.redis_user, line.text({"Redis user, when it is not the default one", "Redis 用户；缺省为默认用户"}))
      ->envname("TELEFENCE_REDIS_USER")
      ->type_name("NAME");
  verb->add_option("--redis-password-file", arguments.redis_password_file,
                   line.text({"file with the password in its first line", "密码文件（首行为密码）"}))
      ->envname("TELEFENCE_REDIS_PASSWORD_FILE")
      ->type_name("FILE");
  const auto file = [&](const char* name, const char* variable, std::string& value, const Text& what) {
    verb->add_option(name, value, line.text(what))->envname(variable)->type_name("FILE");
  };
  file("--redis-ca", "TELEFENCE_REDIS_CA", arguments.redis_ca, {"PEM of those who sign the server's certificate", "签发服务器证书的 CA（PEM）"});
  file("--redis-certificate", "TELEFENCE_REDIS_CERTIFICATE", arguments.redis_certificate, {"PEM of the certificate to show", "出示的证书（PEM）"});
  file("--redis-key", "TELEFENCE_REDIS_KEY", arguments.redis_key, {"PEM of its key", "该证书的私钥（PEM）"});
  verb->add_option("--log", arguments.log, line.text({"key of the change log", "变更流的键名"}))->type_name("KEY")->capture_default_str();
}

// What edges take with two signatures only.
void add_wide(CommandLine& line, CLI::App* verb, PushArguments& arguments) {
  verb->add_option("--second-key", arguments.second_key, line.text({"the second signature, which wide entries need", "第二签名（宽泛条目必需）"}))
      ->type_name("FILE");
  verb->add_option("--wide-digits", arguments.wide_digits, line.text({"redis.wide_digits of the edges", "各节点的 redis.wide_digits"}))
      ->check(line.from_to(1, 15))
      ->type_name("1-15")
      ->capture_default_str();
  verb->add_option("--wide-percent", arguments.wide_percent, line.text({"redis.wide_percent of the edges", "各节点的 redis.wide_percent"}))
      ->check(line.from_to(0, 100))
      ->type_name("0-100")
      ->capture_default_str();
}

void add_signing(CommandLine& line, CLI::App* verb, PushArguments& arguments, bool can_propose) {
  verb->add_option("--key", arguments.key, line.text({"sign with this secret key (telefence keys new)", "用此私钥签名（telefence keys new 生成）"}))
      ->envname("TELEFENCE_KEY")
      ->type_name("FILE");
  verb->add_option("--audit", arguments.audit,
                   line.text({"file that gets a line about it; else, when it is signed, KEY.audit.jsonl", "审计文件；签名下发时缺省为 KEY.audit.jsonl"}))
      ->envname("TELEFENCE_AUDIT")
      ->type_name("FILE");
  if (!can_propose) return;
  add_wide(line, verb, arguments);
  verb->add_option("--for-cosign", arguments.for_cosign,
                   line.text({"don't publish: write this file, for the second signer's telefence push cosign",
                              "不下发：写入此文件，供第二签名者执行 telefence push cosign"}))
      ->type_name("FILE");
}

void add_trial(CommandLine& line, CLI::App* verb, PushArguments& arguments) {
  verb->add_option("--most-hits", arguments.most_hits,
                   line.text({"share of an edge's live sample that an entry may hit; beyond it the push is held (100%: never asked)",
                              "条目可命中节点样本的最大比例；超过则搁置（100% 表示不查询）"}))
      ->envname("TELEFENCE_MOST_HITS")
      ->type_name("SHARE")
      ->capture_default_str();
  verb->add_flag("--confirm", arguments.confirmed, line.text({"publish although it hits more than that", "即使超过也仍然下发"}));
}

void add_dry_run(CommandLine& line, CLI::App* verb, PushArguments& arguments) {
  verb->add_flag("--dry-run", arguments.dry_run,
                 line.text({"publish nothing: say what it would change and how often it would have hit at the edges", "不下发：只说明会改变什么、在各节点会命中多少"}));
}

void add_push_operation(CommandLine& line, CLI::App& push, PushArguments& arguments, bool add) {
  CLI::App* verb = add ? line.add_verb(push, "add", {"Publish an entry to every edge.", "向所有节点下发一个条目。"},
                                       "  telefence push add domain fresh-scam.example --category phishing\n"
                                       "  telefence push add number '+86170*' --category spoofed-caller --side calling --expires 7d\n"
                                       "  telefence push add pattern '安全账户.{0,20}转账' --match regex --category fake-police --shadow\n")
                       : line.add_verb(push, "remove", {"Take an entry back from every edge.", "从所有节点撤回一个条目。"},
                                       "  telefence push remove domain fresh-scam.example\n"
                                       "  telefence push remove domain fresh-scam.example --source vendor\n"
                                       "  telefence push remove url 'scam.example/pay/[0-9]+' --match regex\n"
                                       "  telefence push remove number '+86170*' --redis unix:/run/redis/redis.sock\n");
  verb->add_option("kind", arguments.kind, line.text({"what the value is", "值的类型"}))
      ->required()
      ->check(line.one_of({"domain", "url", "number", "pattern"}))
      ->type_name("domain|url|number|pattern");
  verb->add_option("value", arguments.value,
                   line.text({"the domain, number (* at the end: prefix) or pattern", "域名、号码（以 * 结尾为前缀）或文本特征"}))
      ->required()
      ->type_name("VALUE");
  verb->add_option("--source", arguments.source,
                   line.text(add ? Text{"who says so; else who publishes", "来源；缺省为下发者"}
                                 : Text{"only what this source has said ends; else what all sources say, and what files of the edges block",
                                        "只撤回此来源下发的；缺省撤回所有来源的，以及节点文件中的"}))
      ->type_name("TEXT");
  if (add) {
    add_trial(line, verb, arguments);
    add_dry_run(line, verb, arguments);
    verb->add_option("--category", arguments.category, line.text({"kind of fraud", "涉诈类别"}))
        ->check(line.one_of(category_words()))
        ->type_name("WORD");
    add_entry_options(line, verb, arguments);
  } else {
    verb->add_option("--match", arguments.match, line.text({"url: regex, when it was added as one", "网址：按正则添加的须写 regex"}))
        ->check(line.one_of({"regex"}))
        ->type_name("regex");
  }
  add_redis(line, verb, arguments);
  add_signing(line, verb, arguments, add);
  verb->add_option("--home-country", arguments.home_country,
                   line.text({"country code of the edges, by which numbers are judged", "各节点的本国国家码，用于判断号码"}))
      ->check(line.country())
      ->envname("TELEFENCE_HOME_COUNTRY")
      ->type_name("CODE")
      ->capture_default_str();
  if (add) add_protected(line, verb, arguments.protected_file);
  add_common(line, verb, arguments, false);
  verb->callback([&arguments, add] { arguments.add = add; });
}

void add_push_status(CommandLine& line, CLI::App& push, PushStatusArguments& arguments) {
  CLI::App* verb = line.add_verb(push, "status", {"Show how many edges have a batch in force, and in what time.", "显示已生效的节点数和耗时。"},
                                 "  telefence push status\n"
                                 "  telefence push status --seq 42 --json | jq .p99_ms\n"
                                 "  telefence push status --wait 5s --node-keys nodes/\n");
  verb->add_option("--seq", arguments.sequence, line.text({"this batch; else the newest", "指定批次；缺省为最新"}))
      ->check(line.sequence())
      ->type_name("SEQ");
  verb->add_option("--hash", arguments.hash, line.text({"--seq: and it is the batch with this hash, as push has told it", "--seq：且该批次哈希为此值（push 输出）"}))
      ->check(line.sha256())
      ->type_name("HASH");
  verb->add_option("--wait", arguments.wait, line.text({"at most so long until all edges have it; exit code 11 when they have not", "最多等待此时长直到所有节点生效；否则退出码 11"}))
      ->type_name("TIME");
  verb->add_option("--node-keys", arguments.node_keys,
                   line.text({"public keys of the edges, or folders of them: only what they signed counts, and whose heartbeat is missing is named",
                              "各节点的公钥文件或其目录：只采信其签名的回执，并列出没有心跳的节点"}))
      ->type_name("FILE");
  verb->add_flag("--metrics", arguments.metrics, line.text({"text for Prometheus' node_exporter (textfile)", "输出 Prometheus textfile 格式"}));
  add_redis(line, verb, arguments);
  add_common(line, verb, arguments, false);
}

void add_push_timestamp(CommandLine& line, CLI::App& push, PushTimestampArguments& arguments) {
  CLI::App* verb = line.add_verb(push, "timestamp",
                                 {"Sign which batch is the newest now, so that edges notice when the log is held back from them.",
                                  "签名声明当前最新批次，使节点能发现变更流被扣留。"},
                                 "  telefence push timestamp --key stamp.key\n"
                                 "  telefence push timestamp --key stamp.key --every 1min\n");
  verb->add_option("--key", arguments.key, line.text({"secret key to sign with; edges must name it in redis.signers", "签名用的私钥；节点须在 redis.signers 中列出"}))
      ->required()
      ->type_name("FILE");
  verb->add_option("--every", arguments.every, line.text({"go on: one so often, as a service", "持续运行：每隔此时间一次"}))->type_name("TIME");
  add_redis(line, verb, arguments);
  add_common(line, verb, arguments, false);
}

void add_push_apply(CommandLine& line, CLI::App& push, PushApplyArguments& arguments) {
  CLI::App* verb = line.add_verb(push, "apply", {"Publish op lines or whole lists, in any format, to every edge.", "向所有节点下发变更行或任意格式的整份名单。"},
                                 "  telefence push apply blocklist.txt.gz --category phishing --source vendor --key centre.key\n"
                                 "  telefence push apply ops.jsonl --key centre.key\n"
                                 "  telefence push apply 号码.csv --source police --replace-list --key centre.key --json\n");
  verb->add_option("files", arguments.list.files, line.text({"op lines, or lists in any format, also packed (gzip, zstd); - is standard input",
                                                             "变更行，或任意格式的名单，可为 gzip 或 zstd 压缩；- 表示标准输入"}))
      ->required()
      ->type_name("FILE");
  add_list_reading(line, verb, arguments.list);
  verb->add_flag("--replace-list", arguments.replace_list,
                 line.text({"what --source has said before of these kinds ends with the first batch; until the last one the list is partly there",
                            "首个批次即终止 --source 此前下发的同类条目；直到最后一个批次，名单只有一部分生效"}));
  verb->add_option("--kind", arguments.kind, line.text({"--replace-list: of this kind; else of all kinds that are in the files", "--replace-list：仅此种类；缺省为文件中的所有种类"}))
      ->check(line.one_of({"domain", "url", "number", "pattern", "ip", "account", "app"}))
      ->type_name("KIND");
  verb->add_flag("--strict", arguments.strict, line.text({"publish nothing when anything is wrong with the files", "文件有任何问题则不下发"}));
  verb->add_option("--from", arguments.from, line.text({"go on where a run was broken off: leave out so many changes", "从中断处继续：跳过前若干条变更"}))->type_name("N");
  add_trial(line, verb, arguments);
  add_dry_run(line, verb, arguments);
  verb->add_option("--most-asked", arguments.most_asked,
                   line.text({"ask edges with a live sample about so many entries at most, the widest first; or all, some 10,000 a second",
                              "最多向有样本的节点查询这么多条目，先查最宽泛的；all 为全部，每秒约一万条"}))
      ->type_name("N|all")
      ->capture_default_str();
  verb->add_option("--most-shrink", arguments.most_shrink,
                   line.text({"--replace-list: share of its entries that a list may lose; beyond it the push is held (100%: not looked at)",
                              "--replace-list：名单最多可减少的比例；超过则搁置（100% 表示不检查）"}))
      ->envname("TELEFENCE_MOST_SHRINK")
      ->type_name("SHARE")
      ->capture_default_str();
  verb->add_option("-c,--config", arguments.config_file,
                   line.text({"configuration of an edge: by its keys it is judged what of the log is in force; else by --key alone",
                              "节点的配置：按其密钥判断变更流中哪些已生效；缺省只按 --key"}))
      ->type_name("FILE");
  add_redis(line, verb, arguments);
  add_signing(line, verb, arguments, false);
  add_wide(line, verb, arguments);
}

void add_push_withdraw(CommandLine& line, CLI::App& push, PushArguments& arguments, std::vector<std::string>& kinds) {
  CLI::App* verb = line.add_verb(push, "withdraw", {"End all that a source has said.", "撤回某来源下发的全部内容。"},
                                 "  telefence push withdraw vendor --key centre.key\n"
                                 "  telefence push withdraw vendor --kind number --key centre.key\n");
  verb->add_option("source", arguments.source, line.text({"whose entries, as --source or the publisher named it", "来源：下发时的 --source 或下发者"}))
      ->required()
      ->type_name("SOURCE");
  verb->add_option("--kind", kinds, line.text({"only these kinds; else all", "仅这些种类；缺省为全部"}))
      ->check(line.one_of(withdrawn_kinds()))
      ->type_name("KIND");
  add_redis(line, verb, arguments);
  add_signing(line, verb, arguments, false);
  add_common(line, verb, arguments, false);
}

struct PushVerbs {
  // One for each verb: the environment speaks for all of them, also for those that were not asked for.
  PushArguments add, remove, cosign, withdraw;
  std::vector<std::string> withdrawn;
  PushStatusArguments status;
  PushTimestampArguments timestamp;
  PushApplyArguments apply;
};

void add_push(CommandLine& line, PushVerbs& verbs) {
  CLI::App* verb = line.add_verb(line.program(), "push",
                                 {"Publish a change of the signatures to every edge.", "向所有节点下发规则变更。"},
                                 "  telefence push add domain fresh-scam.example --category phishing\n"
                                 "  telefence push remove domain fresh-scam.example\n");
  verb->require_subcommand(1);
  add_push_operation(line, *verb, verbs.add, true);
  add_push_operation(line, *verb, verbs.remove, false);
  add_push_apply(line, *verb, verbs.apply);
  add_push_withdraw(line, *verb, verbs.withdraw, verbs.withdrawn);
  add_push_status(line, *verb, verbs.status);
  add_push_timestamp(line, *verb, verbs.timestamp);
  CLI::App* cosign = line.add_verb(*verb, "cosign",
                                   {"Publish what another signer has approved, with the second signature.", "以第二签名下发他人已批准的变更。"},
                                   "  telefence push add number '+86170*' --category spoofed-caller --key a.key --for-cosign wide.json\n"
                                   "  telefence push cosign wide.json --approver a.pub              # checks and shows it\n"
                                   "  telefence push cosign wide.json --approver a.pub --key b.key  # publishes it\n");
  PushArguments& arguments = verbs.cosign;
  cosign->add_option("file", arguments.proposal, line.text({"the file that the first signer wrote", "第一签名者写出的文件"}))->required()->type_name("FILE");
  cosign->add_option("--approver", arguments.approver,
                     line.text({"the first signer's .pub: refuse what was changed since he approved it, or somebody else approved",
                                "第一签名者的 .pub：拒绝批准后被改动或由他人批准的内容"}))
      ->type_name("FILE");
  add_redis(line, cosign, arguments);
  add_signing(line, cosign, arguments, false);
  add_trial(line, cosign, arguments);
  add_common(line, cosign, arguments, false);
}

void add_snapshot(CommandLine& line, SnapshotArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "snapshot",
                                 {"Write down what the change log comes to, so that edges need not read it from its beginning.",
                                  "写下变更流的结果（快照），节点不必从头读取。"},
                                 "  telefence snapshot -c /etc/telefence/telefence.yaml --key centre.key\n"
                                 "  telefence snapshot -c telefence.yaml --key centre.key --batches 1000 --every 6h --trim-older 48h\n");
  verb->add_option("-c,--config", arguments.config_file,
                   line.text({"configuration of an edge: whose keys count there, and how values are judged", "节点的配置：其信任的密钥与取值规则"}))
      ->required()
      ->type_name("FILE");
  verb->add_option("--keep", arguments.keep, line.text({"so many snapshots stay in Redis", "Redis 中保留的快照数"}))
      ->check(line.from_to(1, 100))
      ->type_name("1-100")
      ->capture_default_str();
  verb->add_option("--trim-older", arguments.trim_older,
                   line.text({"batches in the snapshot that are older leave the log: 48h, 7d; else none do", "移出变更流中早于此的批次（须已在快照内）：48h、7d；缺省不移"}))
      ->type_name("TIME");
  verb->add_option("--batches", arguments.batches, line.text({"don't end: a snapshot whenever so many batches were pushed", "持续运行：每下发这么多批做一次快照"}))
      ->check(line.from_to(1, 1'000'000))
      ->type_name("N");
  verb->add_option("--every", arguments.every,
                   line.text({"don't end: a snapshot so often, when something was pushed: 6h", "持续运行：有新批次时每隔此时间做一次快照：6h"}))
      ->type_name("TIME");
  verb->add_flag("--cosign", arguments.cosign,
                 line.text({"make none: compare the newest with what the log says, and sign it too; with --every, look for the next one so often",
                            "不制作：将最新快照与变更流逐条比对，一致则加签；与 --every 同用则每隔此时间查看一次"}));
  verb->add_flag("--accept-gaps", arguments.accept_gaps,
                 line.text({"write down what is there though batches are missing", "即使缺少批次也按现有内容写下"}));
  add_redis(line, verb, arguments);
  verb->add_option("--key", arguments.key, line.text({"sign with this secret key (telefence keys new)", "用此私钥签名（telefence keys new 生成）"}))
      ->envname("TELEFENCE_KEY")
      ->type_name("FILE");
  verb->add_option("--audit", arguments.audit, line.text({"file that gets a line about it", "审计文件"}))->envname("TELEFENCE_AUDIT")->type_name("FILE");
  add_common(line, verb, arguments, false);
}

void add_release(CommandLine& line, ReleaseArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "release",
                                 {"Let one value through on every edge for a time; then all that blocks it is back.", "在所有节点临时放行某个值；到期后拦截自动恢复。"},
                                 "  telefence release shop.example --for 24h --note \"appeal 1234\" --key centre.key\n"
                                 "  telefence release +8613812345678 --for 7d --key centre.key\n");
  verb->add_option("value", arguments.value, line.text({"the domain, number or url", "域名、号码或网址"}))->required()->type_name("VALUE");
  verb->add_option("--kind", arguments.kind, line.text({"what the value is; else told by its look", "值的类型；缺省按写法判断"}))
      ->check(line.one_of({"domain", "url", "number", "pattern"}))
      ->type_name("domain|url|number");
  verb->add_option("--for", arguments.duration, line.text({"how long: 30min 24h 7d, at most 90d", "时长：30min 24h 7d，至多 90d"}))->required()->type_name("TIME");
  verb->add_option("--match", arguments.match, line.text({"domain: suffix or exact; else as what blocks it", "域名：suffix 或 exact；缺省与拦截条目一致"}))
      ->check(line.one_of({"suffix", "exact", "prefix"}))
      ->type_name("WORD");
  verb->add_option("--note", arguments.note, line.text({"for people: who appealed, the number of the case", "备注：申诉人、案号"}))->type_name("TEXT");
  add_redis(line, verb, arguments);
  add_signing(line, verb, arguments, true);
  verb->add_option("--home-country", arguments.home_country, line.text({"country code of the edges, by which numbers are judged", "各节点的本国国家码，用于判断号码"}))
      ->check(line.country())
      ->envname("TELEFENCE_HOME_COUNTRY")
      ->type_name("CODE")
      ->capture_default_str();
  add_common(line, verb, arguments, true);
}

void add_explain(CommandLine& line, ExplainArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "explain",
                                 {"Say which entry led to a record, whose it is, who signed it, and whether it still holds.",
                                  "说明某条记录由哪个条目引起、来源、签名者，以及是否仍有效。"},
                                 "  telefence explain --id edge-mifq3k2a-1f\n"
                                 "  telefence explain --id edge-mifq3k2a-1f --events eve.json -c /etc/telefence/telefence.yaml --json\n");
  verb->add_option("--id", arguments.id, line.text({"telefence.record_id of the record", "记录的 telefence.record_id"}))->required()->type_name("ID");
  verb->add_option("--events", arguments.events,
                   line.text({"files of records, with their rotated ones (FILE.1 ...); -: standard input; else records.file", "记录文件（含轮转文件 FILE.1 等）；- 为标准输入；缺省为 records.file"}))
      ->type_name("FILE");
  verb->add_option("-c,--config", arguments.config_file,
                   line.text({"names records, lists, policy.state_dir and keys; else /etc/telefence/telefence.yaml", "指明记录、名单、policy.state_dir 和密钥；缺省 /etc/telefence/telefence.yaml"}))
      ->type_name("FILE");
  add_redis(line, verb, arguments);
  add_common(line, verb, arguments, true);
}

void add_keys(CommandLine& line, KeysArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "keys", {"Make and show the keys that sign what is pushed.", "生成、查看下发签名所用的密钥。"},
                                 "  telefence keys new centre\n"
                                 "  telefence keys show centre.pub\n");
  verb->require_subcommand(1);
  CLI::App* make = line.add_verb(*verb, "new", {"Make a pair: NAME.key (secret) and NAME.pub.", "生成一对密钥：NAME.key（私钥）和 NAME.pub。"},
                                 "  telefence keys new centre\n"
                                 "  telefence keys new /etc/telefence/keys/centre\n"
                                 "  telefence keys new --node edge-7\n");
  make->add_option("name", arguments.name, line.text({"name of the key, perhaps with a folder", "密钥名，可带目录"}))->required()->type_name("NAME");
  make->add_flag("--node", arguments.of_node, line.text({"of an edge, to sign its receipts with; NAME is its node.id", "节点密钥，用于签署回执；NAME 为其 node.id"}));
  add_common(line, make, arguments, false);
  CLI::App* show = line.add_verb(*verb, "show", {"Show id, name and age of keys.", "显示密钥的编号、名称和生成时间。"},
                                 "  telefence keys show centre.pub\n"
                                 "  telefence keys show /etc/telefence/keys/*.pub\n");
  show->add_option("files", arguments.files, line.text({"key files", "密钥文件"}))->required()->type_name("FILE");
  add_common(line, show, arguments, false);
  show->callback([&arguments] { arguments.make = false; });
}

void add_audit(CommandLine& line, AuditArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "audit", {"Check and show audit files: who changed what and when.", "校验、查看审计文件：谁在何时变更了什么。"},
                                 "  telefence audit verify /var/lib/telefence/policy/audit.jsonl\n"
                                 "  telefence audit show centre.audit.jsonl --last 5\n");
  verb->require_subcommand(1);
  CLI::App* verify = line.add_verb(*verb, "verify", {"Find the first line that was changed, taken out or put in (exit code 3).", "找出首个被改动、删除或插入的行（退出码 3）。"},
                                   "  telefence audit verify centre.audit.jsonl\n"
                                   "  telefence audit verify centre.audit.jsonl --head 3f2a...\n");
  verify->add_option("file", arguments.file, line.text({"audit file", "审计文件"}))->required()->type_name("FILE");
  verify->add_option("--head", arguments.head,
                     line.text({"hash that verify told some time ago: that line must still be there", "此前 verify 给出的哈希：该行必须仍在"}))
      ->check(line.sha256())
      ->type_name("HASH");
  add_common(line, verify, arguments, false);
  CLI::App* show = line.add_verb(*verb, "show", {"Show the newest lines.", "显示最新的记录。"},
                                 "  telefence audit show centre.audit.jsonl\n"
                                 "  telefence audit show centre.audit.jsonl --last 0 --json\n");
  show->add_option("file", arguments.file, line.text({"audit file", "审计文件"}))->required()->type_name("FILE");
  show->add_option("--last", arguments.last, line.text({"so many; 0: all", "行数；0 为全部"}))->type_name("N")->capture_default_str();
  add_common(line, show, arguments, false);
  show->callback([&arguments] { arguments.verify = false; });
}

void add_daemon_verbs(CommandLine& line, ToolArguments& status, ReloadArguments& reload, EventsArguments& events) {
  add_common(line,
             line.add_verb(line.program(), "status", {"Show how the daemon is doing.", "显示守护进程的状态。"},
                           "  telefence status\n"
                           "  telefence status --json | jq .feed\n"),
             status, true);
  CLI::App* again = line.add_verb(line.program(), "reload",
                                  {"Have the daemon read its configuration and lists again; wait for the result.",
                                   "让守护进程重新读取配置和名单，并等待结果。"},
                                  "  telefence reload\n"
                                  "  telefence reload --json | jq .needs_restart\n");
  again->add_flag("--accept-shrunk", reload.accepts_shrunk,
                  line.text({"take lists that lost more entries than policy.shrink_limit allows", "接受条目减少超过 policy.shrink_limit 的名单"}));
  add_common(line, again, reload, true);
  CLI::App* verb = line.add_verb(line.program(), "events", {"Show interceptions as they happen.", "实时显示拦截事件。"},
                                 "  telefence events -f\n"
                                 "  telefence events -f --json | jq .telefence\n");
  verb->add_flag("-f,--follow", events.follow,
                 line.text({"when the daemon goes, wait a minute for it to come back; else end with exit code 5",
                            "守护进程退出后等待其恢复（一分钟）；否则以退出码 5 结束"}));
  add_common(line, verb, events, true);
}

void add_bypass(CommandLine& line, BypassArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "bypass",
                                 {"Have the daemon forward everything unread, or inspect again.", "让守护进程不检查直接转发，或恢复检查。"},
                                 "  telefence bypass on --for 10min\n"
                                 "  telefence bypass off\n"
                                 "  telefence bypass status\n");
  verb->add_option("what", arguments.what, line.text({"what is wanted", "操作"}))
      ->required()
      ->check(line.one_of({"on", "off", "status"}))
      ->type_name("on|off|status");
  verb->add_option("--for", arguments.duration,
                   line.text({"on: off again after 90s, 10min, 2h ...; else until it is switched off", "on：90s、10min、2h 等之后自动恢复；缺省直到手动关闭"}))
      ->type_name("TIME");
  add_common(line, verb, arguments, true);
}

struct PolicyArguments {
  ToolArguments versions;
  RollbackArguments rollback;
  SizeArguments size;
};

void add_policy(CommandLine& line, PolicyArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "policy", {"Versions of the signatures, and what a set will take.", "规则版本，以及规则集的资源需求。"},
                                 "  telefence policy versions\n"
                                 "  telefence policy rollback 41\n");
  verb->require_subcommand(1);
  add_common(line,
             line.add_verb(*verb, "versions", {"List the versions that can be gone back to.", "列出可回退的规则版本。"},
                           "  telefence policy versions\n"
                           "  telefence policy versions --json | jq .in_force\n"),
             arguments.versions, true);
  CLI::App* rollback = line.add_verb(*verb, "rollback", {"Put an earlier version in force, at once.", "立即回退到较早的版本。"},
                                     "  telefence policy rollback 41\n"
                                     "  telefence policy rollback newest\n");
  rollback->add_option("version", arguments.rollback.version,
                       line.text({"number of the version; newest: follow the log and reloads again", "版本号；newest：恢复跟随最新版本"}))
      ->required()
      ->type_name("N|newest");
  add_common(line, rollback, arguments.rollback, true);
  CLI::App* size = line.add_verb(*verb, "size", {"Say how much memory and time lists will take.", "估算名单所需的内存和时间。"},
                                 "  telefence policy size domains.txt callers.txt patterns.yaml\n"
                                 "  telefence policy size blocklist.csv.gz ops.jsonl\n"
                                 "  telefence policy size --kind number callers.txt more.txt\n");
  size->add_option("files", arguments.size.files, line.text({"pattern files, and lists in any format, also packed (gzip, zstd)", "文本特征文件与任意格式的名单，可为压缩文件（gzip、zstd）"}))->required()->type_name("FILE");
  size->add_option("--kind", arguments.size.kind, line.text({"what all of the lists hold; else each file's content tells", "所有名单的类型；缺省按各文件内容判断"}))
      ->check(line.one_of({"domain", "number", "url"}))
      ->type_name("domain|number|url");
  add_common(line, size, arguments.size, false);
}

int run_policy(const CLI::App& verb, const PolicyArguments& arguments) {
  if (verb.got_subcommand("versions")) return policy_versions(arguments.versions);
  if (verb.got_subcommand("rollback")) return policy_rollback(arguments.rollback);
  return policy_size(arguments.size);
}

int run_push(const CLI::App& verb, PushVerbs& verbs) {
  if (verb.got_subcommand("status")) return push_status(verbs.status);
  if (verb.got_subcommand("timestamp")) return push_timestamp(verbs.timestamp);
  if (verb.got_subcommand("withdraw")) return push_withdraw(verbs.withdraw, verbs.withdrawn);
  if (verb.got_subcommand("cosign")) return push_cosign(verbs.cosign);
  if (!verb.got_subcommand("apply")) return push(verb.got_subcommand("add") ? verbs.add : verbs.remove);
  PushApplyArguments& apply = verbs.apply;
  apply.source = apply.list.source;
  apply.json = apply.list.json;
  apply.language = apply.list.language;
  apply.home_country = apply.list.home_country;
  return push_apply(apply);
}

int run_verb(CommandLine& line, int argc, char** argv) {
  TestArguments test_arguments;
  PushVerbs push_verbs;
  ToolArguments status_arguments;
  ReloadArguments reload_arguments;
  EventsArguments events_arguments;
  BypassArguments bypass_arguments;
  RulesArguments rules_arguments;
  KeysArguments keys_arguments;
  AuditArguments audit_arguments;
  SnapshotArguments snapshot_arguments;
  std::string language;
  add_test(line, test_arguments);
  add_push(line, push_verbs);
  add_rules(line, rules_arguments);
  add_daemon_verbs(line, status_arguments, reload_arguments, events_arguments);
  add_bypass(line, bypass_arguments);
  PolicyArguments policy_arguments;
  add_policy(line, policy_arguments);
  add_snapshot(line, snapshot_arguments);
  add_keys(line, keys_arguments);
  add_audit(line, audit_arguments);
  ReleaseArguments release_arguments;
  ExplainArguments explain_arguments;
  add_release(line, release_arguments);
  add_explain(line, explain_arguments);
  for (const char* verb : {"push", "release", "snapshot", "explain"}) line.refuse_empty(*line.program().get_subcommand(verb));
  line.add_language(line.program(), language);
  if (const auto exit_code = line.parse(argc, argv, nullptr)) return *exit_code;
  for (ToolArguments* own : std::initializer_list<ToolArguments*>{&test_arguments, &push_verbs.add, &push_verbs.remove, &push_verbs.cosign,
                                                                   &push_verbs.withdraw, &push_verbs.apply.list, &status_arguments,
                                                                   &reload_arguments, &events_arguments, &bypass_arguments,
                                                                   &policy_arguments.versions, &policy_arguments.rollback, &policy_arguments.size,
                                                                   &rules_arguments, &keys_arguments, &snapshot_arguments, &audit_arguments, &push_verbs.status,
                                                                   &release_arguments, &explain_arguments})
    if (own->language.empty()) own->language = language;
  if (line.program().got_subcommand("test")) return test_value(test_arguments);
  if (const CLI::App* verb = line.program().get_subcommand_ptr("push").get(); verb->parsed()) return run_push(*verb, push_verbs);
  if (line.program().got_subcommand("rules")) return rules(rules_arguments);
  if (line.program().got_subcommand("snapshot")) return snapshot(snapshot_arguments);
  if (line.program().got_subcommand("keys")) return keys(keys_arguments);
  if (line.program().got_subcommand("audit")) return audit(audit_arguments);
  if (line.program().got_subcommand("release")) return release(release_arguments);
  if (line.program().got_subcommand("explain")) return explain(explain_arguments);
  if (line.program().got_subcommand("status")) return status(status_arguments);
  if (line.program().got_subcommand("reload")) return reload(reload_arguments);
  if (line.program().got_subcommand("bypass")) return bypass(bypass_arguments);
  if (const CLI::App* policy = line.program().get_subcommand_ptr("policy").get(); policy->parsed()) return run_policy(*policy, policy_arguments);
  return events(events_arguments);
}

int main_of(int argc, char** argv) {
  CommandLine line("telefence",
                   {"telefence: asks and steers the edge filter telefenced.", "telefence：查询和控制反诈过滤守护进程 telefenced。"},
                   "  telefence test domain www.example.cn\n"
                   "  telefence push add domain fresh-scam.example --category phishing\n"
                   "  telefence status\n",
                   language_of(argc, argv));
  return exit_code_after_output("telefence", line.language(), run_verb(line, argc, argv));
}

}  // namespace
}  // namespace telefence

int main(int argc, char** argv) { return telefence::main_of(argc, argv); }
