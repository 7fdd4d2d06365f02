// SPDX-License-Identifier: Apache-2.0
#include "protocols/protocol.h"

namespace telefence::smpp {
namespace {
Step extract(const Payload&, EventList&) { return {}; }
}  // namespace
extern constinit const Protocol kProtocol{.name = "smpp", .channel = "x", .extract = extract, .default_action = "drop"};
}  // namespace telefence::smpp
