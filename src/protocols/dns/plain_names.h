// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names that DNS queries ask for (RFC 1035, 3.1 and 4.1), of nearly all of them, a burst's at a time. Worker thread; no allocation.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "event/plain_name.h"

namespace telefence::dns {

// Protocol::plain_names: of standard queries with one question and no more records than extract() takes without doubt. Their names have at most
// 62 octets, none of which is below '-' or above 0x7f, nor a dot or backslash; no label has 45 or more than 46 octets.
std::size_t plain_names(std::span<const Bytes> messages, PlainName* names, std::uint16_t* indexes);

// There are several ways to read them, of which the processor's best one is taken; all say the same. Tests take each in turn: 0 is the plainest.
int plain_name_ways();
void force_plain_name_way(int way);

}  // namespace telefence::dns
