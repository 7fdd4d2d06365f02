// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a checked Config to what the folders of the way take. Control thread, at start and at reload.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "decide/policy.h"
#include "enforce/action.h"
#include "protocols/classify.h"
#include "signatures/signature_store.h"

namespace telefence {

PolicyOptions policy_options(const Config& config);

// `secret` keys what our own refusals are known again by: make one at start (answer_secret) and keep it over reloads. Views in
// the terms are of texts that live as long as the process. Fails only when answers.page_file can't be read.
Result<EnforceOptions> enforce_options(const Config& config, std::uint64_t secret);
std::uint64_t answer_secret();

// Ports and disabled protocols.
void set_up(const Config& config, Classifier& classifier);

CompileTerms compile_terms(const Config& config);

// Why no protocol that carries this kind of signature can do the action; "" when one can.
std::string why_refused(ActionId action, SignatureKind kind);

// The answer a protocol gives: the configured one, else the first for which all it needs is configured.
std::uint8_t answer_index(const Protocol& protocol, const Config& config);
// The key that this answer needs and that is not set; "" when it needs nothing more.
std::string_view missing_for(const Protocol& protocol, std::string_view answer, const AnswerConfig& answers);

// The ports on which the protocol is expected: the configured ones, else its own.
std::span<const std::uint16_t> tcp_ports_of(const Protocol& protocol, const Config& config);
std::span<const std::uint16_t> udp_ports_of(const Protocol& protocol, const Config& config);

}  // namespace telefence
