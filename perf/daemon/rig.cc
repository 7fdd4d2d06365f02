// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <algorithm>

#include "base/allowed_cores.h"
#include "enforce/action.h"

namespace telefence::perf {

unsigned default_core() {
  const std::vector<unsigned> cores = allowed_cores();
  return cores.empty() ? 0 : cores.back();
}

Result<std::unique_ptr<Nic>> start_nic(unsigned core, const std::string& hugepages) {
  NicOptions options;
  options.ports = {{"a", "net_null0", ""}, {"b", "net_null1", ""}};
  options.wire = {{"a", "b"}};
  options.worker_cores = {core};
  const std::vector<unsigned> cores = allowed_cores();
  const auto other = std::find_if(cores.begin(), cores.end(), [core](unsigned one) { return one != core; });
  options.control_core = other == cores.end() ? core : *other;
  options.hugepages = hugepages;
  return Nic::start(options);
}

std::unique_ptr<const LivePolicy> live_policy() {
  PolicyOptions policy;
  policy.mode = Mode::kEnforce;
  auto live = std::make_unique<LivePolicy>();
  const auto protocols = registered_protocols();
  const auto actions = registered_actions();
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    policy.protocol_action[p] = action_id(protocols[p]->default_action);
    for (std::size_t a = 0; a < actions.size(); ++a) policy.possible[p][a] = actions[a]->impossible(*protocols[p]).empty();
    live->enforce.terms.push_back({});
    live->enforce.codes.push_back({protocols[p]->code_content, protocols[p]->code_calling, protocols[p]->code_called});
  }
  live->policy = Policy(policy);
  return live;
}

}  // namespace telefence::perf
