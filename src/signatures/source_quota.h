// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a batch would give a source more entries than it may have (redis.quotas). Control thread.

#include <optional>

#include "signatures/signature_store.h"
#include "signatures/signers.h"
#include "signatures/waiting_changes.h"

namespace telefence {

std::optional<RefusedBatch> refuse_over_quota(const Batch& batch, const TrustOptions& trust, const SignatureStore& store,
                                              const WaitingChanges& waiting);

}  // namespace telefence
