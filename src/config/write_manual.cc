// SPDX-License-Identifier: Apache-2.0
// Writes docs/config.md to standard output: `ninja config-manual`.
#include <cstdio>

#include "config/manual.h"

int main() {
  const std::string page = telefence::config_manual();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
