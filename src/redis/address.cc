// SPDX-License-Identifier: Apache-2.0
#include "redis/address.h"

#include <sys/un.h>

#include <charconv>

namespace telefence {
namespace {

constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

Error wrong(std::string_view text, const std::string& why) {
  return Error{ErrorCode::kInvalid, "'" + std::string(text) + "' is no Redis server: " + why +
                                        "; write unix:/path/of/socket, host:port, [IPv6]:port or rediss://host:port"};
}

}  // namespace

Result<RedisAddress> parse_redis_address(std::string_view text) {
  constexpr std::string_view kTls = "rediss://";
  RedisAddress address;
  if (text.starts_with("unix:")) {
    address.path = text.substr(5);
    if (address.path.empty()) return wrong(text, "no path after unix:");
    if (address.path.size() > kMaxPath)
      return wrong(text,
                   "the path is longer than " + std::to_string(kMaxPath) + " bytes, more than a unix socket can have");
    return address;
  }
  address.tls = text.starts_with(kTls);
  const std::string_view place = address.tls ? text.substr(kTls.size()) : text;
  const std::size_t colon = place.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "no port");
  std::string_view host = place.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return wrong(text, "an IPv6 address must be in brackets");
  const std::string_view port = place.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
    return wrong(text, "the port is no number from 1 to 65535");
  if (host.empty()) return wrong(text, "no host");
  address.host = host;
  return address;
}

std::string to_text(const RedisAddress& address) {
  if (!address.path.empty()) return "unix:" + address.path;
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  const std::string scheme = address.tls ? "rediss://" : "";
  return scheme + (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace telefence
