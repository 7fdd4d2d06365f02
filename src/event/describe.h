// SPDX-License-Identifier: Apache-2.0
#pragma once

// One event as one line of JSON, for `telefenced inspect`. The keys are those of the independent oracle that the output is
// compared with, so a key is never renamed: frame kind protocol src sport dst dport, and where they apply name uri calling
// called text. Not for workers in the daemon: it allocates when the line grows.

#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"

namespace telefence {

// What the event itself does not know about where it was seen.
struct EventOrigin {
  std::uint64_t frame = 0;  // 1-based number of the frame that completed it
  std::string_view protocol;
  std::string_view source;  // addresses as text
  std::uint16_t source_port = 0;
  std::string_view destination;
  std::uint16_t destination_port = 0;
};

// dns tls quic http sip-call sip-message sms isup-call. A call's protocol tells SIP from ISUP.
std::string_view kind_name(const Event& event, std::string_view protocol);

// Appends the line without its newline. `text`: the decoded body of a short message as UTF-8 (decoding is normalise's, which
// event/ does not know). Names are in lower case without the final dot; numbers are as sent.
void append_description(const Event& event, const EventOrigin& origin, std::string_view text, std::string& out);

}  // namespace telefence
