// SPDX-License-Identifier: Apache-2.0
#pragma once

// What /metrics shows of ports and buffers. Read by the web and control threads while workers run.

#include <string>
#include <vector>

#include "nic/nic.h"
#include "stats/catalog.h"

namespace telefence {

// The catalog keeps a reference to `nic`.
void add_port_metrics(const Nic& nic, const std::vector<std::string>& port_names, Catalog& catalog);

}  // namespace telefence
