// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answer of `telefence test` for people.

#include "app/json_lines.h"
#include "app/language.h"

namespace telefence {

// Prints the answer of answer_test(). `from_daemon`: the running daemon gave it, else a configuration was judged by.
void print_test_answer(const Json& answer, bool from_daemon, Language language);

// What is known of the value whatever the signatures say: it is never blocked, or must not be listed. "" = nothing.
std::string known_anyway(const Json& answer, Language language);

}  // namespace telefence
