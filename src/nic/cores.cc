// SPDX-License-Identifier: Apache-2.0
#include "nic/cores.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace telefence {
namespace {

constexpr unsigned kMostWorkers = 64;

// "0-3,8" of {0, 1, 2, 3, 8}.
std::string ranges(std::span<const unsigned> cores) {
  std::string text;
  for (std::size_t i = 0; i < cores.size();) {
    std::size_t last = i;
    while (last + 1 < cores.size() && cores[last + 1] == cores[last] + 1) ++last;
    if (!text.empty()) text += ",";
    text += std::to_string(cores[i]);
    if (last != i) text += "-" + std::to_string(cores[last]);
    i = last + 1;
  }
  return text;
}

bool has(std::span<const unsigned> cores, unsigned core) {
  return std::find(cores.begin(), cores.end(), core) != cores.end();
}

Error missing(const std::string& whose, const std::string& key, unsigned core, std::span<const unsigned> allowed) {
  return {ErrorCode::kEnvironment, whose + " is to run on core " + std::to_string(core) + ", but this process may use cores " +
                                       ranges(allowed) + " only: change `" + key +
                                       "`, or the limits of the container or service"};
}

void note_shared_cores(CorePlan& plan) {
  for (std::size_t i = 0; i < plan.workers.size(); ++i) {
    const unsigned core = plan.workers[i];
    const std::string name = "worker w" + std::to_string(i);
    if (core == plan.control)
      plan.notes.push_back(name + " shares core " + std::to_string(core) + " with the control thread");
    const auto earlier = std::find(plan.workers.begin(), plan.workers.begin() + static_cast<std::ptrdiff_t>(i), core);
    if (earlier != plan.workers.begin() + static_cast<std::ptrdiff_t>(i))
      plan.notes.push_back(name + " shares core " + std::to_string(core) + " with worker w" +
                           std::to_string(earlier - plan.workers.begin()));
  }
}

}  // namespace

std::vector<unsigned> cores_near(unsigned core, std::span<const unsigned> cores) {
  namespace fs = std::filesystem;
  const auto is_of = [](const fs::path& node, unsigned one) {
    std::error_code ignored;
    return fs::exists(node / ("cpu" + std::to_string(one)), ignored);
  };
  std::vector<unsigned> near;
  std::error_code ignored;
  for (fs::directory_iterator node("/sys/devices/system/node", ignored), end; node != end; node.increment(ignored)) {
    if (!node->path().filename().string().starts_with("node") || !is_of(node->path(), core)) continue;
    std::copy_if(cores.begin(), cores.end(), std::back_inserter(near), [&](unsigned one) { return is_of(node->path(), one); });
  }
  return near.empty() ? std::vector<unsigned>(cores.begin(), cores.end()) : near;
}

Result<CorePlan> plan_cores(const NicOptions& options, std::span<const unsigned> allowed) {
  if (allowed.empty()) return Error{ErrorCode::kEnvironment, "the kernel does not tell which cores may be used"};
  CorePlan plan;
  plan.control = options.control_core;
  plan.workers = options.worker_cores;
  if (plan.workers.empty()) {
    if (!has(allowed, plan.control)) plan.control = allowed.front();
    const auto other = std::find_if(allowed.begin(), allowed.end(), [&](unsigned core) { return core != plan.control; });
    plan.workers.push_back(other == allowed.end() ? plan.control : *other);
  }
  if (plan.workers.size() > kMostWorkers)
    return Error{ErrorCode::kInvalid, "more than " + std::to_string(kMostWorkers) + " workers are configured"};
  if (!has(allowed, plan.control)) return missing("the control thread", "engine.control_core", plan.control, allowed);
  for (std::size_t i = 0; i < plan.workers.size(); ++i)
    if (!has(allowed, plan.workers[i]))
      return missing("worker w" + std::to_string(i), "engine.workers", plan.workers[i], allowed);
  note_shared_cores(plan);
  return plan;
}

}  // namespace telefence
