// SPDX-License-Identifier: Apache-2.0
#include "config/assemble.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "config/loader.h"
#include "protocols/protocol.h"

namespace telefence {
namespace {

std::size_t index_of(std::string_view name) {
  const auto all = registered_protocols();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i]->name == name) return i;
  ADD_FAILURE() << name;
  return 0;
}

Config config_of(const std::string& yaml) {
  const Loaded loaded = load_config_text(yaml, "x.yaml");
  for (const Mistake& mistake : loaded.mistakes) ADD_FAILURE() << to_text(mistake);
  return loaded.config;
}

TEST(PolicyOptions, WithoutAFileProtocolsDoTheirOwnDefaultAction) {
  const PolicyOptions options = policy_options(default_config());
  EXPECT_EQ(options.mode, Mode::kMonitor);
  for (const Protocol* protocol : registered_protocols()) {
    const std::size_t i = index_of(protocol->name);
    EXPECT_EQ(options.protocol_action[i], action_id(protocol->default_action)) << protocol->name;
    EXPECT_TRUE(options.possible[i][options.protocol_action[i]]) << protocol->name;
  }
}

TEST(PolicyOptions, ConfiguredActionsAndCategoriesAreTakenOver) {
  const PolicyOptions options = policy_options(config_of(
      "mode: enforce\nprotocols: {dns: {action: drop}}\npolicy: {categories: {gambling: {tier3: tag}}}\n"));
  EXPECT_EQ(options.mode, Mode::kEnforce);
  EXPECT_EQ(options.protocol_action[index_of("dns")], action_id("drop"));
  const auto& gambling = options.category_action[static_cast<std::size_t>(Category::kGambling)];
  EXPECT_EQ(gambling[3], action_id("tag"));
  EXPECT_EQ(gambling[1], kNoAction);
  EXPECT_EQ(options.category_action[static_cast<std::size_t>(Category::kLoan)][3], kNoAction);
}

TEST(PolicyOptions, WhatAProtocolCannotDoIsNotPossible) {
  const PolicyOptions options = policy_options(default_config());
  EXPECT_FALSE(options.possible[index_of("smpp")][action_id("drop")]);
  EXPECT_TRUE(options.possible[index_of("smpp")][action_id("neutralise")]);
  EXPECT_FALSE(options.possible[index_of("dns")][action_id("neutralise")]);
}

TEST(EnforceOptions, TermsCarryWhatIsConfigured) {
  const Config config = config_of(
      "protocols:\n  dns: {answer: sinkhole}\n  smpp: {codes: {content: 500}}\n  sip: {answer: 608}\n"
      "policy:\n  tag_dscp: 8\n  answers: {sinkhole_ipv4: 192.0.2.7, sinkhole_ipv6: \"2001:db8::7\", extended_error: 17, "
      "ttl: 20s, page_url: \"http://w.example/\"}\n");
  const Result<EnforceOptions> made = enforce_options(config, 42);
  ASSERT_TRUE(made.ok());
  const EnforceOptions& options = made.value();
  ASSERT_EQ(options.terms.size(), registered_protocols().size());
  const RefusalTerms& dns = options.terms[index_of("dns")];
  EXPECT_EQ(protocol_named("dns")->answers[dns.answer], "sinkhole");
  EXPECT_EQ(dns.sinkhole_ipv4, (std::array<std::uint8_t, 4>{192, 0, 2, 7}));
  EXPECT_EQ(dns.sinkhole_ipv6[0], 0x20);
  EXPECT_EQ(dns.sinkhole_ipv6[15], 7);
  EXPECT_EQ(dns.extended_error, 17);
  EXPECT_EQ(dns.ttl_s, 20u);
  EXPECT_EQ(protocol_named("sip")->answers[options.terms[index_of("sip")].answer], "608");
  EXPECT_EQ(options.terms[index_of("sip")].secret, 42u);
  EXPECT_EQ(options.terms[index_of("http")].page, "http://w.example/");
  EXPECT_EQ(options.codes[index_of("smpp")].content, 500u);
  EXPECT_EQ(options.codes[index_of("smpp")].calling, protocol_named("smpp")->code_calling);
  EXPECT_EQ(options.dscp, 8);
}

TEST(EnforceOptions, ViewsOutliveTheConfiguration) {
  Result<EnforceOptions> made = [] {
    return enforce_options(config_of("policy: {answers: {page_url: \"http://a-rather-long-name.example/page\"}}\n"), 1);
  }();
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value().terms[index_of("http")].page, "http://a-rather-long-name.example/page");
}

TEST(EnforceOptions, TheDefaultAnswerIsTheFirstForWhichAllIsSet) {
  const Protocol& http = *protocol_named("http");
  EXPECT_EQ(http.answers[answer_index(http, default_config())], "page");
  EXPECT_EQ(http.answers[answer_index(http, config_of("policy: {answers: {page_url: \"http://w.example/\"}}\n"))], "redirect");
  const Protocol& dns = *protocol_named("dns");
  EXPECT_EQ(dns.answers[answer_index(dns, default_config())], "nxdomain");
}

TEST(EnforceOptions, ThePageFileIsSentAndMustBeReadable) {
  const std::string file = testing::TempDir() + "telefence_assemble_page.html";
  std::ofstream(file) << "<p>stop</p>";
  Config config = default_config();
  config.answers.page_file = file;
  const Result<EnforceOptions> made = enforce_options(config, 1);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value().terms[index_of("http")].body, "<p>stop</p>");
  std::remove(file.c_str());
  const Result<EnforceOptions> failed = enforce_options(config, 1);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "cannot read the warning page " + file + ": No such file or directory");
}

TEST(EnforceOptions, TheBuiltInPageSpeaksTheLanguageOfTheNode) {
  const auto page = [](const std::string& yaml) {
    return std::string(enforce_options(config_of(yaml), 1).value().terms[index_of("http")].body);
  };
  EXPECT_EQ(page("node: {language: auto}\n"), "") << "that of the protocol, in both";
  EXPECT_NE(page("node: {language: en}\n").find("was blocked"), std::string::npos);
  EXPECT_EQ(page("node: {language: en}\n").find("涉诈"), std::string::npos);
  EXPECT_NE(page("node: {language: zh-CN}\n").find("已为您拦截"), std::string::npos);
  EXPECT_EQ(page("node: {language: zh-CN}\n").find("blocked"), std::string::npos);
}

TEST(EnforceOptions, SecretsDiffer) { EXPECT_NE(answer_secret(), answer_secret()); }

TEST(ClassifierSetUp, PortsAreReplacedAndDisabledProtocolsToldApart) {
  Classifier classifier;
  set_up(config_of("protocols: {smpp: {tcp_ports: [9999]}, dns: {on: false}}\n"), classifier);
  const std::uint8_t nothing[4] = {};
  EXPECT_EQ(classifier.classify({nothing, Transport::kTcp, 40000, 9999}), index_of("smpp"));
  EXPECT_EQ(classifier.classify({nothing, Transport::kTcp, 40000, 2775}), kNoProtocol);
  EXPECT_EQ(classifier.classify({nothing, Transport::kUdp, 40000, 53}), index_of("dns"));
  EXPECT_FALSE(classifier.is_enabled(static_cast<std::uint8_t>(index_of("dns"))));
  EXPECT_TRUE(classifier.is_enabled(static_cast<std::uint8_t>(index_of("smpp"))));
}

TEST(ClassifierSetUp, APortSharedWithAProtocolThatIsOffBelongsToTheOtherOne) {
  for (const char* yaml : {"protocols: {dns: {on: false}, sip: {udp_ports: [53]}}\n", "protocols: {sip: {on: false, udp_ports: [53]}}\n"}) {
    Classifier classifier;
    set_up(config_of(yaml), classifier);
    const std::uint8_t nothing[4] = {};
    const std::uint8_t found = classifier.classify({nothing, Transport::kUdp, 40000, 53});
    EXPECT_TRUE(found != kNoProtocol && classifier.is_enabled(found)) << yaml;
  }
}

TEST(ClassifierSetUp, ProtocolsThatSwapPortsKeepThem) {
  Classifier classifier;
  set_up(config_of("protocols: {http: {tcp_ports: [443]}, tls: {tcp_ports: [80]}}\n"), classifier);
  const std::uint8_t nothing[4] = {};
  EXPECT_EQ(classifier.classify({nothing, Transport::kTcp, 40000, 443}), index_of("http"));
  EXPECT_EQ(classifier.classify({nothing, Transport::kTcp, 40000, 80}), index_of("tls"));
}

TEST(CompileTerms, ActionsAreResolvedAndRefusedByKind) {
  const CompileTerms terms = compile_terms(config_of("policy: {home_country: \"44\"}\n"));
  EXPECT_EQ(terms.home_country, "44");
  EXPECT_EQ(terms.action_id("tag"), action_id("tag"));
  EXPECT_EQ(terms.action_id("explode"), kNoAction);
  EXPECT_EQ(terms.action_refused(action_id("reset"), SignatureKind::kDomain), "");
  EXPECT_NE(terms.action_refused(action_id("reset"), SignatureKind::kNumber), "");
  EXPECT_EQ(terms.action_refused(action_id("neutralise"), SignatureKind::kPattern), "");
  for (const auto kind : {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber, SignatureKind::kPattern})
    EXPECT_EQ(terms.action_refused(action_id("tag"), kind), "");
}

}  // namespace
}  // namespace telefence
