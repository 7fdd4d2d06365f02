// SPDX-License-Identifier: Apache-2.0
#include "config/check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/cores.h"
#include "config/loader.h"
#include "protocols/protocol.h"

namespace telefence {
namespace {

using Lines = std::vector<std::string>;

Lines texts(const std::vector<Mistake>& mistakes) {
  Lines out;
  for (const Mistake& mistake : mistakes) out.push_back(to_text(mistake));
  return out;
}

Lines mistakes_of(const std::string& yaml) { return texts(load_config_text(yaml, "x.yaml").mistakes); }

constexpr char kTwoPorts[] =
    "ports: [{name: a, device: net_null0}, {name: b, device: net_null1}]\n"
    "wire: [[a, b]]\n"
    "policy: {patterns: [/dev/null]}\n";

// The first of `more` is line 4.
Lines mistakes_with(const std::string& more) { return mistakes_of(kTwoPorts + more); }

Lines warnings_with(const std::string& more) {
  const Loaded loaded = load_config_text(kTwoPorts + more, "x.yaml");
  EXPECT_EQ(texts(loaded.mistakes), Lines{});
  return texts(loaded.warnings);
}

TEST(CheckLinks, TwoPortsOfOneNameOrOneDeviceAreAMistake) {
  EXPECT_EQ(mistakes_of("ports:\n- {name: a, device: net_null0}\n- {name: a, device: net_null1}\n"),
            Lines{"x.yaml:3:10: ports[1].name: the name a is taken by the port in line 2; give each port its own"});
  EXPECT_EQ(mistakes_of("ports:\n- {name: a, device: eth0}\n- {name: b, device: eth0}\nwire: [[a, b]]\n"),
            Lines{"x.yaml:3:21: ports[1].device: the device eth0 is taken by the port in line 2"});
}

TEST(CheckNode, AnIdIsOneLineThatIsNotTooLong) {
  const std::string what = "x.yaml:4:12: node.id: a node's name has 1 to 64 octets, no control characters, and no blank at its begin or end";
  for (const std::string& id : {std::string(65, 'n'), std::string("a\\nb"), std::string(" a")})
    EXPECT_EQ(mistakes_with("node: {id: \"" + id + "\"}\n"), Lines{what}) << id;
  EXPECT_EQ(mistakes_with("node: {id: \"城东-1\"}\n"), Lines{});
}

TEST(CheckLinks, APortNameIsAPlainWord) {
  EXPECT_EQ(mistakes_of("ports: [{name: \"a b\", device: net_null0}]\nmirror: [\"a b\"]\n"),
            Lines{"x.yaml:1:16: ports[0].name: a port name has at most 32 letters, digits, - _ and ."});
}

TEST(CheckLinks, WhatCanBeNoDeviceIsAMistake) {
  EXPECT_EQ(mistakes_of("ports: [{name: a, device: /dev/ttyS0}]\nmirror: [a]\n"),
            Lines{"x.yaml:1:27: ports[0].device: \"/dev/ttyS0\" is no PCI address (0000:3b:00.0), no interface name (at most "
                  "15 characters) and no vdev (net_pcap0,rx_pcap=in.pcap)"});
}

TEST(CheckLinks, AWireNamesKnownPorts) {
  EXPECT_EQ(mistakes_of("ports: [{name: access, device: net_null0}, {name: core, device: net_null1}]\n"
                        "wire: [[acess, core]]\nmirror: [tap0]\n"),
            (Lines{"x.yaml:2:9: wire[0][0]: there is no port acess under ports; did you mean access?",
                   "x.yaml:3:10: mirror[0]: there is no port tap0 under ports; there are access, core"}));
}

TEST(CheckLinks, APortIsUsedOnce) {
  EXPECT_EQ(mistakes_with("mirror: [b]\n"),
            Lines{"x.yaml:4:10: mirror[0]: the port b is used in line 2 already; a port belongs to one wire or is one "
                  "mirror"});
}

TEST(CheckLinks, AWireJoinsTwoDifferentPorts) {
  EXPECT_EQ(mistakes_of("ports: [{name: a, device: net_null0}]\nwire: [[a, a]]\n"),
            Lines{"x.yaml:2:8: wire[0]: a wire joins two different ports"});
  EXPECT_EQ(mistakes_of("ports: [{name: a, device: net_null0}]\nwire: [[a]]\n"),
            Lines{"x.yaml:2:8: wire[0]: a wire joins two ports, as [access, core]; here are 1"});
}

TEST(CheckLinks, OddButUsableLinksAreWarnedOf) {
  const Loaded unused = load_config_text(
      "ports: [{name: a, device: net_null0, driver: af_xdp}, {name: b, device: nosuchnic}]\nmirror: [a]\nmode: enforce\n"
      "policy: {patterns: [/dev/null]}\n",
      "x.yaml");
  EXPECT_EQ(texts(unused.mistakes), Lines{});
  EXPECT_EQ(texts(unused.warnings),
            (Lines{"x.yaml:1:46: ports[0].driver: only kernel interfaces have a driver to choose; net_null0 is none",
                   "x.yaml:1:55: ports[1]: the port b is in no wire and no mirror: it carries nothing",
                   "x.yaml:1:73: ports[1].device: this machine has no network interface nosuchnic; `ip link` shows those it "
                   "has",
                   "x.yaml:3:7: mode: a mirror only sees a copy of the traffic: without a wire, or a port to respond by, nothing can be "
                   "blocked"}));
  EXPECT_EQ(texts(load_config_text("policy: {patterns: [/dev/null]}\n", "x.yaml").warnings),
            Lines{"x.yaml: ports: there are no ports: the daemon would see no traffic"});
}

TEST(CheckLinks, CopiesAreAnsweredByAPortOfItsOwnOrByAMirror) {
  constexpr std::string_view kPorts =
      "ports: [{name: a, device: net_null0}, {name: b, device: net_null1}, {name: c, device: net_null2}, {name: d, device: net_null3}]\n"
      "wire: [[a, b]]\npolicy: {patterns: [/dev/null]}\nmode: enforce\n";
  const auto with = [&](std::string_view more) { return load_config_text(std::string(kPorts) + std::string(more), "x.yaml"); };
  for (const char* good : {"mirror: [c]\nrespond: d\n", "mirror: [c, d]\nrespond: c\n",
                           "mirror: [c]\nrespond: {port: d, gateway: \"02:00:00:00:00:01\", vlan: 4094}\n"}) {
    EXPECT_EQ(texts(with(good).mistakes), Lines{}) << good;
    EXPECT_EQ(texts(with(good).warnings), Lines{}) << good;
  }
  EXPECT_EQ(texts(with("mirror: [c, d]\nrespond: tap\n").mistakes),
            Lines{"x.yaml:6:10: respond: there is no port tap under ports; there are a, b, c, d"});
  EXPECT_EQ(texts(with("mirror: [c, d]\nrespond: a\n").mistakes),
            Lines{"x.yaml:6:10: respond: the port a is in the wire of line 2; give answers a port of their own, or a mirror that can send"});
  EXPECT_EQ(texts(with("respond: c\n").mistakes),
            Lines{"x.yaml:5:10: respond: there is no mirror whose traffic could be answered; name one under mirror, or leave respond "
                  "out: a wire answers by its own ports"});
  for (const char* bad : {"02:00:00:00:00", "02-00-00-00-00-01", "01:00:5e:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00:0g"})
    EXPECT_EQ(texts(with(std::string("mirror: [c]\nrespond: {port: d, gateway: \"") + bad + "\"}\n").mistakes),
              Lines{std::string("x.yaml:6:29: respond.gateway: \"") + bad + "\" is no MAC address of one station, as "
                    "\"02:00:00:00:00:01\""});
  EXPECT_EQ(texts(with("mirror: [c]\nrespond: {port: d, vlan: 4095}\n").mistakes).size(), 1u);
  EXPECT_EQ(texts(with("mirror: [c, d]\nrespond: {vlan: 7}\n").mistakes).size(), 1u) << "no port";
  EXPECT_EQ(texts(with("mirror: [c, d]\nrespond: [c]\n").mistakes).size(), 1u);
  EXPECT_EQ(texts(with("mirror: [c, d]\nrespond: \"\"\n").mistakes).size(), 1u);
}

TEST(CheckLinks, AMirrorThatIsAnsweredCanBlock) {
  const auto warnings = [](std::string_view more) {
    return texts(load_config_text("ports: [{name: a, device: net_null0}]\nmirror: [a]\nmode: enforce\npolicy: {patterns: [/dev/null]}\n" +
                                      std::string(more), "x.yaml").warnings);
  };
  EXPECT_EQ(warnings("").size(), 1u);
  EXPECT_EQ(warnings("respond: a\n"), Lines{});
}

TEST(CheckLinks, PciAddressesAreLookedForOnThisMachine) {
  EXPECT_EQ(texts(load_config_text("ports: [{name: a, device: \"0000:ff:1f.7\"}]\nmirror: [a]\npolicy: {lists: []}\n", "x.yaml")
                      .warnings),
            Lines{"x.yaml:1:27: ports[0].device: this machine has no PCI device 0000:ff:1f.7; `lspci -D` shows those it "
                  "has"});
}

TEST(CheckCores, CoresMustBeThereAndWellWritten) {
  const std::string has = " on this machine; there are " + describe_cores(usable_cores());
  EXPECT_EQ(mistakes_with("engine: {workers: \"700-702\", control_core: 701}\n"),
            (Lines{"x.yaml:4:19: engine.workers: there is no core 700-702" + has,
                   "x.yaml:4:44: engine.control_core: there is no core 701" + has}));
  EXPECT_EQ(mistakes_with("engine: {workers: \"9-2\"}\n"),
            Lines{"x.yaml:4:19: engine.workers: \"9-2\" ends before it begins; write cores as \"2-9\" or \"2,4,6\""});
  EXPECT_EQ(mistakes_with("engine: {workers: all}\n"),
            Lines{"x.yaml:4:19: engine.workers: \"all\" is no core and no range of cores; write cores as \"2-9\" or "
                  "\"2,4,6\""});
  EXPECT_EQ(mistakes_with("engine: {workers: [2, 3]}\n"),
            Lines{"x.yaml:4:19: engine.workers: expected auto or cores as \"2-9\", found a list"});
}

TEST(Cores, ListsAndRanges) {
  EXPECT_EQ(cores_from("2-4,7").value(), (std::vector<unsigned>{2, 3, 4, 7}));
  EXPECT_EQ(cores_from("0").value(), (std::vector<unsigned>{0}));
  EXPECT_EQ(describe_cores({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  for (const char* wrong : {"", ",", "1,", "1-", "-1", "a", "1 2", "1,1", "1-3,2", "99999", "5000000000"})
    EXPECT_FALSE(cores_from(wrong).ok()) << wrong;
}

TEST(CheckPolicy, ASideMeansSomethingForNumbersOnly) {
  EXPECT_EQ(mistakes_of("ports: [{name: a, device: net_null0}]\nmirror: [a]\n"
                        "policy: {lists: [{file: /dev/null, kind: number, side: caller}]}\n"),
            Lines{"x.yaml:3:56: policy.lists[0].side: expected one of calling, called, either, found 'caller'; did you "
                  "mean 'called'?"});
  const Loaded loaded = load_config_text("ports: [{name: a, device: net_null0}]\nmirror: [a]\n"
                                         "policy: {lists: [{file: /dev/null, side: calling}, "
                                         "{file: /dev/null, kind: number, side: calling}, {file: /dev/null, kind: number}]}\n",
                                         "x.yaml");
  EXPECT_EQ(texts(loaded.warnings), Lines{"x.yaml:3:42: policy.lists[0].side: only numbers are of somebody who calls or is "
                                          "called: the key means nothing here"});
  ASSERT_EQ(loaded.config.signatures.lists.size(), 3u);
  EXPECT_EQ(loaded.config.signatures.lists[1].sides, Signature::Sides::kCalling);
  EXPECT_EQ(loaded.config.signatures.lists[2].sides, Signature::Sides::kEither);
}

TEST(CheckOutside, ARedisUserWithoutAPasswordIsAMistake) {
  EXPECT_EQ(mistakes_with("redis: {server: \"unix:/run/redis.sock\", user: edge, accept_unsigned: true}\n"),
            Lines{"x.yaml:4:47: redis.user: a user needs a password: name its file in redis.password_file"});
}

TEST(CheckPolicy, AnUnknownActionNamesThoseThereAre) {
  EXPECT_EQ(mistakes_with("protocols: {http: {action: rest}}\n"),
            Lines{"x.yaml:4:28: protocols.http.action: expected one of drop, reset, answer, neutralise, tag, found 'rest'; did "
                  "you mean 'reset'?"});
}

TEST(CheckPolicy, AnActionMustBePossibleForItsProtocol) {
  EXPECT_EQ(mistakes_with("protocols: {dns: {action: neutralise}}\n"),
            Lines{"x.yaml:4:27: protocols.dns.action: dns can't do neutralise: its messages can't be voided in place; "
                  "possible: drop, answer, tag"});
}

TEST(CheckPolicy, AnAnswerMustBeOneOfTheProtocols) {
  EXPECT_EQ(mistakes_with("protocols: {dns: {answer: nxdomian}}\n"),
            Lines{"x.yaml:4:27: protocols.dns.answer: expected one of nxdomain, refused, sinkhole, found 'nxdomian'; did you "
                  "mean 'nxdomain'?"});
  EXPECT_EQ(mistakes_with("protocols: {smpp: {answer: no-such}}\n"),
            Lines{"x.yaml:4:28: protocols.smpp.answer: smpp has no answers to choose from; leave this key out"});
  EXPECT_EQ(mistakes_with("protocols: {dns: {codes: {content: 1}}}\n"),
            Lines{"x.yaml:4:26: protocols.dns.codes: dns has no refusal codes; leave this key out"});
}

TEST(CheckPolicy, AnAnswerNeedsWhatItSends) {
  EXPECT_EQ(mistakes_with("protocols: {dns: {answer: sinkhole}, http: {answer: redirect}}\n"),
            (Lines{"x.yaml:4:27: protocols.dns.answer: sinkhole needs policy.answers.sinkhole_ipv4, which is not set",
                   "x.yaml:4:53: protocols.http.answer: redirect needs policy.answers.page_url, which is not set"}));
}

TEST(CheckPolicy, TwoProtocolsOnOnePortAreAMistake) {
  EXPECT_EQ(mistakes_with("protocols: {smpp: {tcp_ports: [443]}}\n"),
            Lines{"x.yaml:4:31: protocols.smpp.tcp_ports: TCP port 443 belongs to tls already; take it out of one of them"});
  EXPECT_EQ(mistakes_with("protocols: {smpp: {tcp_ports: [443]}, tls: {on: false}}\n"), Lines{});
  EXPECT_EQ(mistakes_with("protocols: {dns: {udp_ports: [53, 5060]}}\n"),
            Lines{"x.yaml:4:30: protocols.dns.udp_ports: UDP port 5060 belongs to sip already; take it out of one of them"});
}

constexpr char kOnlyPorts[] =
    "ports: [{name: a, device: net_null0}, {name: b, device: net_null1}]\nwire: [[a, b]]\n";

TEST(CheckPolicy, FilesThatAreNamedMustBeThere) {
  const std::string hint = "; relative names start at the folder of this configuration file";
  EXPECT_EQ(mistakes_of(std::string(kOnlyPorts) + "policy:\n"
                        "  lists: [{file: /nonexistent/list.txt}, {file: /tmp}]\n"
                        "  patterns: [\"/nonexistent/*.yaml\", /tmp]\n"
                        "  answers: {page_file: /nonexistent/page.html}\n"
                        "redis: {password_file: /nonexistent/pass, server: \"unix:/x\"}\n"),
            (Lines{"x.yaml:4:18: policy.lists[0].file: there is no file /nonexistent/list.txt" + hint,
                   "x.yaml:4:49: policy.lists[1].file: /tmp is a folder; name a file in it",
                   "x.yaml:5:14: policy.patterns[0]: there is no file /nonexistent/*.yaml" + hint,
                   "x.yaml:5:37: policy.patterns[1]: /tmp is a folder; name a file in it",
                   "x.yaml:6:24: policy.answers.page_file: there is no file /nonexistent/page.html" + hint,
                   "x.yaml:7:24: redis.password_file: there is no file /nonexistent/pass" + hint}));
}

TEST(CheckPolicy, AListMayOnlyNameAnActionThatItsHitsCanHave) {
  EXPECT_EQ(mistakes_of(std::string(kOnlyPorts) + "policy: {lists: [{file: /dev/null, kind: number, action: reset}]}\n"),
            Lines{"x.yaml:3:58: policy.lists[0].action: nothing that this list can match can do reset (smpp: a reset cuts off "
                  "every other message of the session: use neutralise)"});
}

TEST(CheckPolicy, KeysOfAListWithoutMeaningAreWarnedOf) {
  const Loaded loaded = load_config_text(
      std::string(kOnlyPorts) +
          "policy: {lists: [{file: /dev/null, allow: true, action: tag}, {file: /dev/null, kind: url, exact: true}]}\n",
      "x.yaml");
  EXPECT_EQ(texts(loaded.mistakes), Lines{});
  EXPECT_EQ(texts(loaded.warnings),
            (Lines{"x.yaml:3:57: policy.lists[0].action: an allow list lets through: the action means nothing",
                   "x.yaml:3:99: policy.lists[1].exact: only domains have something below them: the key means nothing here"}));
}

TEST(CheckPolicy, AddressesAndPagesMustParse) {
  EXPECT_EQ(mistakes_of(std::string(kOnlyPorts) + "policy:\n  home_country: \"+86\"\n  answers:\n"
                        "    sinkhole_ipv4: \"::1\"\n    sinkhole_ipv6: 192.0.2.1\n    page_url: \"warning.example\"\n"),
            (Lines{"x.yaml:4:17: policy.home_country: expected a country code of 1 to 3 digits, as \"86\", found \"+86\"",
                   "x.yaml:6:20: policy.answers.sinkhole_ipv4: \"::1\" is no IPv4 address, as 192.0.2.1",
                   "x.yaml:7:20: policy.answers.sinkhole_ipv6: \"192.0.2.1\" is no IPv6 address, as 2001:db8::1",
                   "x.yaml:8:15: policy.answers.page_url: expected http:// or https:// and at most 1000 printable ASCII "
                   "characters, found \"warning.example\""}));
}

TEST(CheckPolicy, ALineEndInThePageUrlIsRefused) {
  EXPECT_EQ(mistakes_of(std::string(kOnlyPorts) + "policy: {answers: {page_url: \"http://x/\\r\\nSet-Cookie: a\"}}\n").size(), 1u);
}

TEST(CheckPolicy, AllProtocolsOffIsWarnedOf) {
  std::string all;
  for (const Protocol* protocol : registered_protocols())
    all += (all.empty() ? "" : ", ") + std::string(protocol->name) + ": {on: false}";
  EXPECT_EQ(warnings_with("protocols: {" + all + "}\n"),
            Lines{"x.yaml:4:12: protocols: all protocols are off: nothing is inspected"});
}

TEST(CheckOutside, AWebAddressForOthersIsWarnedOf) {
  EXPECT_EQ(warnings_with("listen: {web: \"0.0.0.0:9469\"}\n"),
            Lines{"x.yaml:4:15: listen.web: can be reached from other machines, without a password: metrics tell about the "
                  "traffic"});
}

TEST(CheckOutside, TheControlSocketFitsItsAddress) {
  EXPECT_EQ(mistakes_with("listen: {control: /" + std::string(120, 'x') + "}\n"),
            Lines{"x.yaml:4:19: listen.control: a socket path has at most 107 characters, this has 121"});
}

TEST(CheckOutside, ARedisAddressMustParse) {
  const Lines found = mistakes_with("redis: {server: \"redis\", accept_unsigned: true}\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("x.yaml:4:17: redis.server: ")) << found[0];
}

TEST(CheckOutside, MistakesAboutServersAndSignersAreFoundAtTheirPlace) {
  EXPECT_EQ(mistakes_with("redis: {servers: [\"a:1\", \"b\"], accept_unsigned: true}\n").at(0).substr(0, 33), "x.yaml:4:26: redis.servers[1]: 'b");
  EXPECT_EQ(mistakes_with("redis: {server: \"a:1\", servers: [\"b:1\"], accept_unsigned: true}\n").size(), 1u);
  EXPECT_EQ(mistakes_with("redis: {server: \"a:1\", tls: {certificate: /dev/null}, accept_unsigned: true}\n").size(), 1u);
  EXPECT_EQ(mistakes_with("redis: {server: \"a:1\", signers: [{key: /nonexistent.pub, kinds: [domains], operations: [block]}]}\n").size(), 3u);
  EXPECT_EQ(mistakes_with("redis: {server: \"a:1\", signers: [{key: /dev/null}]}\n").size(), 1u);
  EXPECT_EQ(mistakes_with("redis: {server: \"a:1\", signers: [{sources: [x]}]}\n").size(), 1u);
  EXPECT_EQ(mistakes_with("redis: {server: \"a:1\", accept_unsigned: true, receipts: {server: b}}\n").size(), 1u);
}

TEST(CheckOutside, RedisSettingsThatCannotWorkAreWarnedOf) {
  EXPECT_EQ(warnings_with("redis: {user: edge}\n"),
            Lines{"x.yaml:4:8: redis: no server is named, so the rest of this section means nothing"});
  EXPECT_EQ(warnings_with("redis: {server: \"localhost:6379\"}\n"),
            Lines{"x.yaml:4:8: redis: nobody is trusted, so every batch is refused: name public keys in redis.signers (telefence keys "
                  "new makes them)"});
  EXPECT_EQ(warnings_with("redis: {servers: [\"a:1\", \"rediss://b:2\"], accept_unsigned: true}\n"), Lines{});
}

TEST(CheckOutside, AFolderForRecordsThatIsNotThereIsWarnedOf) {
  EXPECT_EQ(warnings_with("records: {file: /nonexistent/eve.json}\n"),
            Lines{"x.yaml:4:17: records.file: the folder /nonexistent can't be written by this user (No such file or "
                  "directory); make it before the start: sudo install -d -o $USER /nonexistent"});
}

TEST(CheckOutside, RecordsIntoAFolderAreAMistake) {
  EXPECT_EQ(mistakes_with("records: {file: /tmp}\n"), Lines{"x.yaml:4:17: records.file: /tmp is a folder; name a file in it"});
}

TEST(CheckOutside, AStateFolderThatCanNotBeMadeIsTold) {
  const std::string redis = "redis: {server: \"a:1\", accept_unsigned: true}\n";
  const auto told = [&](const std::string& folder) {
    const Loaded loaded = load_config_text("ports: [{name: a, device: net_null0}, {name: b, device: net_null1}]\nwire: [[a, b]]\n"
                                           "policy: {patterns: [/dev/null], state_dir: " + folder + "}\n" + redis, "x.yaml");
    Lines out = texts(loaded.mistakes);
    for (const std::string& one : texts(loaded.warnings)) out.push_back(one);
    return out;
  };
  EXPECT_EQ(told("/dev/null"), Lines{"x.yaml:3:44: policy.state_dir: /dev/null is no folder: name one, or write \"off\""});
  EXPECT_EQ(told("/nonexistent/deep/policy"),
            Lines{"x.yaml:3:44: policy.state_dir: this user can't write /nonexistent/deep (No such file or directory): then what is pushed is gone "
                  "after a restart without Redis"});
  EXPECT_EQ(told("/tmp/telefence-policy"), Lines{});
}

TEST(CheckLinks, AVdevThatCannotBeThereIsAWarning) {
  const auto warnings_of = [](const std::string& device) {
    const Loaded loaded = load_config_text("ports:\n- {name: a, device: \"" + device + "\"}\nmirror: [a]\npolicy: {patterns: [/dev/null]}\n", "x.yaml");
    return texts(loaded.warnings);
  };
  EXPECT_EQ(warnings_of("net_pcpa0,rx_pcap=/dev/null"),
            Lines{"x.yaml:2:21: ports[0].device: DPDK has no driver net_pcpa; did you mean net_pcap?"});
  EXPECT_EQ(warnings_of("net_pcap0,rx_pcap=/nonexistent/in.pcap,tx_pcap=out.pcap"),
            Lines{"x.yaml:2:21: ports[0].device: there is no capture /nonexistent/in.pcap; names within a vdev start where "
                  "telefenced is started"});
  EXPECT_EQ(warnings_of("net_pcap0,rx_pcap=/dev/null"), Lines{});
  EXPECT_EQ(warnings_of("net_tap0,iface=x"), Lines{});
}

TEST(CheckLinks, FewerBuffersThanAQueueHoldsAreAMistake) {
  EXPECT_EQ(mistakes_with("engine: {frames: 10}\n"),
            Lines{"x.yaml:4:18: engine.frames: 10 buffers are fewer than one queue holds; expected 1023 and more, or 0: from the "
                  "number of ports, queues and workers"});
  EXPECT_EQ(mistakes_with("engine: {frames: 0}\n"), Lines{});
  EXPECT_EQ(mistakes_with("engine: {frames: 1023}\n"), Lines{});
}

TEST(CheckEngine, SizesFitOneAnother) {
  EXPECT_EQ(mistakes_with("engine: {spread: {openings: 100000}, hold: {receiver_ms: 10, sender_ms: 11, packets: 65}, streams: {packets: 64}}\n"),
            (Lines{"x.yaml:4:29: engine.spread.openings: must be a power of two: 65536 or 131072",
                   "x.yaml:4:73: engine.hold.sender_ms: a sender that waits is held no longer than others: at most engine.hold.receiver_ms, 10",
                   "x.yaml:4:86: engine.hold.packets: one direction can't hold more than all together: at most engine.streams.packets, 64"}));
  EXPECT_EQ(mistakes_with("engine: {streams: {connections: 64, busy: 129}}\n"),
            Lines{"x.yaml:4:43: engine.streams.busy: a connection has two directions: at most twice engine.streams.connections, 128"});
  EXPECT_EQ(mistakes_with("engine: {spread: {overlap: middle, memory: 5}}\n").size(), 2u);
}

TEST(CheckEngine, WhatTheMachineCanNotGiveIsWarnedOf) {
  const Lines memory = warnings_with("engine: {spread: {memory: 64GiB}, streams: {memory: 64GiB}, datagrams: {memory: 64GiB}}\n");
  ASSERT_EQ(memory.size(), 1u);
  EXPECT_NE(memory[0].find("all workers together may come to use 196"), std::string::npos) << memory[0];
  EXPECT_EQ(warnings_with("engine: {frames: 4095, streams: {packets: 2048}}\n"),
            Lines{"x.yaml:4:18: engine.frames: 1 worker(s) may hold 2048 packets (engine.streams.packets), and then too few buffers are "
                  "left to receive into: use 4096 or more, or 0"});
  EXPECT_EQ(warnings_with("engine: {frames: 4096}\n"), Lines{});
}

}  // namespace
}  // namespace telefence
