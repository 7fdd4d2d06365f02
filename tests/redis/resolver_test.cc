// SPDX-License-Identifier: Apache-2.0
#include "redis/resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "redis/interrupt.h"

namespace telefence {
namespace {

using std::chrono::milliseconds;

// A name server that answers when it is told to.
class NameServer {
 public:
  Resolver::LookUp look_up() {
    return [this](const std::string&, std::uint16_t port) {
      ++asked_;
      std::unique_lock<std::mutex> lock(mutex_);
      may_answer_.wait(lock, [this] { return is_open_; });
      ++answered_;
      if (!problem_.empty()) return Resolver::Answer{{}, problem_, may_pass_};
      SocketAddress address;
      sockaddr_in four{};
      four.sin_family = AF_INET;
      four.sin_port = htons(port);
      four.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number_);
      std::memcpy(&address.value, &four, sizeof four);
      address.length = sizeof four;
      return Resolver::Answer{{address}, "", false};
    };
  }
  void open(bool is_open) {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_open_ = is_open;
    may_answer_.notify_all();
  }
  void say(std::uint32_t number, std::string problem = {}, bool may_pass = false) {
    const std::lock_guard<std::mutex> lock(mutex_);
    number_ = number;
    problem_ = std::move(problem);
    may_pass_ = may_pass;
  }
  int asked() const { return asked_; }
  void wait_until_answered(int times) const {
    for (int i = 0; i < 5000 && answered_ < times; ++i) std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(milliseconds(20));
  }

 private:
  std::mutex mutex_;
  std::condition_variable may_answer_;
  bool is_open_ = true;
  std::uint32_t number_ = 0;
  std::string problem_;
  bool may_pass_ = false;
  std::atomic<int> asked_{0}, answered_{0};
};

class ResolverTest : public ::testing::Test {
 protected:
  ~ResolverTest() override { names_.open(true); }
  Result<std::vector<SocketAddress>> resolve(const char* host, milliseconds patience, int wake = -1) {
    const auto begin = Resolver::Clock::now();
    auto out = resolver_.resolve(host, 6379, begin + patience, wake);
    took_ = std::chrono::duration_cast<milliseconds>(Resolver::Clock::now() - begin);
    return out;
  }
  static std::string text(const SocketAddress& address) {
    char out[INET6_ADDRSTRLEN] = {};
    sockaddr_in four;
    std::memcpy(&four, &address.value, sizeof four);
    inet_ntop(AF_INET, &four.sin_addr, out, sizeof out);
    return out;
  }

  NameServer names_;
  Resolver resolver_{names_.look_up()};
  milliseconds took_{0};
};

TEST_F(ResolverTest, AnAddressAsksNobody) {
  names_.open(false);
  ASSERT_TRUE(resolve("127.0.0.7", milliseconds(0)).ok());
  EXPECT_EQ(text(resolve("127.0.0.7", milliseconds(0)).value().at(0)), "127.0.0.7");
  EXPECT_TRUE(resolve("::1", milliseconds(0)).ok());
  EXPECT_EQ(names_.asked(), 0);
}

TEST_F(ResolverTest, ASlowNameServerCostsNoMoreThanThePatience) {
  names_.open(false);
  const auto slow = resolve("redis.example", milliseconds(50));
  ASSERT_FALSE(slow.ok());
  EXPECT_NE(slow.error().message.find("no answer of a name server in time"), std::string::npos);
  EXPECT_LT(took_, milliseconds(1000));
  // It is asked once, however often somebody wants to know; what it says late is there for the next.
  EXPECT_FALSE(resolve("redis.example", milliseconds(20)).ok());
  EXPECT_EQ(names_.asked(), 1);
  names_.open(true);
  names_.wait_until_answered(1);
  names_.open(false);
  const auto known = resolve("redis.example", milliseconds(5000));
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(text(known.value().at(0)), "127.0.0.1");
  EXPECT_LT(took_, milliseconds(1500));
}

TEST_F(ResolverTest, WhatItSaysCountsEachTime) {
  EXPECT_EQ(text(resolve("redis.example", milliseconds(5000)).value().at(0)), "127.0.0.1");
  names_.say(8);
  EXPECT_EQ(text(resolve("redis.example", milliseconds(5000)).value().at(0)), "127.0.0.9");
  // No name server there: as before. No such name any more: not as before.
  names_.say(0, "away", true);
  EXPECT_EQ(text(resolve("redis.example", milliseconds(5000)).value().at(0)), "127.0.0.9");
  names_.say(0, "no such name", false);
  const auto gone = resolve("redis.example", milliseconds(5000));
  ASSERT_FALSE(gone.ok());
  EXPECT_NE(gone.error().message.find("no such name"), std::string::npos);
}

TEST_F(ResolverTest, TheWaitingIsBrokenOff) {
  names_.open(false);
  Interrupt wake;
  std::thread waker([&] {
    std::this_thread::sleep_for(milliseconds(30));
    wake.raise();
  });
  EXPECT_FALSE(resolve("redis.example", milliseconds(10'000), wake.descriptor()).ok());
  waker.join();
  EXPECT_LT(took_, milliseconds(5000));
}

TEST_F(ResolverTest, ALookUpMayOutliveTheResolver) {
  auto names = std::make_shared<NameServer>();
  names->open(false);
  {
    Resolver other([names, look_up = names->look_up()](const std::string& host, std::uint16_t port) { return look_up(host, port); });
    EXPECT_FALSE(other.resolve("redis.example", 1, Resolver::Clock::now() + milliseconds(20), -1).ok());
  }
  names->open(true);
  names->wait_until_answered(1);
}

}  // namespace
}  // namespace telefence
