// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error replies of Redis that a person has to act on, told apart by their first words.

#include <cstdint>
#include <string>
#include <string_view>

namespace telefence {

enum class Refusal : std::uint8_t {
  kNone,        // any other error
  kNoLogin,     // a password is wanted and none was given
  kWrongLogin,  // user or password are wrong, or the user is disabled
  kNoRight,     // the user may not do this
  kReadOnly,    // a replica: writes go to the primary
  kLoading,     // it reads its data from the disk
  kMasterDown,  // a replica without its primary that serves nothing stale
  kRoleChanged, // it became a replica or a primary while we waited
};

// `error`: the text of an error reply, or a message that ends with it.
Refusal refusal_in(std::string_view error);
// What to do about one of a login, to be put behind it; "" = it is none. `keys`: where the configuration has user and password
// ("redis").
std::string what_to_do_about_login(Refusal refusal, std::string_view keys);

}  // namespace telefence
