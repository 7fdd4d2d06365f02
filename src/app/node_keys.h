// SPDX-License-Identifier: Apache-2.0
#pragma once

// The public keys of the edges, for who wants their receipts proved. They are also the list of the edges that there should be.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/receipt_proof.h"

namespace telefence {

class NodeKeys {
 public:
  // `paths`: files (NODE.pub), or folders of them. kInvalid or kEnvironment: one is none; kUsage: two of one name, or none at all.
  static Result<NodeKeys> load(const std::vector<std::string>& paths);

  // None are named: then everything is believed.
  bool empty() const { return keys_.empty(); }
  const std::map<std::string, PublicKey>& all() const { return keys_; }
  // What this node signed of what stands under that key of Redis; all of it when no keys are named. kInvalid: why it proves nothing.
  Result<ReceiptFields> proved(const std::string& node, std::string_view redis_key, ReceiptFields fields) const;

 private:
  std::map<std::string, PublicKey> keys_;  // by node
};

}  // namespace telefence
