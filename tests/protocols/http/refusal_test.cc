// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "protocols/protocol.h"
#include "support/every_cut.h"
#include "support/promises.h"

namespace telefence::http {
extern const Protocol kProtocol;
namespace {

constexpr std::uint8_t kRedirect = 0;
constexpr std::uint8_t kPage = 1;

RefusalTerms terms_for(std::uint8_t answer) {
  RefusalTerms terms = testing::sample_terms();
  terms.answer = answer;
  return terms;
}

// "" when nothing was said.
std::string refusal_of(std::string_view request, const RefusalTerms& terms, std::size_t room = 1400) {
  const auto bytes = testing::bytes_of(request);
  const Payload payload{bytes, Transport::kTcp, 40000, 80};
  EventList events;
  events.begin_frame(0, 0);
  kProtocol.extract(payload, events);
  EXPECT_EQ(events.events().size(), 1u);
  std::vector<std::uint8_t> out(room);
  Writer writer(out);
  const bool said = kProtocol.refuse(events.events().front(), payload, terms, writer).is_written;
  return said ? std::string(as_text(writer.written())) : std::string();
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";

std::string_view body_of(std::string_view response) { return response.substr(response.find("\r\n\r\n") + 4); }

std::size_t announced_length(std::string_view response) {
  constexpr std::string_view kName = "Content-Length: ";
  return std::stoul(std::string(response.substr(response.find(kName) + kName.size(), 6)));
}

TEST(HttpRefusal, RedirectLeadsToTheWarningPageAndIsNotKept) {
  EXPECT_EQ(refusal_of(kGet, terms_for(kRedirect)),
            "HTTP/1.1 302 Found\r\nLocation: http://warning.example/blocked\r\nCache-Control: no-store\r\n"
            "Connection: close\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpRefusal, RedirectWithoutAUsableAddressIsThePage) {
  RefusalTerms terms = terms_for(kRedirect);
  terms.page = "";
  EXPECT_TRUE(refusal_of(kGet, terms).starts_with("HTTP/1.1 451 "));
  terms.page = "http://a\r\nSet-Cookie: x";
  EXPECT_TRUE(refusal_of(kGet, terms).starts_with("HTTP/1.1 451 "));
}

TEST(HttpRefusal, BuiltInPageIsInTwoLanguagesAndAsLongAsAnnounced) {
  const std::string response = refusal_of(kGet, terms_for(kPage));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 451 Unavailable For Legal Reasons\r\n"));
  EXPECT_NE(response.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_NE(response.find("charset=utf-8\r\n"), std::string::npos);
  EXPECT_NE(response.find("电信网络诈骗"), std::string::npos);
  EXPECT_NE(response.find("telecom fraud"), std::string::npos);
  EXPECT_EQ(announced_length(response), body_of(response).size());
}

TEST(HttpRefusal, ConfiguredPageIsSent) {
  RefusalTerms terms = terms_for(kPage);
  terms.body = "<p>no</p>";
  const std::string response = refusal_of(kGet, terms);
  EXPECT_EQ(body_of(response), "<p>no</p>");
  EXPECT_EQ(announced_length(response), 9u);
}

TEST(HttpRefusal, ConfiguredPageThatDoesNotFitGivesWayToTheBuiltInOne) {
  const std::string large(1300, 'x');
  RefusalTerms terms = terms_for(kPage);
  terms.body = large;
  EXPECT_NE(refusal_of(kGet, terms).find("96110"), std::string::npos);
  EXPECT_EQ(refusal_of(kGet, terms, 300), "");
}

TEST(HttpRefusal, HeadGetsNoBody) {
  const std::string response = refusal_of("HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n", terms_for(kPage));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 451 "));
  EXPECT_EQ(body_of(response), "");
  EXPECT_GT(announced_length(response), 0u);
}

}  // namespace
}  // namespace telefence::http
