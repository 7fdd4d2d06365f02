// SPDX-License-Identifier: Apache-2.0
#pragma once

// The addresses of From, To and P-Asserted-Identity (RFC 3261, 20.10 and 25.1) and who they mean: the user part of a
// sip: or sips: URI, the number of a tel: URI (RFC 3966). Views point into the text given.

#include <cstddef>
#include <string_view>

namespace telefence::sip {

struct Address {
  std::string_view uri;         // without angle brackets and display name
  std::string_view parameters;  // those of the header field, from the first ';' on
};

// Reads the first address of a list. Returns where the next one begins, text.size() when there is none.
std::size_t read_address(std::string_view text, Address& address);

// True when `uri` begins with sip: and a plain number, which then is its user, whatever stands behind it.
bool read_number(std::string_view uri, std::string_view& user);
// The same for the first address of a list.
bool read_first_number(std::string_view text, std::string_view& user);

// Without password and, for telephone numbers, without their parameters; escapes as they stand. "" when the URI has no
// user.
std::string_view user_of(std::string_view uri);

// The value of the header parameter `tag`; "" when there is none (RFC 3261, 19.3).
std::string_view tag_of(std::string_view parameters);

// What a Request-URI asks for by its name: urn:service:sos and what is below it (RFC 5031, 4.2), or such a user (sip:sos@...).
enum class EmergencyService : std::uint8_t { kNone, kAny, kPolice };
EmergencyService emergency_service(std::string_view uri);

// True when percent escapes stand in the text.
bool has_escapes(std::string_view text);
// Writes the text without its escapes to `out`, which has room for text.size(); returns the length.
std::size_t unescape(std::string_view text, char* out);

}  // namespace telefence::sip
