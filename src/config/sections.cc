// SPDX-License-Identifier: Apache-2.0
#include "config/sections.h"

#include "config/cores.h"

namespace telefence {
namespace {

constexpr std::uint64_t kBytesPerMiB = 1u << 20;

void read_node(Section& top, Config& config) {
  Section node = top.section("node");
  node.read("id", config.node);
  config.signatures.redis.node = config.node;
  constexpr const char* kLanguages[] = {"auto", "en", "zh-CN"};
  if (const auto language = node.word("language")) config.language = kLanguages[*language];
}

// A port, or a map where more than that has to be said.
void read_respond(Section& top, ReadState& state, NicOptions& nic) {
  const YamlNode* const node = top.find("respond");
  if (node != nullptr && node->kind == YamlNode::Kind::kScalar) {
    nic.respond = state.reader.read_string(*node).value_or("");
    if (nic.respond.empty()) state.reader.complain(*node, "must not be empty");
    return;
  }
  Section respond = top.section("respond");
  respond.read("port", nic.respond);
  respond.read("gateway", nic.respond_gateway);
  respond.read("vlan", nic.respond_vlan);
}

void read_links(Section& top, ReadState& state, NicOptions& nic) {
  top.each_item("ports", [&](Section& item) {
    PortOptions& port = nic.ports.emplace_back();
    item.read("name", port.name);
    item.read("device", port.device);
    if (const auto driver = item.word("driver")) port.driver = *driver == 0 ? "af_packet" : "af_xdp";
    using Checksums = PortOptions::Checksums;
    constexpr Checksums kChecksums[] = {Checksums::kAuto, Checksums::kStrict, Checksums::kLenient};
    if (const auto checksums = item.word("checksums")) port.checksums = kChecksums[*checksums];
  });
  top.read("wire", nic.wire);
  top.read("mirror", nic.mirror);
  read_respond(top, state, nic);
}

void read_workers(Section& engine, ReadState& state, NicOptions& nic) {
  const YamlNode* node = engine.find("workers");
  if (node == nullptr || node->text == "auto") return;
  if (node->kind != YamlNode::Kind::kScalar) {
    state.reader.complain(*node, "expected auto or cores as \"2-9\", found " + describe(*node));
    return;
  }
  const auto cores = cores_from(node->text);
  if (cores)
    nic.worker_cores = cores.value();
  else
    state.reader.complain(*node, cores.error().message);
}

// In milliseconds.
void read_ms(Section& section, std::string_view name, std::uint64_t& ns) {
  std::uint64_t milliseconds = ns / 1'000'000;
  section.read(name, milliseconds);
  ns = milliseconds * 1'000'000;
}

void read_streams(Section& engine, StreamOptions& options) {
  Section streams = engine.section("streams");
  streams.read("connections", options.connections);
  streams.read("busy", options.directions);
  streams.read("memory", options.bytes);
  streams.read("packets", options.held_frames);
  Section hold = engine.section("hold");
  read_ms(hold, "receiver_ms", options.rest_ns);
  read_ms(hold, "sender_ms", options.hold_ns);
  read_ms(hold, "hole_ms", options.hole_ns);
  hold.read("memory", options.hold_bytes);
  hold.read("packets", options.hold_frames);
}

void read_track(Section& engine, TrackOptions& track) {
  Section spread = engine.section("spread");
  spread.read("messages", track.parts.messages);
  spread.read("memory", track.parts.bytes);
  spread.read("passed", track.parts.passed);
  spread.read("openings", track.parts.openings);
  if (const auto overlap = spread.word("overlap"))
    track.parts.keep = *overlap == 0 ? StreamBuffer::Keep::kFirst : StreamBuffer::Keep::kLast;
  read_streams(engine, track.streams);
  Section fragments = engine.section("fragments");
  fragments.read("packets", track.fragments.packets);
  fragments.read("memory", track.fragments.bytes);
  Section datagrams = engine.section("datagrams");
  datagrams.read("connections", track.datagrams.unfinished);
  datagrams.read("memory", track.datagrams.bytes);
  datagrams.read("refused", track.datagrams.refused);
  engine.section("sessions").read("entries", track.sessions.entries);
  engine.section("tunnels").read("returns", track.returns.entries);
}

void read_overload(Section& engine, OverloadOptions& options) {
  Section overload = engine.section("overload");
  constexpr ShedMode kModes[] = {ShedMode::kOpen, ShedMode::kClosed, ShedMode::kNever};
  for (std::size_t i = 0; i < kShedCauses; ++i) {
    const auto cause = static_cast<ShedCause>(i);
    const auto word = overload.word(shed_cause_name(cause));
    // A text shares its connection with others': nothing can be dropped there.
    if (word) options.modes[i] = cause == ShedCause::kTexts && *word == 1 ? ShedMode::kNever : kModes[*word];
  }
}

void read_bypass(Section& engine, Config& config) {
  Section bypass = engine.section("bypass");
  bypass.read("automatic", config.automatic_bypass);
  Section heartbeat = bypass.section("heartbeat");
  heartbeat.read("command", config.heartbeat.command);
  heartbeat.read("file", config.heartbeat.file);
  heartbeat.read("every", config.heartbeat.every_ms);
}

void read_engine(Section& top, ReadState& state, Config& config) {
  NicOptions& nic = config.nic;
  Section engine = top.section("engine");
  read_workers(engine, state, nic);
  engine.read("control_core", nic.control_core);
  const YamlNode* hugepages = engine.find("hugepages");
  if (hugepages != nullptr && (hugepages->text == "auto" || hugepages->text == "off")) {
    nic.hugepages = hugepages->text;
  } else if (hugepages != nullptr) {
    std::uint64_t bytes = 0;
    engine.read("hugepages", bytes);
    if (bytes != 0) nic.hugepages = std::to_string(bytes / kBytesPerMiB);
  }
  engine.read("frames", nic.frames);
  std::string spread = "auto";
  engine.read("spread_tunnels", spread);
  nic.spread_tunnels = spread != "off";
  engine.read("eal", nic.eal);
  read_track(engine, config.track);
  nic.held_frames = config.track.streams.held_frames;
  read_overload(engine, config.overload);
  read_bypass(engine, config);
}

void read_trust(Section& redis, TrustOptions& options) {
  redis.each_item("signers", [&](Section& item) {
    SignerOptions& signer = options.signers.emplace_back();
    item.read("key", signer.key);
    item.read("sources", signer.sources);
    item.read("kinds", signer.kinds);
    item.read("operations", signer.operations);
    item.read("may_snapshot", signer.may_snapshot);
    item.read("may_be_wide", signer.may_be_wide);
  });
  redis.each_item("quotas", [&](Section& item) {
    SourceQuota& quota = options.quotas.emplace_back();
    item.read("source", quota.source);
    item.read("most", quota.most);
  });
  redis.read("snapshot_signers", options.snapshot_signers);
  redis.read("wide_digits", options.wide.number_digits);
  redis.read("wide_percent", options.wide.pattern_percent);
  redis.read("accept_unsigned", options.accept_unsigned);
}

void read_redis(Section& top, RedisOptions& options) {
  Section redis = top.section("redis");
  redis.read("server", options.server);
  std::vector<std::string> servers;
  redis.read("servers", servers);
  if (!servers.empty() && !options.server.empty())
    redis.complain("servers", "redis.server names one already: give one of the two");
  else if (!servers.empty())
    options.server = servers.front();
  if (!servers.empty()) options.others.assign(servers.begin() + 1, servers.end());
  Section tls = redis.section("tls");
  tls.read("ca", options.tls.ca);
  tls.read("certificate", options.tls.certificate);
  tls.read("key", options.tls.key);
  redis.read("user", options.user);
  redis.read("password_file", options.password_file);
  redis.read("log", options.log);
  read_trust(redis, options.trust);
  redis.read("stale_after", options.stale_after_s);
  redis.read("silent_after", options.silent_after_s);
  std::uint32_t spread_s = options.snapshot_spread_ms / 1000;
  redis.read("snapshot_spread", spread_s);
  options.snapshot_spread_ms = 1000 * spread_s;
  std::uint32_t look_s = options.look_nearer_ms / 1000;
  redis.read("look_nearer", look_s);
  options.look_nearer_ms = 1000 * look_s;
  Section receipts = redis.section("receipts");
  receipts.read("server", options.receipts.server);
  receipts.read("user", options.receipts.user);
  receipts.read("password_file", options.receipts.password_file);
  receipts.read("key", options.receipts.key);
}

void read_records(Section& top, RecordOptions& options) {
  using Numbers = RecordOptions::Numbers;
  using Bodies = RecordOptions::Bodies;
  Section records = top.section("records");
  records.read("file", options.file);
  records.read("rotate", options.rotate_bytes);
  records.read("keep", options.keep_files);
  if (const auto numbers = records.word("numbers")) options.numbers = *numbers == 0 ? Numbers::kMask : Numbers::kFull;
  constexpr Bodies kBodies[] = {Bodies::kNone, Bodies::kSnippet, Bodies::kFull};
  if (const auto bodies = records.word("bodies")) options.bodies = kBodies[*bodies];
  records.read("evasions", options.evasions);
}

void read_listen(Section& top, Config& config) {
  Section listen = top.section("listen");
  const YamlNode* web = listen.find("web");
  if (web != nullptr && web->text == "off")
    config.web_listen.clear();
  else
    listen.read("web", config.web_listen);
  listen.read("control", config.control_socket);
}

}  // namespace

void read_file(ReadState& state, const YamlNode& root, Config& config) {
  Section top(state, &root, "");
  int version = 1;
  top.read("version", version);
  read_node(top, config);
  if (const auto mode = top.word("mode")) config.mode = *mode == 0 ? Mode::kMonitor : Mode::kEnforce;
  read_links(top, state, config.nic);
  read_engine(top, state, config);
  read_protocols(top, state, config);
  read_policy(top, state, config);
  read_redis(top, config.signatures.redis);
  config.signatures.redis.trust.wide.home_country = config.normalise.home_country;
  config.signatures.redis.trust.cache_directory = config.signatures.pattern_options.cache_directory;
  read_records(top, config.records);
  read_listen(top, config);
}

}  // namespace telefence
