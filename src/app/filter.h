// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that stands between the ports and is made from a Config without any NIC: signatures and policy. The
// daemon, replay, inspect and `telefence test` build it in the same way, so they judge in the same way. Control thread.

#include <memory>
#include <string>
#include <vector>

#include "config/assemble.h"
#include "config/config.h"
#include "pipeline/worker.h"
#include "record/eve.h"
#include "signatures/signature_store.h"

namespace telefence {

class Filter {
 public:
  // Reads the signature files, unless `with_signatures` is false: then every message is seen and none is hit. What was left
  // out of them is in complaints(). The error: a file that can't be read at all. Requires: the config has no mistakes.
  static Result<std::unique_ptr<Filter>> make(const Config& config, bool with_signatures = true);

  // gate: nullptr: everything is inspected.
  WorkerShared shared(const Gate* gate = nullptr);
  RecordNames record_names() const;
  // A worker's scratch has to fit the set that is in force before the worker runs.
  Result<void> prepare(Worker& worker) { return worker.scratch().prepare(sets().read()); }

  const Config& config() const { return config_; }
  // nullptr: none are.
  const ProtectedNames* protected_names() const { return terms_.protected_names.get(); }
  const CompileTerms& terms() const { return terms_; }
  const std::vector<Complaint>& complaints() const { return complaints_; }
  SignatureStore::Counts counts() const { return counts_; }
  Readers& readers() { return readers_; }
  Published<MatchSet>& sets() { return *sets_; }
  Published<LivePolicy>& policy() { return *policy_; }
  const Normaliser& normaliser() const { return normaliser_; }
  // For a feed that reads the files itself, and owns the store.
  std::unique_ptr<SignatureStore> empty_store() const;

  // The live part of a new configuration: made first, since that can fail, then put in force. One thread at a time.
  Result<std::unique_ptr<const LivePolicy>> live_policy_of(const Config& config) const;
  void put_in_force(std::unique_ptr<const LivePolicy> live) { policy_->publish(std::move(live)); }

 private:
  explicit Filter(const Config& config);

  const Config config_;
  const CompileTerms terms_;
  const HashSecret secret_;
  const std::uint64_t answer_secret_;
  Readers readers_;
  Normaliser normaliser_;
  std::unique_ptr<SignatureStore> store_;
  std::unique_ptr<Published<MatchSet>> sets_;
  std::unique_ptr<Published<LivePolicy>> policy_;
  std::vector<Complaint> complaints_;
  SignatureStore::Counts counts_;
};

}  // namespace telefence
