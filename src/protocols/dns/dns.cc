// SPDX-License-Identifier: Apache-2.0
#include "protocols/protocol.h"

namespace telefence::dns {
namespace {
Step extract(const Payload&, EventList&) { return {}; }
}  // namespace
extern constinit const Protocol kProtocol{.name = "dns", .channel = "x", .extract = extract, .default_action = "drop"};
}  // namespace telefence::dns
