// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keeps IP fragments as they came on packet sockets: the kernel would put them together before we see them. Control thread.

#include <string>

namespace telefence {

// Whether the kernel puts IPv4 fragments together for a packet socket that this process has on the interface: then this program was
// linked so that it could not be helped.
bool joins_fragments(const std::string& interface);

}  // namespace telefence
