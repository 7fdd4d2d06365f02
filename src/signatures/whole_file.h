// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file that is there whole or not at all: written under another name, brought to the disk, renamed, and its folder brought to the
// disk too. Any control thread.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

// The pieces one behind the other. kEnvironment: what was there before is there still.
Result<void> write_whole_file(const std::string& file, std::span<const std::string_view> pieces);
// Whether who opens it by this name now finds the file of this descriptor.
bool is_in_place(int descriptor, const std::string& file);

}  // namespace telefence
