// SPDX-License-Identifier: Apache-2.0
#pragma once

// Refusing a request on a TCP connection, where nothing may be added or taken away: the request gets a method that nobody has
// (XNVITE, XESSAGE, in the case that it came in), which every receiver must refuse (405 or 501; RFC 3261, 8.2.1), and that refusal is made to say the
// configured code and the method that the sender asked with, since it matches responses by CSeq (17.1.3).

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "event/event.h"
#include "protocols/protocol.h"
#include "protocols/sip/message.h"

namespace telefence::sip {

// See Protocol::neutralise. False when the method has left already.
bool neutralise(const Event& event, MutableBytes bytes, const Voiding& voiding);

// True for a final response to a request that was refused in that way.
bool answers_refused(const Message& message, Bytes bytes);

// See Protocol::restate. The status line keeps its length: the reason phrase is cut, or blanks follow it.
bool restate(std::uint32_t refusal_code, MutableBytes bytes);

// Pairs a request with its responses: Call-ID and the number of CSeq.
std::uint32_t transaction_number(const Message& message);

}  // namespace telefence::sip
