// SPDX-License-Identifier: Apache-2.0
#pragma once

// The keys that a push is signed with, and where it is audited.

#include <string>
#include <vector>

#include "app/language.h"
#include "app/tool_verbs.h"
#include "base/result.h"
#include "signatures/key_file.h"

namespace telefence {

// The keys of one push, which outlive it.
struct PushKeys {
  std::vector<SigningKey> keys;

  std::vector<const SigningKey*> all() const {
    std::vector<const SigningKey*> out;
    for (const SigningKey& key : keys) out.push_back(&key);
    return out;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const SigningKey& key : keys) out.push_back(key.id());
    return out;
  }
};

// The secret key that this option names. kUsage: it is the public half of a pair.
Result<SigningKey> read_secret_key(const std::string& file, const std::string& option);

Result<PushKeys> read_keys(const PushArguments& arguments);

// Says on standard error that what `command` has published is unsigned, when it is.
void warn_unsigned(const char* command, const PushKeys& keys, Language language);

// That edges may refuse what was published, and where it is seen whether they have it: for people, on standard error.
void hint_at_status(const PushArguments& arguments, Language language);

// "": nothing is audited.
std::string audit_file(const PushArguments& arguments);

}  // namespace telefence
