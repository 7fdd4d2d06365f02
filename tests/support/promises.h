// SPDX-License-Identifier: Apache-2.0
#pragma once

// What protocols/protocol.h promises for any bytes whatever, checked on one payload. Every-cut tests and fuzzers share
// it. It calls every function of the protocol: recognise, extract, plain_names, acknowledges, and for what extract found refuse
// (each answer, several sizes of room), neutralise and restate. For tests only; one thread, no gtest.

#include <string>

#include "event/event_list.h"
#include "protocols/protocol.h"
#include "support/guarded_bytes.h"

namespace telefence::testing {

class Promises {
 public:
  explicit Promises(const Protocol& protocol) : protocol_(protocol) {}

  // "" when all promises are kept, else the broken one in words. The payload is copied to guarded memory first.
  std::string broken_by(const Payload& payload);

 private:
  std::string broken_by_plain_names(const Step& step, Bytes payload);
  std::string broken_by_step(const Step& step, std::size_t size) const;
  std::string broken_by_event(const Event& event, const Payload& payload);
  std::string broken_by_refusals(const Event& event, const Payload& payload);
  std::string broken_in_place(const Event& event, const Payload& payload, const RefusalTerms& terms, std::size_t room, const WrittenRefusal& written,
                              Bytes refusal);
  std::string broken_by_neutralise(const Event& event, const Payload& payload);
  std::string broken_by_response(const Response& response, const Payload& payload);

  const Protocol& protocol_;
  EventList events_;
  EventList reread_;
  GuardedBytes input_;
  GuardedBytes output_;
  GuardedBytes again_;
  GuardedBytes in_place_;
};

// Ports and terms as a test uses them when nothing else matters.
RefusalTerms sample_terms();

}  // namespace telefence::testing
