// SPDX-License-Identifier: Apache-2.0
#include "config/sealed.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "config/keys.h"

namespace telefence {
namespace {

constexpr char kFile[] =
    "ports: [{name: a, device: net_null0}, {name: b, device: net_null1}]\n"
    "wire: [[a, b]]\n"
    "records: {file: /tmp/eve.json}\n"
    "redis: {server: \"unix:/tmp/r\"}\n";

std::string changed_by(const std::string& yaml) {
  const Loaded running = load_config_text(kFile, "x.yaml");
  const Loaded read = load_config_text(yaml, "x.yaml");
  for (const Mistake& mistake : read.mistakes) ADD_FAILURE() << to_text(mistake);
  std::string out;
  for (const SealedChange& change : sealed_changes(running.config, read)) out += change.key + ":" + std::to_string(change.line) + " ";
  return out;
}

TEST(Sealed, AReloadNamesWhatNeedsARestart) {
  EXPECT_EQ(changed_by(kFile), "");
  EXPECT_EQ(changed_by("ports: [{name: a, device: net_null0}, {name: c, device: net_null2}]\nwire: [[a, c]]\n"
                       "records: {file: /tmp/eve.json, numbers: full}\n"),
            "ports:1 wire:2 redis.server:0 records.numbers:3 ");
}

TEST(Sealed, LiveKeysAndDefaultsThatAreWrittenOutNeedNone) {
  EXPECT_EQ(changed_by(std::string(kFile) + "mode: enforce\nprotocols: {sip: {on: false}, smpp: {tcp_ports: [9000]}}\n"
                                            "node: {id: edge, language: zh-CN}\nlisten: {web: \"127.0.0.1:9469\"}\n"),
            "");
}

TEST(Sealed, EveryKeyThatIsNotLiveIsCompared) {
  std::set<std::string_view> compared;
  for (const SealedKey& key : sealed_keys()) EXPECT_TRUE(compared.insert(key.path).second) << key.path;
  for (const Key& key : all_keys()) EXPECT_EQ(compared.contains(key.path), !key.live) << key.path;
  for (const std::string_view path : compared) EXPECT_NE(key_at(path), nullptr) << path;
}

}  // namespace
}  // namespace telefence
