// SPDX-License-Identifier: Apache-2.0
#include "config/manual.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "config/keys.h"
#include "config/loader.h"
#include "config/sealed.h"

namespace telefence {
namespace {

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Manual, ThePageInDocsIsUpToDate) {
  EXPECT_TRUE(content_of(TELEFENCE_SOURCE "/docs/config.md") == config_manual())
      << "docs/config.md differs from the table of keys; write it anew: ninja -C BUILD config-manual";
}

TEST(Keys, EachHasASentenceInBothLanguagesAndNoTwin) {
  std::set<std::string_view> paths;
  for (const Key& key : all_keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    EXPECT_TRUE(key.en.ends_with(".")) << key.path;
    EXPECT_TRUE(key.zh.ends_with("。")) << key.path;
    const bool is_ranged = key.type == Key::Type::kInteger || key.type == Key::Type::kPorts ||
                           key.type == Key::Type::kSize || key.type == Key::Type::kDuration || key.type == Key::Type::kMilliseconds;
    EXPECT_EQ(is_ranged, key.greatest != 0) << key.path;
  }
}

TEST(Keys, TheTopLevelHasAtMostThirteen) { EXPECT_LE(children_of("").size(), 13u); }

TEST(Keys, ChildrenAreTheNextNamesOnly) {
  EXPECT_EQ(children_of("node"), (std::vector<std::string_view>{"id", "language"}));
  EXPECT_EQ(children_of("protocols.NAME"),
            (std::vector<std::string_view>{"on", "tcp_ports", "udp_ports", "action", "answer", "codes"}));
  EXPECT_EQ(children_of("ports[]"), (std::vector<std::string_view>{"name", "device", "driver", "checksums"}));
  EXPECT_TRUE(children_of("nod").empty());
}

// A default in the table that is not the default of the program would be a lie of the manual.
TEST(Keys, DefaultsOfTheTableAreThoseOfTheProgram) {
  const Loaded written = load_config_text(R"(version: 1
node: {id: edge, language: auto}
mode: monitor
wire: []
mirror: []
engine:
  {workers: auto, hugepages: auto, frames: 0, eal: [], spread: {messages: 32768, memory: 32MiB, openings: 262144, overlap: first},
   streams: {connections: 65536, busy: 8192, memory: 64MiB, packets: 2048},
   hold: {receiver_ms: 200, sender_ms: 20, hole_ms: 5000, memory: 64KiB, packets: 256},
   fragments: {packets: 4096, memory: 8MiB}, datagrams: {connections: 32768, memory: 48MiB, refused: 16384},
   sessions: {entries: 65536}, tunnels: {returns: 32768}}
policy: {home_country: "86", patterns: [], tag_dscp: 1, answers: {extended_error: 16, ttl: 10s}}
redis: {log: "tf:1:log", accept_unsigned: false, stale_after: 10min}
records: {rotate: 1GiB, keep: 10, numbers: mask, bodies: none, evasions: 10}
listen: {web: "127.0.0.1:9469", control: /run/telefence/control.sock}
)", "x.yaml");
  for (const Mistake& mistake : written.mistakes) ADD_FAILURE() << to_text(mistake);
  const Config by_default = default_config();
  EXPECT_EQ(written.config.node, by_default.node);
  EXPECT_EQ(written.config.language, by_default.language);
  EXPECT_EQ(written.config.mode, by_default.mode);
  EXPECT_EQ(written.config.nic.worker_cores, by_default.nic.worker_cores);
  EXPECT_EQ(written.config.nic.hugepages, by_default.nic.hugepages);
  EXPECT_EQ(written.config.nic.frames, by_default.nic.frames);
  EXPECT_EQ(written.config.nic.held_frames, by_default.nic.held_frames);
  // All of what workers remember: each of these is compared by the key that it is sealed under.
  for (const SealedKey& key : sealed_keys()) EXPECT_EQ(key.value(written.config), key.value(by_default)) << key.path;
  EXPECT_EQ(written.config.records.evasions, by_default.records.evasions);
  EXPECT_EQ(written.config.normalise.home_country, by_default.normalise.home_country);
  EXPECT_EQ(written.config.tag_dscp, by_default.tag_dscp);
  EXPECT_EQ(written.config.answers.extended_error, by_default.answers.extended_error);
  EXPECT_EQ(written.config.answers.ttl_s, by_default.answers.ttl_s);
  EXPECT_EQ(written.config.signatures.redis.log, by_default.signatures.redis.log);
  EXPECT_EQ(written.config.signatures.redis.trust.accept_unsigned, by_default.signatures.redis.trust.accept_unsigned);
  EXPECT_EQ(written.config.signatures.redis.stale_after_s, by_default.signatures.redis.stale_after_s);
  EXPECT_EQ(written.config.records.rotate_bytes, by_default.records.rotate_bytes);
  EXPECT_EQ(written.config.records.keep_files, by_default.records.keep_files);
  EXPECT_EQ(written.config.records.numbers, by_default.records.numbers);
  EXPECT_EQ(written.config.records.bodies, by_default.records.bodies);
  EXPECT_EQ(written.config.web_listen, by_default.web_listen);
  EXPECT_EQ(written.config.control_socket, by_default.control_socket);
}

TEST(Shipped, TheExamplesAreWithoutMistakes) {
  for (const char* name : {"telefence.yaml", "monitor.yaml"}) {
    const Loaded loaded = load_config(std::string(TELEFENCE_SOURCE "/config/") + name);
    for (const Mistake& mistake : loaded.mistakes) ADD_FAILURE() << to_text(mistake);
    EXPECT_EQ(loaded.config.mode, Mode::kMonitor);
    EXPECT_EQ(loaded.config.nic.wire.size(), 1u);
  }
}

}  // namespace
}  // namespace telefence
