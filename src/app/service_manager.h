// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells systemd how the daemon stands (sd_notify(3)), without its library: one datagram to the socket that NOTIFY_SOCKET names.
// Does nothing when nobody asked.

#include <string_view>

namespace telefence {

// "READY=1", "STOPPING=1", "STATUS=..." lines.
void tell_service_manager(std::string_view state);

}  // namespace telefence
