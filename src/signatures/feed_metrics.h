// SPDX-License-Identifier: Apache-2.0
#pragma once

// The feed's figures for /metrics.

#include <functional>

#include "signatures/feed.h"

namespace telefence {

// `state` is called from the web and control threads, and must live as long as the catalog.
void add_feed_families(Catalog& catalog, const std::function<FeedState()>& state);

}  // namespace telefence
