// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "config/assemble.h"
#include "config/check.h"
#include "decide/protected_names.h"
#include "enforce/action.h"
#include "protocols/protocol.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxPageUrl = 1000;     // the redirect must fit into one packet
constexpr std::uintmax_t kMaxPage = 1200;     // so must the page and its header

std::string possible_actions(const Protocol& protocol) {
  std::string names;
  for (const Action* action : registered_actions())
    if (action->impossible(protocol).empty()) names += (names.empty() ? "" : ", ") + std::string(action->name);
  return names;
}

void check_protocol(const Checked& checked, const Protocol& protocol, const ProtocolConfig& own) {
  const std::string path = "protocols." + std::string(protocol.name);
  const Action* action = own.action.empty() ? nullptr : action_named(own.action);
  if (action != nullptr && !action->impossible(protocol).empty())
    checked.mistake(path + ".action", std::string(protocol.name) + " can't do " + own.action + ": " +
                                          std::string(action->impossible(protocol)) +
                                          "; possible: " + possible_actions(protocol));
  const std::string_view missing = missing_for(protocol, own.answer, checked.config.answers);
  if (!missing.empty())
    checked.mistake(path + ".answer", own.answer + " needs policy.answers." + std::string(missing) + ", which is not set");
}

// Two protocols on one port: only one of them would be tried there.
void check_ports_of(const Checked& checked, std::string_view key, const char* transport,
                    std::span<const std::uint16_t> (*ports_of)(const Protocol&, const Config&)) {
  std::map<std::uint16_t, std::string_view> owners;
  for (const Protocol* protocol : registered_protocols()) {
    const std::string name(protocol->name);
    const auto own = checked.config.protocols.find(name);
    if (own != checked.config.protocols.end() && !own->second.on) continue;
    for (const std::uint16_t port : ports_of(*protocol, checked.config)) {
      const auto [owner, is_new] = owners.emplace(port, protocol->name);
      if (is_new || owner->second == protocol->name) continue;
      const std::string path = "protocols." + name + "." + std::string(key);
      const bool is_configured = checked.root.find_path(path) != nullptr;
      const std::string_view other = is_configured ? owner->second : protocol->name;
      checked.mistake(is_configured ? path : "protocols." + std::string(owner->second) + "." + std::string(key),
                      std::string(transport) + " port " + std::to_string(port) + " belongs to " + std::string(other) +
                          " already; take it out of one of them");
    }
  }
}

void check_protocols(const Checked& checked) {
  bool is_any_on = false;
  for (const Protocol* protocol : registered_protocols()) {
    const auto own = checked.config.protocols.find(std::string(protocol->name));
    is_any_on = is_any_on || own == checked.config.protocols.end() || own->second.on;
    if (own != checked.config.protocols.end()) check_protocol(checked, *protocol, own->second);
  }
  if (!is_any_on) checked.warn("protocols", "all protocols are off: nothing is inspected");
  check_ports_of(checked, "tcp_ports", "TCP", tcp_ports_of);
  check_ports_of(checked, "udp_ports", "UDP", udp_ports_of);
}

void check_list(const Checked& checked, const YamlNode& item, const ListOptions& list) {
  const YamlNode* file = item.find("file");
  if (file != nullptr && !list.file.empty()) {
    const std::string why = why_unreadable(list.file);
    if (!why.empty()) Checked::add(checked.mistakes, *file, why);
  }
  if (const YamlNode* action = item.find("action"); action != nullptr && !list.action.empty()) {
    const std::string why = why_refused(action_id(list.action), list.kind);
    if (!why.empty())
      Checked::add(checked.mistakes, *action, "nothing that this list can match can do " + list.action + " (" + why + ")");
    if (list.allow) Checked::add(checked.warnings, *action, "an allow list lets through: the action means nothing");
  }
  const YamlNode* exact = item.find("exact");
  if (exact != nullptr && list.kind != SignatureKind::kDomain)
    Checked::add(checked.warnings, *exact, "only domains have something below them: the key means nothing here");
  const YamlNode* side = item.find("side");
  if (side != nullptr && list.kind != SignatureKind::kNumber)
    Checked::add(checked.warnings, *side, "only numbers are of somebody who calls or is called: the key means nothing here");
}

void check_address(const Checked& checked, std::string_view path, int family, const std::string& address) {
  unsigned char octets[16];
  if (address.empty() || inet_pton(family, address.c_str(), octets) == 1) return;
  checked.mistake(path, "\"" + address + "\" is no " + (family == AF_INET ? "IPv4 address, as 192.0.2.1"
                                                                            : "IPv6 address, as 2001:db8::1"));
}

void check_page(const Checked& checked, const AnswerConfig& answers) {
  const std::string& url = answers.page_url;
  const bool is_web = url.starts_with("http://") || url.starts_with("https://");
  const bool is_printable = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!url.empty() && (!is_web || !is_printable || url.size() > kMaxPageUrl))
    checked.mistake("policy.answers.page_url",
                    "expected http:// or https:// and at most 1000 printable ASCII characters, found \"" + url + "\"");
  if (answers.page_file.empty()) return;
  const std::string why = why_unreadable(answers.page_file);
  std::error_code failure;
  if (!why.empty())
    checked.mistake("policy.answers.page_file", why);
  else if (std::filesystem::file_size(answers.page_file, failure) > kMaxPage)
    checked.warn("policy.answers.page_file", "a page of more than " + std::to_string(kMaxPage) +
                                                 " bytes may not fit into one packet; then the built-in page is sent");
}

void check_home_country(const Checked& checked) {
  const std::string& code = checked.config.normalise.home_country;
  const bool is_digits = code.find_first_not_of("0123456789") == std::string::npos;
  if (!is_digits || code.size() > 3 || code.starts_with('0'))  // E.164, 6.2.1
    checked.mistake("policy.home_country", "expected a country code of 1 to 3 digits, as \"86\", found \"" + code + "\"");
}

}  // namespace

void check_policy(const Checked& checked) {
  check_protocols(checked);
  const YamlNode* lists = checked.root.find_path("policy.lists");
  for (std::size_t i = 0; lists != nullptr && i < lists->items.size(); ++i)
    check_list(checked, lists->items[i], checked.config.signatures.lists[i]);
  const AnswerConfig& answers = checked.config.answers;
  check_address(checked, "policy.answers.sinkhole_ipv4", AF_INET, answers.sinkhole_ipv4);
  check_address(checked, "policy.answers.sinkhole_ipv6", AF_INET6, answers.sinkhole_ipv6);
  check_page(checked, answers);
  check_home_country(checked);
  if (const auto names = ProtectedNames::read(checked.config.protected_files); !names)
    checked.mistake("policy.protected", names.error().message);
}

}  // namespace telefence
