// SPDX-License-Identifier: Apache-2.0
#pragma once

// The final response with which a request over UDP is refused, made without state (RFC 3261, 8.2.6 and 8.2.7): the same
// request always gets the same octets, and the ACK that follows is known by our tag.

#include <string_view>

#include "protocols/protocol.h"
#include "protocols/sip/message.h"

namespace telefence::sip {

// 603 is understood by all networks; 608 says that an intermediary rejects (RFC 8688), 607 that the called user does
// (RFC 8197). The codes of class 6 keep the caller's side from trying another route.
inline constexpr std::string_view kAnswers[] = {"603", "608", "607", "403"};
// What stands behind one of these codes; "" for others.
std::string_view reason_of(std::uint32_t code);

// It goes to the sent-by port of the topmost Via, unless that asks for the port the request came from (RFC 3261, 18.2.2; RFC 3581).
WrittenRefusal refuse(const Event& event, const Payload& payload, const RefusalTerms& terms, Writer& out);

bool acknowledges(const Payload& payload, const RefusalTerms& terms);

}  // namespace telefence::sip
