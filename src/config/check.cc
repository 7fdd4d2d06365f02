// SPDX-License-Identifier: Apache-2.0
#include "config/check.h"

#include <algorithm>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "web/listen_address.h"

namespace telefence {
namespace {

YamlProblem problem_at(const YamlNode& root, std::string_view path, std::string message) {
  const YamlNode* node = root.find_path(path);
  if (node == nullptr) return {0, 0, std::string(path), std::move(message)};
  return {node->line, node->column, node->path, std::move(message)};
}

// It stands in records, in keys of Redis and in lines of logs.
void check_node(const Checked& checked) {
  const std::string& node = checked.config.node;
  constexpr std::size_t kLongest = 64;
  const bool is_plain = std::none_of(node.begin(), node.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (node.empty() || node.size() > kLongest || !is_plain || node.front() == ' ' || node.back() == ' ')
    checked.mistake("node.id", "a node's name has 1 to 64 octets, no control characters, and no blank at its begin or end");
}

void check_records(const Checked& checked) {
  const std::string& file = checked.config.records.file;
  if (file.empty() || file == "-") return;
  std::error_code failure;
  if (std::filesystem::is_directory(file, failure)) {
    checked.mistake("records.file", file + " is a folder; name a file in it");
    return;
  }
  const std::string folder = std::filesystem::path(file).parent_path();
  if (access(file.c_str(), F_OK) == 0) {
    if (access(file.c_str(), W_OK) != 0) checked.warn("records.file", "this user can't write " + file + ": " + std::strerror(errno));
  } else if (!folder.empty() && access(folder.c_str(), W_OK) != 0)
    checked.warn("records.file", "the folder " + folder + " can't be written by this user (" + std::strerror(errno) +
                                     "); make it before the start: sudo install -d -o $USER " + folder);
}

// One that was named: of the usual folder only who runs the daemon can say something.
void check_state_dir(const Checked& checked) {
  const std::string& folder = checked.config.signatures.state_dir;
  if (folder.empty() || checked.config.signatures.redis.server.empty() || checked.root.find_path("policy.state_dir") == nullptr) return;
  std::error_code failure;
  const bool is_there = std::filesystem::exists(folder, failure);
  if (is_there && !std::filesystem::is_directory(folder, failure))
    return checked.mistake("policy.state_dir", folder + " is no folder: name one, or write \"off\"");
  const std::string in = is_there ? folder : std::filesystem::path(folder).parent_path().string();
  if (!in.empty() && access(in.c_str(), W_OK) != 0)
    checked.warn("policy.state_dir", "this user can't write " + in + " (" + std::strerror(errno) + "): then what is pushed is gone after a restart without Redis");
}

void check_listen(const Checked& checked) {
  const Config& config = checked.config;
  if (!config.web_listen.empty()) {
    const auto address = listen_address_from(config.web_listen);
    if (!address)
      checked.mistake("listen.web", address.error().message);
    else if (!address.value().loopback)
      checked.warn("listen.web", "can be reached from other machines, without a password: metrics tell about the traffic");
  }
  constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
  if (config.control_socket.size() > kMaxPath)
    checked.mistake("listen.control", "a socket path has at most " + std::to_string(kMaxPath) + " characters, this has " +
                                          std::to_string(config.control_socket.size()));
}

// What is not there yet may come: a card's driver is loaded later. Only what can never work is a mistake.
void check_heartbeat(const Checked& checked) {
  const HeartbeatOptions& heartbeat = checked.config.heartbeat;
  const std::string& file = heartbeat.file;
  if (!heartbeat.command.empty() && !file.empty())
    checked.mistake("engine.bypass.heartbeat.file", "there is a command already: give one of the two");
  if (heartbeat.command.empty() && file.empty() && checked.root.find_path("engine.bypass.heartbeat.every") != nullptr)
    checked.warn("engine.bypass.heartbeat.every", "there is neither a command nor a file: the key means nothing");
  if (!heartbeat.command.empty()) {
    const std::string& program = heartbeat.command.front();
    if (!program.starts_with('/'))
      checked.mistake("engine.bypass.heartbeat.command", "\"" + program + "\" is looked for in no folder: write its whole path, as /usr/bin/bpctl_util");
    else if (access(program.c_str(), X_OK) != 0)
      checked.warn("engine.bypass.heartbeat.command", "this user can't run " + program + ": " + std::strerror(errno));
  }
  if (!file.empty() && !file.starts_with('/'))
    checked.mistake("engine.bypass.heartbeat.file", "\"" + file + "\" has no whole path: begin it with /");
  else if (!file.empty() && access(file.c_str(), W_OK) != 0)
    checked.warn("engine.bypass.heartbeat.file", "this user can't write " + file + ": " + std::strerror(errno));
}

void check_signature_sources(const Checked& checked) {
  const SignatureOptions& signatures = checked.config.signatures;
  const bool has_key = checked.root.find_path("policy.patterns") != nullptr ||
                       checked.root.find_path("policy.lists") != nullptr || !signatures.redis.server.empty();
  if (!has_key)
    checked.warn("policy", "there are no lists, no patterns and no Redis: nothing can match; name some under policy");
}

}  // namespace

void Checked::add(std::vector<YamlProblem>& to, const YamlNode& node, std::string message) {
  to.push_back({node.line, node.column, node.path, std::move(message)});
}

void Checked::mistake(std::string_view path, std::string message) const {
  mistakes.push_back(problem_at(root, path, std::move(message)));
}

void Checked::warn(std::string_view path, std::string message) const {
  warnings.push_back(problem_at(root, path, std::move(message)));
}

std::string why_unreadable(const std::string& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return "there is no file " + file + "; relative names start at the folder of this configuration file";
    return "cannot look at " + file + ": " + std::strerror(errno);
  }
  if (S_ISDIR(status.st_mode)) return file + " is a folder; name a file in it";
  if (access(file.c_str(), R_OK) != 0) return "this user may not read " + file;
  return {};
}

void check_outside(const Checked& checked) {
  check_node(checked);
  check_redis(checked);
  check_records(checked);
  check_state_dir(checked);
  check_listen(checked);
  check_heartbeat(checked);
  check_signature_sources(checked);
}

void check_rules(const Checked& checked) {
  check_links(checked);
  check_cores(checked);
  check_engine(checked);
  check_policy(checked);
  check_outside(checked);
}

}  // namespace telefence
