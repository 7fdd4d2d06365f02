// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts of the file, one function each: from the document to the fields of Config. Only values of one key are judged here;
// rules between keys are in check.h.

#include "config/config.h"
#include "config/section.h"

namespace telefence {

// The whole file, in the order of docs/config.md.
void read_file(ReadState& state, const YamlNode& root, Config& config);

// `protocols:` and `policy:`.
void read_protocols(Section& top, ReadState& state, Config& config);
void read_policy(Section& top, ReadState& state, Config& config);

}  // namespace telefence
