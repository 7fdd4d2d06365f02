// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/cores.h"
#include "config/keys.h"

namespace telefence {
namespace {

constexpr char kTwoPorts[] =
    "ports:\n"
    "  - {name: access, device: net_null0}\n"
    "  - {name: core, device: net_null1}\n"
    "wire: [[access, core]]\n";

std::vector<std::string> texts(const std::vector<Mistake>& mistakes) {
  std::vector<std::string> out;
  for (const Mistake& mistake : mistakes) out.push_back(to_text(mistake));
  return out;
}

// Mistakes of the two-port file with more lines below; the first of these is line 5.
std::vector<std::string> mistakes_with(const std::string& more) {
  return texts(load_config_text(kTwoPorts + more, "x.yaml").mistakes);
}

std::vector<std::string> warnings_with(const std::string& more) {
  const Loaded loaded = load_config_text(kTwoPorts + more, "x.yaml");
  EXPECT_EQ(texts(loaded.mistakes), std::vector<std::string>{});
  return texts(loaded.warnings);
}

using Lines = std::vector<std::string>;

TEST(Loader, AFileWithOnlyPortsAndWireHasSaneDefaults) {
  const Loaded loaded = load_config_text(kTwoPorts, "x.yaml");
  EXPECT_EQ(texts(loaded.mistakes), Lines{});
  const Config& config = loaded.config;
  EXPECT_EQ(config.mode, Mode::kMonitor);
  ASSERT_EQ(config.nic.ports.size(), 2u);
  EXPECT_EQ(config.nic.ports[1].name, "core");
  EXPECT_EQ(config.nic.ports[1].device, "net_null1");
  EXPECT_EQ(config.nic.ports[1].driver, "af_packet");
  ASSERT_EQ(config.nic.wire.size(), 1u);
  EXPECT_EQ(config.nic.wire[0], (std::pair<std::string, std::string>("access", "core")));
  EXPECT_EQ(config.nic.worker_cores.size(), 1u);
  EXPECT_EQ(config.nic.hugepages, "auto");
  EXPECT_EQ(config.normalise.home_country, "86");
  EXPECT_EQ(config.records.numbers, RecordOptions::Numbers::kMask);
  EXPECT_EQ(config.records.bodies, RecordOptions::Bodies::kNone);
  EXPECT_EQ(config.web_listen, "127.0.0.1:9469");
  EXPECT_EQ(config.control_socket, "/run/telefence/control.sock");
  EXPECT_FALSE(config.signatures.redis.trust.accept_unsigned);
}

TEST(Loader, AWorkerAndTheControlThreadGetDifferentCoresWhereThereAreTwo) {
  const NicOptions nic = default_config().nic;
  ASSERT_EQ(nic.worker_cores.size(), 1u);
  if (usable_cores().size() > 1) {
    EXPECT_NE(nic.worker_cores[0], nic.control_core);
  }
}

// A file that says something else than the default under every key.
std::string every_key() {
  const std::string core = std::to_string(usable_cores().front());
  return std::string(R"(version: 1
node: {id: tj-01, language: zh-CN}
mode: enforce
ports:
  - {name: a, device: net_null0}
  - {name: b, device: net_null1}
  - {name: tap, device: lo, driver: af_xdp}
wire: [[a, b]]
mirror: [tap]
respond: {port: tap, gateway: "02:00:00:00:00:01", vlan: 77}
engine: {workers: ")") + core + R"(", control_core: )" + core + R"(, hugepages: 2GiB, frames: 8191, eal: ["--log-level=8"],
  overload: {fragments: closed, quic: closed, spread: never, texts: never, names: never},
  bypass: {automatic: false, heartbeat: {command: [/bin/true, "a b"], every: 250ms}}}
protocols:
  dns: {on: true, udp_ports: [53, 5353], tcp_ports: [], action: answer, answer: sinkhole}
  tls: {on: false}
  smpp: {tcp_ports: [2776], codes: {content: 88, calling: 89, called: 90}}
policy:
  home_country: "852"
  lists:
    - {file: /dev/null, kind: number, allow: false, action: tag, category: loan, tier: 1, shadow: true}
    - {file: /dev/null, kind: domain, allow: true, exact: true}
  patterns: [/dev/nul*]
  categories: {phishing: {tier1: answer, tier3: tag}}
  tag_dscp: 8
  answers:
    sinkhole_ipv4: 192.0.2.1
    sinkhole_ipv6: "2001:db8::1"
    extended_error: 15
    ttl: 1min
    page_url: "https://warning.example/"
    page_file: /dev/null
redis:
  server: "unix:/tmp/r.sock"
  user: edge
  password_file: /dev/null
  log: "tf:2:log"
  accept_unsigned: true
  stale_after: 2h
records: {file: "/tmp/eve.json", rotate: 64MiB, keep: 3, numbers: full, bodies: snippet}
listen: {web: "[::1]:80", control: /tmp/c.sock}
)";
}

TEST(Loader, EveryKeyIsRead) {
  const Loaded loaded = load_config_text(every_key(), "x.yaml");
  EXPECT_EQ(texts(loaded.mistakes), Lines{});
  const Config& config = loaded.config;
  EXPECT_EQ(config.node, "tj-01");
  EXPECT_EQ(config.language, "zh-CN");
  EXPECT_EQ(config.mode, Mode::kEnforce);
  EXPECT_EQ(config.nic.ports[2].driver, "af_xdp");
  EXPECT_EQ(config.nic.mirror, Lines{"tap"});
  EXPECT_EQ(config.nic.respond, "tap");
  EXPECT_EQ(config.nic.respond_gateway, "02:00:00:00:00:01");
  EXPECT_EQ(config.nic.respond_vlan, 77);
  EXPECT_EQ(config.nic.worker_cores, std::vector<unsigned>{usable_cores().front()});
  EXPECT_EQ(config.nic.hugepages, "2048");
  EXPECT_EQ(config.nic.frames, 8191u);
  EXPECT_EQ(config.nic.eal, Lines{"--log-level=8"});
  constexpr auto kNever = ShedMode::kNever, kClosed = ShedMode::kClosed;
  EXPECT_EQ(config.overload.modes, (std::array{kClosed, kClosed, kNever, kNever, kNever}));
  EXPECT_FALSE(config.automatic_bypass);
  EXPECT_EQ(config.heartbeat.command, (Lines{"/bin/true", "a b"}));
  EXPECT_EQ(config.heartbeat.every_ms, 250u);
  const ProtocolConfig& dns = config.protocols.at("dns");
  EXPECT_EQ(dns.udp_ports, (std::vector<std::uint16_t>{53, 5353}));
  EXPECT_EQ(dns.tcp_ports, std::vector<std::uint16_t>{});
  EXPECT_EQ(dns.action, "answer");
  EXPECT_EQ(dns.answer, "sinkhole");
  EXPECT_FALSE(config.protocols.at("tls").on);
  EXPECT_EQ(config.protocols.at("smpp").code_calling, 89u);
  EXPECT_EQ(config.normalise.home_country, "852");
  ASSERT_EQ(config.signatures.lists.size(), 2u);
  const ListOptions& list = config.signatures.lists[0];
  EXPECT_EQ(list.kind, SignatureKind::kNumber);
  EXPECT_EQ(list.action, "tag");
  EXPECT_EQ(list.category, Category::kLoan);
  EXPECT_EQ(list.tier, 1);
  EXPECT_TRUE(list.shadow);
  EXPECT_TRUE(config.signatures.lists[1].allow);
  EXPECT_TRUE(config.signatures.lists[1].exact);
  EXPECT_EQ(config.signatures.patterns, Lines{"/dev/null"});
  EXPECT_EQ(config.categories.at(Category::kPhishing).tier[1], "answer");
  EXPECT_EQ(config.categories.at(Category::kPhishing).tier[2], "");
  EXPECT_EQ(config.categories.at(Category::kPhishing).tier[3], "tag");
  EXPECT_EQ(config.tag_dscp, 8);
  EXPECT_EQ(config.answers.sinkhole_ipv6, "2001:db8::1");
  EXPECT_EQ(config.answers.extended_error, 15);
  EXPECT_EQ(config.answers.ttl_s, 60u);
  EXPECT_EQ(config.answers.page_url, "https://warning.example/");
  EXPECT_EQ(config.signatures.redis.server, "unix:/tmp/r.sock");
  EXPECT_EQ(config.signatures.redis.user, "edge");
  EXPECT_EQ(config.signatures.redis.log, "tf:2:log");
  EXPECT_TRUE(config.signatures.redis.trust.accept_unsigned);
  EXPECT_EQ(config.signatures.redis.stale_after_s, 7200u);
  EXPECT_EQ(config.records.file, "/tmp/eve.json");
  EXPECT_EQ(config.records.rotate_bytes, 64u << 20);
  EXPECT_EQ(config.records.keep_files, 3u);
  EXPECT_EQ(config.records.numbers, RecordOptions::Numbers::kFull);
  EXPECT_EQ(config.records.bodies, RecordOptions::Bodies::kSnippet);
  EXPECT_EQ(config.web_listen, "[::1]:80");
  EXPECT_EQ(config.control_socket, "/tmp/c.sock");
}

TEST(Loader, AllMistakesAreToldAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(mistakes_with("mode: enforced\n"
                          "polcy: {}\n"
                          "listen: {web: nowhere}\n"
                          "protocols: {smpp: {action: drop}}\n"),
            (Lines{"x.yaml:5:7: mode: expected one of monitor, enforce, found 'enforced'; did you mean 'enforce'?",
                   "x.yaml:6:1: polcy: unknown key 'polcy'; did you mean 'policy'?",
                   "x.yaml:7:15: listen.web: \"nowhere\" has no port; give ADDRESS:PORT, for example 127.0.0.1:9469 or "
                   "[::1]:9469",
                   "x.yaml:8:28: protocols.smpp.action: smpp can't do drop: dropping a segment stalls every other message "
                   "of the session and is only repeated: use neutralise; possible: neutralise, tag"}));
}

TEST(Loader, UnknownKeysAreMistakesAtEveryDepth) {
  EXPECT_EQ(mistakes_with("node: {name: x}\n"), Lines{"x.yaml:5:8: node.name: unknown key 'name'; known here: id, language"});
  EXPECT_EQ(mistakes_with("protocols: {dnss: {}}\n"),
            Lines{"x.yaml:5:13: protocols.dnss: unknown key 'dnss'; did you mean 'dns'?"});
  EXPECT_EQ(mistakes_with("policy: {lists: [{file: /dev/null, kinds: url}]}\n"),
            Lines{"x.yaml:5:36: policy.lists[0].kinds: unknown key 'kinds'; did you mean 'kind'?"});
  EXPECT_EQ(mistakes_with("protocols: {smpp: {codes: {text: 1}}}\n"),
            Lines{"x.yaml:5:28: protocols.smpp.codes.text: unknown key 'text'; known here: content, calling, called"});
  EXPECT_EQ(mistakes_with("policy: {categories: {phishng: {tier1: tag}}}\n"),
            Lines{"x.yaml:5:23: policy.categories.phishng: unknown key 'phishng'; did you mean 'phishing'?"});
  EXPECT_EQ(mistakes_with("policy: {categories: {loan: {tier4: tag}}}\n"),
            Lines{"x.yaml:5:30: policy.categories.loan.tier4: unknown key 'tier4'; did you mean 'tier1'?"});
}

TEST(Loader, ADuplicateKeyIsAMistake) {
  const Lines found = mistakes_with("mode: monitor\nmode: enforce\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("x.yaml:6:1: mode: ")) << found[0];
}

TEST(Loader, ASyntaxErrorHasItsPlace) {
  const Lines found = mistakes_with("policy: {lists: [\n");
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(found[0].starts_with("x.yaml:")) << found[0];
}

TEST(Loader, WrongTypesAndRangesSayWhatWouldBeRight) {
  EXPECT_EQ(mistakes_with("policy: {tag_dscp: 64}\n"),
            Lines{"x.yaml:5:20: policy.tag_dscp: expected a whole number from 0 to 63, found the number 64"});
  EXPECT_EQ(mistakes_with("protocols: {dns: {on: yes}}\n"),
            Lines{"x.yaml:5:23: protocols.dns.on: expected true or false, found 'yes'; write true"});
  EXPECT_EQ(mistakes_with("policy: {home_country: 86}\n"),
            Lines{"x.yaml:5:24: policy.home_country: expected a text, found the number 86; write it in quotes: \"86\""});
  EXPECT_EQ(mistakes_with("policy: {answers: {ttl: 10}}\n"),
            Lines{"x.yaml:5:25: policy.answers.ttl: expected a duration with its unit (ms, s, min, h, d), as 10min, found "
                  "the number 10"});
  EXPECT_EQ(mistakes_with("policy: {answers: {ttl: 5min}}\n"),
            Lines{"x.yaml:5:25: policy.answers.ttl: expected 0s to 1min, found '5min'"});
  EXPECT_EQ(mistakes_with("records: {rotate: 1KiB}\n"),
            Lines{"x.yaml:5:19: records.rotate: expected 1MiB to 1024GiB, found '1KiB'"});
  EXPECT_EQ(mistakes_with("protocols: {smpp: {tcp_ports: [0, 2775, 70000]}}\n"),
            (Lines{"x.yaml:5:32: protocols.smpp.tcp_ports[0]: expected a whole number from 1 to 65535, found the number 0",
                   "x.yaml:5:41: protocols.smpp.tcp_ports[2]: expected a whole number from 1 to 65535, found the number "
                   "70000"}));
  EXPECT_EQ(mistakes_with("version: 2\n"),
            Lines{"x.yaml:5:10: version: expected a whole number from 1 to 1, found the number 2"});
  EXPECT_EQ(mistakes_with("redis: unix:/x\n"), Lines{"x.yaml:5:8: redis: expected a map (key: value), found 'unix:/x'"});
  EXPECT_EQ(mistakes_with("node: {id: \"\"}\n"), Lines{"x.yaml:5:12: node.id: must not be empty; leave the key out for edge"});
}

TEST(Loader, AMapInPlaceOfAnyScalarIsAMistakeOfThatKey) {
  // Proves that the loader reads every key of the table: one that it forgot would be silent.
  for (const Key& key : all_keys()) {
    std::string path(key.path);
    for (const auto& [placeholder, word] :
         {std::pair<std::string, std::string>{"NAME", "smpp"}, {"CATEGORY", "loan"}, {"[]", ""}}) {
      const std::size_t at = path.find(placeholder);
      if (at != std::string::npos && (placeholder != "[]" || at + 2 == path.size()))
        path.replace(at, placeholder.size(), word);
    }
    if (path == "protocols.smpp.answer") path = "protocols.dns.answer";
    std::string yaml, closing;
    std::size_t start = 0;
    for (std::size_t dot = 0; (dot = path.find('.', start)) != std::string::npos; start = dot + 1) {
      const std::string name = path.substr(start, dot - start);
      const bool is_list = name.ends_with("[]");
      yaml += "{" + (is_list ? name.substr(0, name.size() - 2) : name) + ": " + (is_list ? "[" : "");
      closing = (is_list ? "]}" : "}") + closing;
    }
    const Loaded loaded = load_config_text(yaml + "{" + path.substr(start) + ": {x: 1}}" + closing, "x.yaml");
    bool is_told = false;
    for (const Mistake& mistake : loaded.mistakes) is_told = is_told || mistake.key.ends_with(path.substr(start));
    EXPECT_TRUE(is_told) << key.path;
  }
}

TEST(Loader, AMissingKeyOfAPortIsTold) {
  const Lines found = texts(load_config_text("ports: [{name: a}]\n", "x.yaml").mistakes);
  EXPECT_EQ(found, Lines{"x.yaml:1:9: ports[0]: 'device' is missing: it must be given here"});
}

TEST(Loader, AnEmptyFileIsAMistake) {
  EXPECT_EQ(texts(load_config_text("# nothing\n", "x.yaml").mistakes),
            Lines{"x.yaml: the file is empty; it must name ports and wire at least"});
}

TEST(Loader, AFileThatIsNotThereIsAMistake) {
  const Lines found = texts(load_config("/nonexistent/telefence.yaml").mistakes);
  EXPECT_EQ(found, Lines{"/nonexistent/telefence.yaml: can't be read: there is no such file"});
  EXPECT_EQ(texts(load_config("/tmp").mistakes), Lines{"/tmp: can't be read: it is a folder; name a file in it"});
}

TEST(Loader, NamesOfFilesAreRelativeToTheFolderOfTheFile) {
  char name[] = "/tmp/telefence_config_XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  std::filesystem::create_directory(folder / "lists");
  std::ofstream(folder / "lists/a.txt") << "x.cn\n";
  std::ofstream(folder / "one.yaml") << "";
  std::ofstream(folder / "two.yaml") << "";
  std::ofstream(folder / "telefence.yml") << kTwoPorts
                                          << "policy:\n  lists: [{file: lists/a.txt}]\n  patterns: [\"*.yaml\"]\n"
                                             "records: {file: eve.json}\nlisten: {control: c.sock}\n";
  const Loaded loaded = load_config((folder / "telefence.yml").string());
  EXPECT_EQ(texts(loaded.mistakes), Lines{});
  EXPECT_EQ(loaded.config.signatures.lists.at(0).file, folder / "lists/a.txt");
  EXPECT_EQ(loaded.config.signatures.patterns, (Lines{folder / "one.yaml", folder / "two.yaml"}));
  EXPECT_EQ(loaded.config.records.file, folder / "eve.json");
  EXPECT_EQ(loaded.config.control_socket, folder / "c.sock");
  std::filesystem::remove_all(folder);
}

TEST(Loader, WebOffMeansNoWeb) {
  EXPECT_EQ(load_config_text(std::string(kTwoPorts) + "listen: {web: off}\n", "x.yaml").config.web_listen, "");
}

TEST(Loader, AReasonablePairOfPortsGetsOnlyTheWarningThatNothingCanMatch) {
  EXPECT_EQ(warnings_with(""), Lines{"x.yaml: policy: there are no lists, no patterns and no Redis: nothing can match; name "
                                     "some under policy"});
  EXPECT_EQ(warnings_with("policy: {patterns: [/dev/null]}\n"), Lines{});
}

TEST(Loader, SizesOfWhatWorkersRememberAreRead) {
  const Loaded loaded = load_config_text(
      "ports: [{name: a, device: net_null0, checksums: strict}]\n"
      "engine: {spread: {messages: 100, memory: 1MiB, openings: 4096, overlap: last},\n"
      "         streams: {connections: 200, busy: 300, memory: 2MiB, packets: 400},\n"
      "         hold: {receiver_ms: 150, sender_ms: 15, hole_ms: 900, memory: 32KiB, packets: 50},\n"
      "         fragments: {packets: 60, memory: 3MiB}, datagrams: {connections: 2048, memory: 4MiB, refused: 1024},\n"
      "         sessions: {entries: 8192}, tunnels: {returns: 2048}}\n"
      "records: {evasions: 3}\n",
      "x.yaml");
  for (const Mistake& mistake : loaded.mistakes) ADD_FAILURE() << to_text(mistake);
  const TrackOptions& track = loaded.config.track;
  EXPECT_EQ(loaded.config.nic.ports[0].checksums, PortOptions::Checksums::kStrict);
  EXPECT_EQ(track.parts.messages, 100u);
  EXPECT_EQ(track.parts.bytes, 1u << 20);
  EXPECT_EQ(track.parts.openings, 4096u);
  EXPECT_EQ(track.parts.keep, StreamBuffer::Keep::kLast);
  EXPECT_EQ(track.streams.connections, 200u);
  EXPECT_EQ(track.streams.directions, 300u);
  EXPECT_EQ(track.streams.bytes, 2u << 20);
  EXPECT_EQ(track.streams.held_frames, 400u);
  EXPECT_EQ(loaded.config.nic.held_frames, 400u) << "there must be buffers for them";
  EXPECT_EQ(track.streams.rest_ns, 150'000'000u);
  EXPECT_EQ(track.streams.hold_ns, 15'000'000u);
  EXPECT_EQ(track.streams.hole_ns, 900'000'000u);
  EXPECT_EQ(track.streams.hold_bytes, 32u << 10);
  EXPECT_EQ(track.streams.hold_frames, 50u);
  EXPECT_EQ(track.fragments.packets, 60u);
  EXPECT_EQ(track.fragments.bytes, 3u << 20);
  EXPECT_EQ(track.datagrams.unfinished, 2048u);
  EXPECT_EQ(track.datagrams.bytes, 4u << 20);
  EXPECT_EQ(track.datagrams.refused, 1024u);
  EXPECT_EQ(track.sessions.entries, 8192u);
  EXPECT_EQ(track.returns.entries, 2048u);
  EXPECT_EQ(loaded.config.records.evasions, 3u);
}

}  // namespace
}  // namespace telefence
