// SPDX-License-Identifier: Apache-2.0
#include "config/sealed.h"

#include <algorithm>

namespace telefence {
namespace {

constexpr char kBetween = '\n';

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text + kBetween;
  return out;
}

std::string of_ports(const Config& config, std::string PortOptions::* member) {
  std::string out;
  for (const PortOptions& port : config.nic.ports) out += port.*member + kBetween;
  return out;
}

std::string of_checksums(const Config& config) {
  std::string out;
  for (const PortOptions& port : config.nic.ports) out += std::to_string(static_cast<int>(port.checksums)) + kBetween;
  return out;
}

std::string of_wires(const Config& config) {
  std::string out;
  for (const auto& [from, to] : config.nic.wire) out += from + kBetween + to + kBetween;
  return out;
}

std::string of_cores(const Config& config) {
  std::string out;
  for (const unsigned core : config.nic.worker_cores) out += std::to_string(core) + kBetween;
  return out;
}

constexpr SealedKey kSealed[] = {
    {"version", [](const Config&) { return std::string(); }},  // there is one only
    {"node.id", [](const Config& c) { return c.node; }},
    {"ports[].name", [](const Config& c) { return of_ports(c, &PortOptions::name); }},
    {"ports[].device", [](const Config& c) { return of_ports(c, &PortOptions::device); }},
    {"ports[].driver", [](const Config& c) { return of_ports(c, &PortOptions::driver); }},
    {"ports[].checksums", of_checksums},
    {"wire[]", of_wires},
    {"mirror[]", [](const Config& c) { return joined(c.nic.mirror); }},
    {"respond.port", [](const Config& c) { return c.nic.respond; }},
    {"respond.gateway", [](const Config& c) { return c.nic.respond_gateway; }},
    {"respond.vlan", [](const Config& c) { return std::to_string(c.nic.respond_vlan); }},
    {"engine.workers", of_cores},
    {"engine.control_core", [](const Config& c) { return std::to_string(c.nic.control_core); }},
    {"engine.hugepages", [](const Config& c) { return c.nic.hugepages; }},
    {"engine.frames", [](const Config& c) { return std::to_string(c.nic.frames); }},
    {"engine.spread_tunnels", [](const Config& c) { return std::to_string(c.nic.spread_tunnels); }},
    {"engine.eal", [](const Config& c) { return joined(c.nic.eal); }},
    {"engine.spread.messages", [](const Config& c) { return std::to_string(c.track.parts.messages); }},
    {"engine.spread.memory", [](const Config& c) { return std::to_string(c.track.parts.bytes); }},
    {"engine.spread.passed", [](const Config& c) { return std::to_string(c.track.parts.passed); }},
    {"engine.spread.openings", [](const Config& c) { return std::to_string(c.track.parts.openings); }},
    {"engine.spread.overlap", [](const Config& c) { return std::to_string(static_cast<int>(c.track.parts.keep)); }},
    {"engine.streams.connections", [](const Config& c) { return std::to_string(c.track.streams.connections); }},
    {"engine.streams.busy", [](const Config& c) { return std::to_string(c.track.streams.directions); }},
    {"engine.streams.memory", [](const Config& c) { return std::to_string(c.track.streams.bytes); }},
    {"engine.streams.packets", [](const Config& c) { return std::to_string(c.track.streams.held_frames); }},
    {"engine.hold.receiver_ms", [](const Config& c) { return std::to_string(c.track.streams.rest_ns); }},
    {"engine.hold.sender_ms", [](const Config& c) { return std::to_string(c.track.streams.hold_ns); }},
    {"engine.hold.hole_ms", [](const Config& c) { return std::to_string(c.track.streams.hole_ns); }},
    {"engine.hold.memory", [](const Config& c) { return std::to_string(c.track.streams.hold_bytes); }},
    {"engine.hold.packets", [](const Config& c) { return std::to_string(c.track.streams.hold_frames); }},
    {"engine.fragments.packets", [](const Config& c) { return std::to_string(c.track.fragments.packets); }},
    {"engine.fragments.memory", [](const Config& c) { return std::to_string(c.track.fragments.bytes); }},
    {"engine.datagrams.connections", [](const Config& c) { return std::to_string(c.track.datagrams.unfinished); }},
    {"engine.datagrams.memory", [](const Config& c) { return std::to_string(c.track.datagrams.bytes); }},
    {"engine.datagrams.refused", [](const Config& c) { return std::to_string(c.track.datagrams.refused); }},
    {"engine.sessions.entries", [](const Config& c) { return std::to_string(c.track.sessions.entries); }},
    {"engine.tunnels.returns", [](const Config& c) { return std::to_string(c.track.returns.entries); }},
    {"engine.bypass.heartbeat.command", [](const Config& c) { return joined(c.heartbeat.command); }},
    {"engine.bypass.heartbeat.file", [](const Config& c) { return c.heartbeat.file; }},
    {"engine.bypass.heartbeat.every", [](const Config& c) { return std::to_string(c.heartbeat.every_ms); }},
    {"policy.home_country", [](const Config& c) { return c.normalise.home_country; }},
    {"policy.protected", [](const Config& c) { return joined(c.protected_files); }},
    {"policy.sample.names", [](const Config& c) { return std::to_string(c.sample.names); }},
    {"policy.sample.numbers", [](const Config& c) { return std::to_string(c.sample.numbers); }},
    {"policy.sample.texts", [](const Config& c) { return std::to_string(c.sample.texts); }},
    {"policy.sample.one_of", [](const Config& c) { return std::to_string(c.sample.one_of); }},
    {"policy.sample.keep", [](const Config& c) { return std::to_string(c.sample.keep); }},
    {"redis.server", [](const Config& c) { return c.signatures.redis.server; }},
    {"redis.servers", [](const Config& c) { return joined(c.signatures.redis.others); }},
    {"redis.tls.ca", [](const Config& c) { return c.signatures.redis.tls.ca; }},
    {"redis.tls.certificate", [](const Config& c) { return c.signatures.redis.tls.certificate; }},
    {"redis.tls.key", [](const Config& c) { return c.signatures.redis.tls.key; }},
    {"redis.receipts.server", [](const Config& c) { return c.signatures.redis.receipts.server; }},
    {"redis.receipts.user", [](const Config& c) { return c.signatures.redis.receipts.user; }},
    {"redis.receipts.password_file", [](const Config& c) { return c.signatures.redis.receipts.password_file; }},
    {"redis.receipts.key", [](const Config& c) { return c.signatures.redis.receipts.key; }},
    {"policy.state_dir", [](const Config& c) { return c.signatures.state_dir; }},
    {"redis.user", [](const Config& c) { return c.signatures.redis.user; }},
    {"redis.password_file", [](const Config& c) { return c.signatures.redis.password_file; }},
    {"redis.log", [](const Config& c) { return c.signatures.redis.log; }},
    {"redis.silent_after", [](const Config& c) { return std::to_string(c.signatures.redis.silent_after_s); }},
    {"redis.stale_after", [](const Config& c) { return std::to_string(c.signatures.redis.stale_after_s); }},
    {"redis.snapshot_spread", [](const Config& c) { return std::to_string(c.signatures.redis.snapshot_spread_ms); }},
    {"redis.look_nearer", [](const Config& c) { return std::to_string(c.signatures.redis.look_nearer_ms); }},
    {"records.file", [](const Config& c) { return c.records.file; }},
    {"records.rotate", [](const Config& c) { return std::to_string(c.records.rotate_bytes); }},
    {"records.keep", [](const Config& c) { return std::to_string(c.records.keep_files); }},
    {"records.numbers", [](const Config& c) { return std::to_string(static_cast<int>(c.records.numbers)); }},
    {"records.bodies", [](const Config& c) { return std::to_string(static_cast<int>(c.records.bodies)); }},
    {"records.evasions", [](const Config& c) { return std::to_string(c.records.evasions); }},
    {"listen.web", [](const Config& c) { return c.web_listen; }},
    {"listen.control", [](const Config& c) { return c.control_socket; }},
};

}  // namespace

std::span<const SealedKey> sealed_keys() { return kSealed; }

std::vector<SealedChange> sealed_changes(const Config& running, const Loaded& read) {
  std::vector<SealedChange> changes;
  for (const SealedKey& sealed : kSealed) {
    if (sealed.value(running) == sealed.value(read.config)) continue;
    const std::string key(sealed.path.substr(0, sealed.path.find('[')));
    if (!changes.empty() && changes.back().key == key) continue;  // several keys of one list
    const YamlNode* node = read.root.find_path(key);
    changes.push_back({key, node == nullptr ? 0 : node->line});
  }
  return changes;
}

}  // namespace telefence
