// SPDX-License-Identifier: Apache-2.0
#include "web/listen_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace telefence {
namespace {

Error refused(std::string_view text, const std::string& why) {
  return {ErrorCode::kInvalid,
          "\"" + std::string(text) + "\" " + why + "; give ADDRESS:PORT, for example 127.0.0.1:9469 or [::1]:9469"};
}

bool parse_port(std::string_view digits, int& port) {
  if (digits.empty() || digits.size() > 5) return false;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return failure == std::errc() && end == digits.data() + digits.size() && port >= 0 && port <= 65535;
}

bool check_host(ListenAddress& address, bool in_brackets) {
  unsigned char octets[16];
  if (in_brackets) {
    if (inet_pton(AF_INET6, address.host.c_str(), octets) != 1) return false;
    address.loopback = address.host == "::1";
    return true;
  }
  if (address.host == "localhost") {
    address.loopback = true;
    return true;
  }
  if (inet_pton(AF_INET, address.host.c_str(), octets) != 1) return false;
  address.loopback = octets[0] == 127;  // RFC 1122, 3.2.1.3
  return true;
}

}  // namespace

Result<ListenAddress> listen_address_from(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused(text, "has no port");
  ListenAddress address;
  if (!parse_port(text.substr(colon + 1), address.port)) return refused(text, "has no port between 0 and 65535");
  std::string_view host = text.substr(0, colon);
  const bool in_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  address.host = host;
  if (!check_host(address, in_brackets)) return refused(text, "has no IPv4 address, [IPv6 address] or localhost");
  return address;
}

}  // namespace telefence
