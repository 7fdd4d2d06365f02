// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "web/front_page.h"
#include "web/listen_address.h"
#include "web/server.h"

namespace telefence {
namespace {

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  close(socket);
  return -1;
}

// The whole answer to one request, headers and all.
std::string ask(int port, const std::string& path, const std::string& more_headers = "", const char* method = "GET") {
  const int socket = connect_to(port);
  if (socket < 0) return "not connected";
  const std::string request =
      std::string(method) + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more_headers + "\r\n";
  EXPECT_EQ(send(socket, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char bytes[4096];
  for (ssize_t got = 0; (got = recv(socket, bytes, sizeof bytes, 0)) > 0;)
    answer.append(bytes, static_cast<std::size_t>(got));
  close(socket);
  return answer;
}

struct Running {
  bool is_ready = true;
  WebServer server;
  Running()
      : server("127.0.0.1:0", {.metrics = [] { return std::string("telefence_mode 1\n"); },
                               .ready =
                                   [this](std::string& json) {
                                     json = is_ready ? R"({"ready":true})" : R"({"ready":false,"why":"no signatures"})";
                                     return is_ready;
                                   },
                               .health = [] { return std::string(R"({"alive":true})"); }}) {
    const Result<void> started = server.start();
    EXPECT_TRUE(started.ok()) << started.error().message;
  }
};

TEST(WebServer, MetricsAreServedAsPrometheusText) {
  Running running;
  const std::string answer = ask(running.server.port(), "/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\ntelefence_mode 1\n")) << answer;
}

TEST(WebServer, ReadinessIs503WithTheReasonUntilReady) {
  Running running;
  EXPECT_TRUE(ask(running.server.port(), "/readyz").starts_with("HTTP/1.1 200 "));
  running.is_ready = false;
  const std::string answer = ask(running.server.port(), "/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("no signatures"), std::string::npos) << answer;
}

TEST(WebServer, HealthIsJson) {
  Running running;
  const std::string answer = ask(running.server.port(), "/healthz");
  EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with(R"({"alive":true})")) << answer;
}

TEST(WebServer, FrontPageFollowsTheLanguageOfTheBrowser) {
  Running running;
  const std::string english = ask(running.server.port(), "/", "Accept-Language: en-GB,en;q=0.9,zh;q=0.5\r\n");
  EXPECT_NE(english.find("blocks fraud"), std::string::npos) << english;
  EXPECT_NE(english.find("href=\"/metrics\""), std::string::npos) << english;
  const std::string chinese = ask(running.server.port(), "/", "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n");
  EXPECT_NE(chinese.find("反诈"), std::string::npos) << chinese;
  EXPECT_NE(chinese.find("href=\"/readyz\""), std::string::npos) << chinese;
}

TEST(WebServer, AnUnknownPathSaysWhichThereAre) {
  Running running;
  const std::string answer = ask(running.server.port(), "/admin");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
  EXPECT_NE(answer.find("/healthz"), std::string::npos) << answer;
}

TEST(WebServer, NothingCanBePosted) {
  Running running;
  EXPECT_TRUE(ask(running.server.port(), "/metrics", "Content-Length: 0\r\n", "POST").starts_with("HTTP/1.1 404 "));
}

TEST(WebServer, ABusyPortIsAnErrorThatNamesIt) {
  Running first;
  const std::string listen = "127.0.0.1:" + std::to_string(first.server.port());
  WebServer second(listen, {});
  const Result<void> started = second.start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::kEnvironment);
  EXPECT_EQ(started.error().message, "cannot listen on " + listen +
                                         ": another program listens there; stop it, or give another port in listen.web");
}

TEST(WebServer, AnAddressThisMachineHasNotIsAnError) {
  WebServer server("192.0.2.1:9469", {});
  const Result<void> started = server.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("does not have that address"), std::string::npos) << started.error().message;
}

TEST(WebServer, AfterStopThePortIsFreeAgain) {
  auto first = std::make_unique<Running>();
  const int port = first->server.port();
  ask(port, "/healthz");
  first->server.stop();
  EXPECT_EQ(connect_to(port), -1);
  WebServer second("127.0.0.1:" + std::to_string(port), {});
  EXPECT_TRUE(second.start().ok());
}

TEST(ListenAddress, HostAndPortOfBothFamilies) {
  const auto four = listen_address_from("127.0.0.1:9469");
  ASSERT_TRUE(four.ok());
  EXPECT_EQ(four.value().host, "127.0.0.1");
  EXPECT_EQ(four.value().port, 9469);
  EXPECT_TRUE(four.value().loopback);
  const auto six = listen_address_from("[::1]:80");
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(six.value().host, "::1");
  EXPECT_TRUE(six.value().loopback);
  EXPECT_TRUE(listen_address_from("localhost:1").value().loopback);
  EXPECT_FALSE(listen_address_from("0.0.0.0:9469").value().loopback);
}

TEST(ListenAddress, AnythingElseSaysWhatWouldBeRight) {
  for (const char* text : {"", "9469", ":9469", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "::1:9469", "[::1]", "[127.0.0.1]:1", "example.org:80", "127.0.0.1:80x"}) {
    const auto address = listen_address_from(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_NE(address.error().message.find("give ADDRESS:PORT, for example 127.0.0.1:9469"), std::string::npos);
  }
}

}  // namespace
}  // namespace telefence
