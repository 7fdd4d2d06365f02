// SPDX-License-Identifier: Apache-2.0
#pragma once

// Builds DNS messages for tests, octet by octet.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace telefence::dns {

class Message {
 public:
  Message& u8(unsigned value) {
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Message& u16(unsigned value) { return u8(value >> 8).u8(value & 0xff); }
  Message& u32(unsigned value) { return u16(value >> 16).u16(value & 0xffff); }
  Message& header(unsigned id, unsigned flags, unsigned questions, unsigned answers = 0, unsigned authorities = 0,
                  unsigned additionals = 0) {
    return u16(id).u16(flags).u16(questions).u16(answers).u16(authorities).u16(additionals);
  }
  Message& label(std::string_view octets) {
    u8(static_cast<unsigned>(octets.size()));
    bytes_.insert(bytes_.end(), octets.begin(), octets.end());
    return *this;
  }
  Message& name(std::initializer_list<std::string_view> labels) {
    for (std::string_view octets : labels) label(octets);
    return u8(0);
  }
  Message& question(std::initializer_list<std::string_view> labels, unsigned type = 1, unsigned klass = 1) {
    return name(labels).u16(type).u16(klass);
  }
  Message& opt(unsigned udp_size, unsigned flags = 0) { return u8(0).u16(41).u16(udp_size).u16(0).u16(flags).u16(0); }
  // The message after its length, as TCP carries it.
  std::vector<std::uint8_t> over_tcp() const {
    Message framed;
    framed.u16(static_cast<unsigned>(bytes_.size()));
    framed.bytes_.insert(framed.bytes_.end(), bytes_.begin(), bytes_.end());
    return framed.bytes_;
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

inline constexpr unsigned kRecursionDesired = 0x0100;

}  // namespace telefence::dns
