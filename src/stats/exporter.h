// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Catalog in the forms that leave the process. Both call the collect functions of every family and allocate: for the web
// and control threads, never for a worker. 1,000 series are some 100 kB of text.

#include <string>

#include "stats/catalog.h"

namespace telefence {

// Prometheus text exposition format 0.0.4, for /metrics.
std::string to_prometheus_text(const Catalog& catalog);

// One JSON object: {"telefence_x_total": [{"labels": {"port": "access"}, "value": 3}], ...}, for `telefence status --json`.
std::string to_json(const Catalog& catalog);

}  // namespace telefence
