// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answer that stands in for a blocked query: NXDOMAIN, REFUSED or a sinkhole address, with an extended error (RFC
// 8914) where the client speaks EDNS. The question section is echoed octet by octet, so that a client that mixes case
// (0x20) takes it as its own.

#include <array>
#include <string_view>

#include "base/bytes.h"
#include "base/writer.h"
#include "protocols/protocol.h"

namespace telefence::dns {

inline constexpr std::array<std::string_view, 3> kAnswers{"nxdomain", "refused", "sinkhole"};

// Protocol::refuse.
WrittenRefusal refuse(const Event& event, const Payload& payload, const RefusalTerms& terms, Writer& out);

}  // namespace telefence::dns
