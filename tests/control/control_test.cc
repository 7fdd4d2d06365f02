// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "control/commands.h"
#include "control/peer.h"
#include "control/unix_socket.h"

namespace telefence {
namespace {

class Control : public testing::Test {
 protected:
  Control() {
    char name[] = "/tmp/telefence_control_XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/control.sock";
  }
  ~Control() override { std::filesystem::remove_all(directory_); }

  static std::string error_of(const std::string& reply) {
    return nlohmann::json::parse(reply).value("error", std::string());
  }

  std::string directory_;
  std::string path_;
};

TEST_F(Control, ARequestIsAnsweredByItsHandler) {
  ControlServer server(path_);
  server.on("test", [](std::string_view request) { return R"({"ok":true,"echo":)" + std::string(request) + "}"; });
  ASSERT_TRUE(server.start().ok());
  const auto reply = ask_daemon(path_, R"({"command":"test","value":"x.cn"})");
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(nlohmann::json::parse(reply.value())["echo"]["value"], "x.cn");
}

TEST_F(Control, SeveralRequestsOnOneConnectionAreAnsweredInOrder) {
  ControlServer server(path_);
  int count = 0;
  server.on("status", [&](std::string_view) { return std::to_string(++count); });
  ASSERT_TRUE(server.start().ok());
  auto connection = connect_unix(path_, 5);
  ASSERT_TRUE(connection.ok());
  const std::string requests = "{\"command\":\"status\"}\n{\"command\":\"status\"}\n";
  ASSERT_GT(send(connection.value().number(), requests.data(), requests.size(), MSG_NOSIGNAL), 0);
  shutdown(connection.value().number(), SHUT_WR);
  std::string replies;
  char bytes[64];
  for (ssize_t got = 0; (got = recv(connection.value().number(), bytes, sizeof bytes, 0)) > 0;)
    replies.append(bytes, static_cast<std::size_t>(got));
  EXPECT_EQ(replies, "1\n2\n");
}

TEST_F(Control, AnUnknownCommandNamesThoseThereAre) {
  ControlServer server(path_);
  server.on("status", [](std::string_view) { return "{}"; });
  ASSERT_TRUE(server.start().ok());
  const auto reply = ask_daemon(path_, R"({"command":"statsu"})");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(error_of(reply.value()), "there is no command \"statsu\"; there are events, status");
  EXPECT_EQ(nlohmann::json::parse(reply.value())["code"], 2);
}

TEST_F(Control, WhatIsNoJsonObjectWithACommandIsRefused) {
  ControlServer server(path_);
  ASSERT_TRUE(server.start().ok());
  for (const char* request : {"status", "[]", "{}", R"({"command":1})", "", "\xff\xfe"}) {
    const auto reply = ask_daemon(path_, request);
    ASSERT_TRUE(reply.ok()) << request;
    EXPECT_EQ(error_of(reply.value()), R"(a request is a line like {"command":"status"})") << request;
  }
}

TEST_F(Control, ARequestThatIsTooLongIsRefusedAndTheConnectionClosed) {
  ControlServer server(path_);
  ASSERT_TRUE(server.start().ok());
  const auto reply = ask_daemon(path_, std::string(Peer::kMaxRequest + 100, 'x'));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(error_of(reply.value()), "a request has at most 65536 bytes");
}

TEST_F(Control, EventsReachEveryFollower) {
  ControlServer server(path_);
  ASSERT_TRUE(server.start().ok());
  std::atomic<int> following{0};
  std::vector<std::thread> followers;
  for (int i = 0; i < 2; ++i) {
    followers.emplace_back([&] {
      const auto followed = follow_daemon(path_, [] {}, [&](std::string_view line) {
        EXPECT_EQ(line, R"({"event_type":"alert"})");
        ++following;
        return false;
      });
      EXPECT_TRUE(followed.ok());
    });
  }
  while (following < 2) {
    server.broadcast(R"({"event_type":"alert"})");
    std::this_thread::yield();
  }
  for (std::thread& follower : followers) follower.join();
}

TEST_F(Control, AFollowerIsToldThatTheDaemonHasGone) {
  auto server = std::make_unique<ControlServer>(path_);
  ASSERT_TRUE(server->start().ok());
  std::atomic<bool> has_line{false};
  std::thread follower([&] {
    const auto followed = follow_daemon(path_, [] {}, [&](std::string_view) { return has_line = true; });
    ASSERT_FALSE(followed.ok());
    EXPECT_EQ(followed.error().code, ErrorCode::kUnreachable);
    EXPECT_EQ(followed.error().message, "telefenced on " + path_ + " has gone");
  });
  while (!has_line) {
    server->broadcast("{}");
    std::this_thread::yield();
  }
  server.reset();
  follower.join();
}

TEST_F(Control, AReaderThatIsTooSlowLosesLinesAndIsTold) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  Peer peer{Descriptor(ends[0])};
  const Descriptor reader(ends[1]);
  const std::string line(1000, 'e');
  for (int i = 0; i < 1000; ++i) peer.send_event(line);
  const auto now = Peer::Clock::now();
  std::string got;
  char bytes[65536];
  while (peer.wants_to_write()) {
    peer.write_some(now);
    for (ssize_t size = 0; (size = recv(reader.number(), bytes, sizeof bytes, 0)) > 0;)
      got.append(bytes, static_cast<std::size_t>(size));
  }
  const auto kept = static_cast<std::uint64_t>(std::count(got.begin(), got.end(), '\n'));
  EXPECT_LT(kept, 1000u);
  EXPECT_LE(got.size(), Peer::kMaxWaiting + 1001);
  peer.send_event("{}");
  peer.write_some(now);
  const ssize_t size = recv(reader.number(), bytes, sizeof bytes, 0);
  EXPECT_EQ(std::string(bytes, static_cast<std::size_t>(size)),
            "{\"event_type\":\"lost\",\"count\":" + std::to_string(1000 - kept) + "}\n{}\n");
}

TEST_F(Control, EventsThatCameWhileTheThreadWasBusyAreCountedAndTold) {
  ControlServer server(path_);
  std::atomic<bool> is_busy{false}, may_end{false};
  server.on("slow", [&](std::string_view) {
    is_busy = true;
    while (!may_end) std::this_thread::yield();
    return R"({"ok":true})";
  });
  ASSERT_TRUE(server.start().ok());
  constexpr std::uint64_t kSent = 6000;  // more than are kept between two turns
  std::atomic<std::uint64_t> follows{0}, got{0}, lost{0};
  std::thread follower([&] {
    (void)follow_daemon(path_, [] {}, [&](std::string_view line) {
      const auto event = nlohmann::json::parse(line);
      if (event.contains("begin")) return ++follows != 0;
      if (event.contains("count")) lost += event["count"].get<std::uint64_t>();
      else ++got;
      return got + lost < kSent;
    });
  });
  while (follows == 0) {
    server.broadcast(R"({"begin":1})");
    std::this_thread::yield();
  }
  std::thread asker([&] { EXPECT_TRUE(ask_daemon(path_, R"({"command":"slow"})").ok()); });
  while (!is_busy) std::this_thread::yield();
  for (std::uint64_t i = 0; i < kSent; ++i) server.broadcast(R"({"n":1})");
  may_end = true;
  asker.join();
  follower.join();
  EXPECT_EQ(got + lost, kSent);
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(server.events_lost(), lost);
}

TEST_F(Control, AToolThatAsksAndDoesNotReadIsNotReadFromEither) {
  ControlServer server(path_);
  const std::string reply(64 * 1024, 'r');
  std::atomic<int> asked{0};
  server.on("status", [&](std::string_view) {
    ++asked;
    return reply;
  });
  ASSERT_TRUE(server.start().ok());
  auto connection = connect_unix(path_, 5);
  ASSERT_TRUE(connection.ok());
  constexpr int kRequests = 1000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += "{\"command\":\"status\"}\n";
  ASSERT_EQ(send(connection.value().number(), requests.data(), requests.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(requests.size()));
  shutdown(connection.value().number(), SHUT_WR);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // What the server keeps, what the kernel keeps, and one more.
  EXPECT_LE(asked, 12);
  std::size_t got = 0;
  std::string bytes(1 << 20, ' ');
  for (ssize_t size = 0; (size = recv(connection.value().number(), bytes.data(), bytes.size(), 0)) > 0;)
    got += static_cast<std::size_t>(size);
  EXPECT_EQ(got, kRequests * (reply.size() + 1)) << "all are answered to who reads";
}

TEST_F(Control, ManyShortRequestsAreNotOneThatIsTooLong) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  Peer peer{Descriptor(ends[0])};
  const Descriptor tool(ends[1]);
  const std::string line(1023, 'q');
  for (int i = 0; i < 100; ++i) {
    const std::string text = line + "\n";
    ASSERT_EQ(send(tool.number(), text.data(), text.size(), MSG_NOSIGNAL), 1024);
    peer.read_some();
  }
  EXPECT_FALSE(peer.is_too_long());
  EXPECT_FALSE(peer.wants_to_read()) << "the rest waits in the kernel";
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(peer.next_line(), line) << i;
    peer.read_some();
  }
}

TEST_F(Control, AReaderThatTakesNothingIsDropped) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  Peer peer{Descriptor(ends[0])};
  const Descriptor reader(ends[1]);
  const auto now = Peer::Clock::now();
  EXPECT_FALSE(peer.is_gone(now + std::chrono::hours(1)));
  peer.reply("{}");
  EXPECT_FALSE(peer.is_gone(now + std::chrono::seconds(1)));
  EXPECT_TRUE(peer.is_gone(now + Peer::kPatience + std::chrono::seconds(1)));
}

TEST_F(Control, OnlyOwnerAndGroupMayConnect) {
  ControlServer server(path_);
  ASSERT_TRUE(server.start().ok());
  struct stat status{};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
}

TEST_F(Control, AMissingDirectoryIsMade) {
  ControlServer server(directory_ + "/run/telefence/control.sock");
  const auto started = server.start();
  EXPECT_TRUE(started.ok()) << started.error().message;
}

TEST_F(Control, ADirectoryThatCannotBeMadeSaysWhatToDo) {
  ControlServer server("/proc/telefence/control.sock");
  const auto started = server.start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::kEnvironment);
  EXPECT_NE(started.error().message.find("sudo install -d -o $USER /proc/telefence"), std::string::npos)
      << started.error().message;
}

TEST_F(Control, ALeftOverSocketIsReplaced) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  {
    const Descriptor left_over(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(left_over.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  ControlServer server(path_);
  EXPECT_TRUE(server.start().ok());
}

TEST_F(Control, ASocketInUseIsNotTakenAway) {
  ControlServer first(path_);
  first.on("status", [](std::string_view) { return "{}"; });
  ASSERT_TRUE(first.start().ok());
  ControlServer second(path_);
  const auto started = second.start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message,
            "another telefenced listens on " + path_ + "; stop it, or set listen.control to another path");
  EXPECT_TRUE(ask_daemon(path_, R"({"command":"status"})").ok());
}

TEST_F(Control, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  ControlServer server(path_);
  const auto started = server.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("is not a socket"), std::string::npos);
  std::string content;
  std::ifstream(path_) >> content;
  EXPECT_EQ(content, "precious");
}

TEST_F(Control, WithoutADaemonTheToolIsToldToStartIt) {
  const auto reply = ask_daemon(path_, "{}");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnreachable);
  EXPECT_NE(reply.error().message.find("start telefenced"), std::string::npos);
  EXPECT_EQ(follow_daemon(path_, [] {}, [](std::string_view) { return true; }).error().code, ErrorCode::kUnreachable);
}

TEST_F(Control, APathThatIsTooLongIsRefused) {
  ControlServer server("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(server.start().ok());
}

TEST_F(Control, AfterStopTheSocketIsGone) {
  ControlServer server(path_);
  ASSERT_TRUE(server.start().ok());
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(server.start().ok());
}

TEST_F(Control, WhoStartsWhileAnotherStopsKeepsItsSocket) {
  for (int round = 0; round < 200; ++round) {
    ControlServer first(path_), second(path_);
    ASSERT_TRUE(first.start().ok());
    std::thread successor([&] {
      while (!second.start().ok()) std::this_thread::yield();
    });
    first.stop();
    successor.join();
    ASSERT_TRUE(std::filesystem::exists(path_)) << round;
  }
}

}  // namespace
}  // namespace telefence
