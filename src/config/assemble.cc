// SPDX-License-Identifier: Apache-2.0
#include "config/assemble.h"

#include <arpa/inet.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <set>

#include "config/warning_page.h"
#include "protocols/protocol.h"

namespace telefence {
namespace {

const ProtocolConfig* configured(const Protocol& protocol, const Config& config) {
  const auto found = config.protocols.find(std::string(protocol.name));
  return found == config.protocols.end() ? nullptr : &found->second;
}

std::string_view default_action(const Protocol& protocol, const Config& config) {
  const ProtocolConfig* own = configured(protocol, config);
  return own != nullptr && !own->action.empty() ? std::string_view(own->action) : protocol.default_action;
}

// RefusalTerms holds views that workers may read until their next quiescent state. What an operator sets over the life of a
// process is a handful of texts, so they are kept for good rather than tracked.
std::string_view kept(std::string text) {
  static std::mutex mutex;
  static std::set<std::string> texts;
  const std::lock_guard lock(mutex);
  return *texts.insert(std::move(text)).first;
}

Result<std::string> page_of(const Config& config) {
  const std::string& file = config.answers.page_file;
  if (file.empty()) return std::string(warning_page(config.language));
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorCode::kInvalid, "cannot read the warning page " + file + ": " + std::strerror(errno)};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

EnforceOptions::Codes codes_of(const Protocol& protocol, const Config& config) {
  EnforceOptions::Codes codes{protocol.code_content, protocol.code_calling, protocol.code_called};
  if (const ProtocolConfig* own = configured(protocol, config)) {
    codes.content = own->code_content.value_or(codes.content);
    codes.calling = own->code_calling.value_or(codes.calling);
    codes.called = own->code_called.value_or(codes.called);
  }
  return codes;
}

RefusalTerms common_terms(const AnswerConfig& answers, std::string page, std::uint64_t secret) {
  RefusalTerms terms;
  inet_pton(AF_INET, answers.sinkhole_ipv4.c_str(), terms.sinkhole_ipv4.data());
  inet_pton(AF_INET6, answers.sinkhole_ipv6.c_str(), terms.sinkhole_ipv6.data());
  terms.extended_error = answers.extended_error;
  terms.ttl_s = answers.ttl_s;
  terms.page = kept(answers.page_url);
  terms.body = kept(std::move(page));
  terms.secret = secret;
  return terms;
}

// Where a signature of this kind can hit. A domain or URL inside a short message counts as well, and SIP carries messages.
bool can_carry(const Protocol& protocol, SignatureKind kind) {
  const bool is_named = protocol.channel == "dns" || protocol.channel == "web";
  switch (kind) {
    case SignatureKind::kDomain:
      return is_named || protocol.channel == "sms";
    case SignatureKind::kUrl:
      return protocol.channel == "web" || protocol.channel == "sms";
    case SignatureKind::kNumber:
    case SignatureKind::kPattern:
      return !is_named;
  }
  return true;
}

}  // namespace

PolicyOptions policy_options(const Config& config) {
  PolicyOptions options;
  options.mode = config.mode;
  const auto protocols = registered_protocols();
  const auto actions = registered_actions();
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    options.protocol_action[p] = action_id(default_action(*protocols[p], config));
    for (std::size_t a = 0; a < actions.size(); ++a)
      options.possible[p][a] = actions[a]->impossible(*protocols[p]).empty();
  }
  for (const auto& [category, tiers] : config.categories) {
    for (std::size_t tier = 1; tier <= 3; ++tier)
      if (!tiers.tier[tier].empty())
        options.category_action[static_cast<std::size_t>(category)][tier] = action_id(tiers.tier[tier]);
  }
  return options;
}

Result<EnforceOptions> enforce_options(const Config& config, std::uint64_t secret) {
  Result<std::string> page = page_of(config);
  if (!page) return page.error();
  const RefusalTerms common = common_terms(config.answers, std::move(page.value()), secret);
  EnforceOptions options;
  options.dscp = config.tag_dscp;
  for (const Protocol* protocol : registered_protocols()) {
    options.terms.push_back(common);
    options.terms.back().answer = answer_index(*protocol, config);
    options.codes.push_back(codes_of(*protocol, config));
  }
  return options;
}

std::uint64_t answer_secret() {
  std::uint64_t secret = 0;
  if (getrandom(&secret, sizeof secret, 0) == sizeof secret) return secret;
  std::random_device device;  // a kernel before 3.17
  return std::uint64_t{device()} << 32 | device();
}

std::span<const std::uint16_t> tcp_ports_of(const Protocol& protocol, const Config& config) {
  const ProtocolConfig* own = configured(protocol, config);
  if (own != nullptr && own->tcp_ports) return *own->tcp_ports;
  return protocol.tcp_ports;
}

std::span<const std::uint16_t> udp_ports_of(const Protocol& protocol, const Config& config) {
  const ProtocolConfig* own = configured(protocol, config);
  if (own != nullptr && own->udp_ports) return *own->udp_ports;
  return protocol.udp_ports;
}

void set_up(const Config& config, Classifier& classifier) {
  const auto protocols = registered_protocols();
  // Those that are off first: where one shares a port with another that is on, the port is the other's.
  for (const bool on : {false, true}) {
    for (std::size_t i = 0; i < protocols.size(); ++i) {
      const auto index = static_cast<std::uint8_t>(i);
      const ProtocolConfig* own = configured(*protocols[i], config);
      if ((own == nullptr || own->on) != on) continue;
      classifier.set_ports(index, tcp_ports_of(*protocols[i], config), udp_ports_of(*protocols[i], config));
      if (!on) classifier.disable(index);
    }
  }
}

std::string why_refused(ActionId action, SignatureKind kind) {
  const auto actions = registered_actions();
  if (action >= actions.size()) return {};
  std::string why;
  for (const Protocol* protocol : registered_protocols()) {
    if (!can_carry(*protocol, kind)) continue;
    const std::string_view reason = actions[action]->impossible(*protocol);
    if (reason.empty()) return {};
    if (why.empty()) why = std::string(protocol->name) + ": " + std::string(reason);
  }
  return why;
}

CompileTerms compile_terms(const Config& config) {
  CompileTerms terms;
  terms.home_country = config.normalise.home_country;
  terms.action_id = action_id;
  terms.action_name = [](ActionId id) { return std::string(id < registered_actions().size() ? registered_actions()[id]->name : ""); };
  terms.action_refused = why_refused;
  // A file that can't be read was a mistake of the configuration already.
  if (Result<std::shared_ptr<const ProtectedNames>> names = ProtectedNames::read(config.protected_files); names.ok() && names.value()->size() != 0)
    terms.protected_names = std::move(names.value());
  return terms;
}

std::string_view missing_for(const Protocol& protocol, std::string_view answer, const AnswerConfig& answers) {
  if (protocol.channel == "dns" && answer == "sinkhole" && answers.sinkhole_ipv4.empty()) return "sinkhole_ipv4";
  if (protocol.channel == "web" && answer == "redirect" && answers.page_url.empty()) return "page_url";
  return {};
}

std::uint8_t answer_index(const Protocol& protocol, const Config& config) {
  const ProtocolConfig* own = configured(protocol, config);
  for (std::size_t i = 0; i < protocol.answers.size(); ++i) {
    const std::string_view answer = protocol.answers[i];
    const bool is_asked_for = own != nullptr && !own->answer.empty();
    if (is_asked_for ? own->answer == answer : missing_for(protocol, answer, config.answers).empty())
      return static_cast<std::uint8_t>(i);
  }
  return 0;
}

}  // namespace telefence
