// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the lists of one configuration are kept compiled, and what tells them from others. Control thread.

#include <string>

#include "signatures/compiler.h"
#include "signatures/options.h"

namespace telefence {

inline std::string compiled_lists_file(const std::string& state_dir) { return state_dir + "/lists.compiled"; }

// What the compiled form depends on: names, sizes and times of the files, options, and what refuses entries. "" when a file is not there.
std::string lists_key(const SignatureOptions& options, const CompileTerms& terms);

}  // namespace telefence
