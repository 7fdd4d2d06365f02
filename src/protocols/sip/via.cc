// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/via.h"

#include "base/chunk.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {

// The port in "host:port" or "[2001:db8::1]:port"; 0 when there is none.
std::uint16_t port_of(std::string_view sent_by) {
  const std::size_t host_end = sent_by.starts_with('[') ? sent_by.find(']') : 0;
  if (host_end == std::string_view::npos) return 0;
  const std::size_t colon = sent_by.find(':', host_end);
  if (colon == std::string_view::npos) return 0;
  unsigned port = 0;
  for (const char digit : wire::without_blanks(sent_by.substr(colon + 1))) {
    if (digit < '0' || digit > '9' || port > 6553) return 0;
    port = port * 10 + static_cast<unsigned>(digit - '0');
  }
  return port > 0xffff ? std::uint16_t{0} : static_cast<std::uint16_t>(port);
}

// Not by a search for any of several characters, which calls memchr for each octet.
std::size_t behind_last_blank(std::string_view text) {
  std::size_t size = text.size();
  while (size != 0 && !wire::is_blank(text[size - 1])) --size;
  return size;
}

std::size_t find_in(std::string_view text, char octet, std::size_t start) {
  const std::size_t found = find_octet(text.substr(start), octet);
  return found == std::string_view::npos ? text.size() : start + found;
}

}  // namespace

Via read_via(std::string_view value) {
  Via via;
  value = value.substr(0, find_octet(value, ','));
  const std::size_t parameters = find_in(value, ';', 0);
  const std::string_view start = wire::without_blanks(value.substr(0, parameters));
  // sent-protocol and sent-by are apart by blanks, and blanks may stand inside sent-protocol.
  const std::size_t sent_by = behind_last_blank(start);
  if (sent_by != 0)
    if (const std::uint16_t port = port_of(start.substr(sent_by)); port != 0) via.sent_by_port = port;
  for (std::size_t at = parameters; at < value.size();) {
    const std::size_t end = find_in(value, ';', at + 1);
    const std::string_view parameter = value.substr(at + 1, end - at - 1);
    const std::size_t equals = find_octet(parameter, '=');
    if (wire::equals_ignoring_case(wire::without_blanks(parameter.substr(0, equals)), "rport")) {
      via.wants_source_port = true;
      const std::size_t name_end = parameter.find_last_not_of(" \t\r\n") + 1;
      if (equals == std::string_view::npos) via.rport_end = at + 1 + name_end;
    }
    at = end;
  }
  return via;
}

}  // namespace telefence::sip
