// SPDX-License-Identifier: Apache-2.0
#pragma once

// docs/config.md from the table of keys and the registries. A test holds the page against this; `ninja config-manual` writes it
// anew.

#include <string>

namespace telefence {

std::string config_manual();

}  // namespace telefence
