// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a URL in a list means, for the formats that have some.

#include <string>
#include <string_view>

#include "lists/text.h"
#include "signatures/signature.h"

namespace telefence {

// Without the signs that keep people from clicking: hxxp://bad[.]example(.)com.
inline std::string without_defanging(std::string_view text) {
  std::string out(text);
  for (const std::string_view sign : {"[.]", "(.)", "[dot]", "[:]"})
    for (std::size_t at = out.find(sign); at != std::string::npos; at = out.find(sign, at)) out.replace(at, sign.size(), sign == "[:]" ? ":" : ".");
  return out;
}

// A path alone, as sensors write it that see no host.
inline constexpr std::string_view kNoHost = "there is no host name, and a path alone may be on any site: write the host before it";
inline bool lacks_host(std::string_view text) {
  text = trimmed(text);
  const std::size_t scheme = text.find("://");
  text.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
  return text.starts_with('/') || text.starts_with('?') || text.starts_with('#') || text.starts_with('\\');
}

// With a path: the page and what is below it. Without: its host.
inline void set_url(std::string_view text, Signature& signature) {
  const std::string url = without_defanging(text);
  const std::size_t scheme = url.find("://");
  const std::string_view rest = std::string_view(url).substr(scheme == std::string::npos ? 0 : scheme + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#\\"), rest.size());
  const std::string_view path = rest.substr(end);
  if (path.empty() || path == "/") {
    std::string_view host = rest.substr(0, end);
    host.remove_prefix(host.rfind('@') + 1);  // a name and a password may stand before it (RFC 3986, 3.2.1), or whom it passes itself off as
    if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.starts_with('[')) host = host.substr(0, colon);
    signature.kind = SignatureKind::kDomain;
    signature.subdomains = false;
    signature.value = host;
    return;
  }
  signature.kind = SignatureKind::kUrl;
  signature.literal = true;
  signature.prefix = true;
  signature.value = url;
}

}  // namespace telefence
