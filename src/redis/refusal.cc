// SPDX-License-Identifier: Apache-2.0
#include "redis/refusal.h"

namespace telefence {

Refusal refusal_in(std::string_view error) {
  const auto has = [error](std::string_view words) { return error.find(words) != std::string_view::npos; };
  if (has("NOAUTH ")) return Refusal::kNoLogin;
  if (has("WRONGPASS ") || has("ERR invalid password") || has("without any password configured")) return Refusal::kWrongLogin;
  if (has("NOPERM ")) return Refusal::kNoRight;
  if (has("READONLY ")) return Refusal::kReadOnly;
  if (has("LOADING ")) return Refusal::kLoading;
  if (has("MASTERDOWN ")) return Refusal::kMasterDown;
  if (has("UNBLOCKED ")) return Refusal::kRoleChanged;
  return Refusal::kNone;
}

std::string what_to_do_about_login(Refusal refusal, std::string_view keys) {
  const std::string at(keys);
  if (refusal == Refusal::kNoLogin) return "; set " + at + ".password_file, and " + at + ".user when it is not the default one";
  if (refusal == Refusal::kWrongLogin) return "; look at " + at + ".user and at the first line of " + at + ".password_file";
  return {};
}

}  // namespace telefence
