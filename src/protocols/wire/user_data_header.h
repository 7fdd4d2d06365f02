// SPDX-License-Identifier: Apache-2.0
#pragma once

// The header that may stand before the text of a short message (3GPP TS 23.040, 9.2.3.24), as every short-message
// protocol carries it: one octet with the length of what follows, then information elements of identifier, length and
// data.

#include <cstddef>

#include "base/bytes.h"
#include "event/event.h"

namespace telefence::wire {

struct UserDataHeader {
  std::size_t length = 0;  // octets to cut off, the length octet included
  SmsPart part;            // total 0 when no concatenation element was found
};

// False when the header is longer than the user data. An element that overruns the header ends the search for parts but
// not the reading: phones show the text all the same.
bool read_user_data_header(Bytes user_data, UserDataHeader& header);

}  // namespace telefence::wire
