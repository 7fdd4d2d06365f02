// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes SMPP PDUs for tests, field by field in the order of SMPP 3.4, section 4. Written against the standard, not
// against the reader, so that the two check each other.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/smpp/pdu.h"

namespace telefence::smpp {

using Octets = std::vector<std::uint8_t>;

struct TestMessage {
  std::uint32_t command = kSubmitSm;
  std::uint32_t sequence = 1;
  std::string source = "10690001";
  std::vector<std::string> destinations = {"8613800138000"};
  std::vector<std::string> lists;  // distribution lists, submit_multi only
  std::uint8_t esm_class = 0;
  std::uint8_t registered_delivery = 1;
  std::uint8_t data_coding = 0;
  std::string text = "hello";
  std::string optional_parameters;  // as made by optional_parameter()
};

inline void put(Octets& out, std::uint32_t value, int width) {
  for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

inline void put_text(Octets& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
  out.push_back(0);
}

inline std::string optional_parameter(std::uint16_t tag, std::string_view value) {
  Octets out;
  put(out, tag, 2);
  put(out, static_cast<std::uint32_t>(value.size()), 2);
  return std::string(out.begin(), out.end()) + std::string(value);
}

inline Octets pdu(std::uint32_t command, std::uint32_t status, std::uint32_t sequence, const Octets& body) {
  Octets out;
  put(out, static_cast<std::uint32_t>(16 + body.size()), 4);
  put(out, command, 4);
  put(out, status, 4);
  put(out, sequence, 4);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

inline void put_destinations(Octets& out, const TestMessage& message) {
  if (message.command != kSubmitMulti) {
    put(out, 0x0101, 2);
    put_text(out, message.destinations.at(0));
    return;
  }
  put(out, static_cast<std::uint32_t>(message.destinations.size() + message.lists.size()), 1);
  for (const std::string& destination : message.destinations) {
    put(out, 0x010101, 3);
    put_text(out, destination);
  }
  for (const std::string& list : message.lists) {
    put(out, 2, 1);
    put_text(out, list);
  }
}

inline Octets pdu(const TestMessage& message) {
  Octets body;
  put_text(body, "");  // service_type
  put(body, 0x0501, 2);
  put_text(body, message.source);
  put_destinations(body, message);
  put(body, message.esm_class, 1);
  if (message.command == kDataSm) {
    put(body, message.registered_delivery, 1);
    put(body, message.data_coding, 1);
  } else {
    put(body, 0, 2);     // protocol_id, priority_flag
    put_text(body, "");  // schedule_delivery_time
    put_text(body, "");  // validity_period
    put(body, message.registered_delivery, 1);
    put(body, 0, 1);  // replace_if_present_flag
    put(body, message.data_coding, 1);
    put(body, 0, 1);  // sm_default_msg_id
    put(body, static_cast<std::uint32_t>(message.text.size()), 1);
    body.insert(body.end(), message.text.begin(), message.text.end());
  }
  body.insert(body.end(), message.optional_parameters.begin(), message.optional_parameters.end());
  return pdu(message.command, 0, message.sequence, body);
}

// replace_sm (SMPP 3.4, 4.10.1).
inline Octets replacement(std::string_view text, std::string_view optional_parameters = "") {
  Octets body;
  put_text(body, "0a1b2c");  // message_id
  put(body, 0x0501, 2);
  put_text(body, "10690001");
  put_text(body, "");  // schedule_delivery_time
  put_text(body, "");  // validity_period
  put(body, 1, 1);     // registered_delivery
  put(body, 0, 1);     // sm_default_msg_id
  put(body, static_cast<std::uint32_t>(text.size()), 1);
  body.insert(body.end(), text.begin(), text.end());
  body.insert(body.end(), optional_parameters.begin(), optional_parameters.end());
  return pdu(kReplaceSm, 0, 9, body);
}

inline Octets joined(const std::vector<Octets>& parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace telefence::smpp
