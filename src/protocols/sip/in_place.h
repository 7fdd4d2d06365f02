// SPDX-License-Identifier: Apache-2.0
#pragma once

// Refusing a request on a TCP connection, where nothing may be added or taken away: the request gets a method that nobody has
// (XNVITE, XESSAGE, in the case that it came in), which every receiver must refuse (405 or 501; RFC 3261, 8.2.1), and that refusal is made to say the
// configured code and the method that the sender asked with, since it matches responses by CSeq (17.1.3). Where the method has left already, it is CSeq alone that names
// another one, which is refused (400) as what no request may be (8.1.1.5); where that has left, too, what follows is made into lines
// that are no header fields.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "event/event.h"
#include "protocols/protocol.h"
#include "protocols/sip/message.h"

namespace telefence::sip {

// The method that CSeq names (RFC 3261, 20.16), as far as it is there; "" when none is.
std::string_view method_in(std::string_view cseq);

// True for what neutralise() makes of these methods.
bool was_invite(std::string_view method);
bool was_message(std::string_view method);

// See Protocol::neutralise. False when all has left that could be changed.
bool neutralise(const Event& event, MutableBytes bytes, const Voiding& voiding);

// True for a final response to a request that was refused in that way.
bool answers_refused(const Message& message, Bytes bytes);

// See Protocol::restate. The status line keeps its length: the reason phrase is cut, or blanks follow it.
bool restate(std::uint32_t refusal_code, MutableBytes bytes);

// Pairs a request with its responses: Call-ID and the number of CSeq.
std::uint32_t transaction_number(const Message& message);

}  // namespace telefence::sip
