// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether octets are an SMPP request beyond doubt. Other protocols between message centres (CMPP, SGIP, SMGP) also begin with a
// length and a small command, so a header alone proves little: the body must be what the standards say of this command. Stricter
// than the reading of messages, which forgives what receivers forgive. Pure functions.

#include <cstdint>

#include "base/bytes.h"
#include "protocols/smpp/pdu.h"

namespace telefence::smpp {

enum class Shape : std::uint8_t {
  kFits,     // exactly
  kGoesOn,   // as far as it is there
  kOther,    // not this command's, or of a command that is not known well enough
};

// The body of the request that begins `bytes`, of which the end may be missing. Requires: read_header() found `header` whole.
Shape shape_of_request(Bytes bytes, const Header& header);

// True when the payload begins with a whole request of those that sessions consist of, and holds nothing but PDUs that exist; the last one may be cut.
bool is_surely_smpp(Bytes bytes);

}  // namespace telefence::smpp
