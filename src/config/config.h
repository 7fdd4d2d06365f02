// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything the YAML file says, typed. Which keys a reload takes over and which are sealed at start stands in keys.cc.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nic/options.h"
#include "normalise/normalise.h"
#include "pipeline/shedder.h"
#include "record/options.h"
#include "sample/options.h"
#include "signatures/options.h"
#include "track/track_options.h"
#include "verdict/verdict.h"

namespace telefence {

// One entry under `protocols:`; absent values are the protocol's own defaults.
struct ProtocolConfig {
  bool on = true;
  std::optional<std::vector<std::uint16_t>> tcp_ports;
  std::optional<std::vector<std::uint16_t>> udp_ports;
  std::string action;              // "" = Protocol::default_action
  std::string answer;              // "" = first of Protocol::answers
  std::optional<std::uint32_t> code_content, code_calling, code_called;
};

// Under `answers:`: what refusals say.
struct AnswerConfig {
  std::string sinkhole_ipv4;       // needed by answer: sinkhole
  std::string sinkhole_ipv6;
  std::uint16_t extended_error = 16;
  std::uint32_t ttl_s = 10;
  std::string page_url;            // needed by http answer: redirect
  std::string page_file;           // body for http answer: page; "" = built in
};

struct CategoryConfig {
  // action by tier 1..3; "" = not set
  std::string tier[4];
};

// Under `engine.bypass.heartbeat:`. None when neither a command nor a file is given.
struct HeartbeatOptions {
  std::vector<std::string> command;
  std::string file;
  std::uint32_t every_ms = 500;
};

// Under `policy.guard:`: what is done when a new version blocks far more than the one before.
struct GuardOptions {
  enum class Action : std::uint8_t { kWarn, kRollBack, kOff };
  Action action = Action::kWarn;
  std::uint32_t most_jump = 5;      // times the share that was blocked before
  std::uint32_t window_s = 10;      // after a version came in force
  std::uint64_t least = 100;        // messages, read and blocked
  std::uint32_t least_percent = 1;  // a share below it counts as this
};

// Where a node is installed there is a folder for what it keeps; where one is only tried out, nothing is left behind.
std::string default_state_dir();

// The bundled list of names that nothing may block, where it is installed.
std::vector<std::string> installed_protected_files();

struct Config {
  std::string file;
  std::string node = "edge";
  std::string language = "auto";   // auto, en or zh-CN
  Mode mode = Mode::kMonitor;
  NicOptions nic;
  TrackOptions track;              // of each worker
  OverloadOptions overload;
  bool automatic_bypass = true;
  HeartbeatOptions heartbeat;
  std::map<std::string, ProtocolConfig> protocols;
  AnswerConfig answers;
  std::map<Category, CategoryConfig> categories;
  std::uint8_t tag_dscp = 1;
  NormaliseOptions normalise;
  std::vector<std::string> protected_files = installed_protected_files();
  GuardOptions guard;
  SignatureOptions signatures{.state_dir = default_state_dir(), .keeps_compiled = false, .lists = {}, .patterns = {}, .redis = {}};
  RecordOptions records;
  SampleOptions sample;
  std::string web_listen = "127.0.0.1:9469";        // "" = off
  std::string control_socket = "/run/telefence/control.sock";
};

}  // namespace telefence
