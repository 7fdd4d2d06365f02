// SPDX-License-Identifier: Apache-2.0
#pragma once

// A redis-server of the test's own: on a unix socket in a fresh directory under /tmp, no TCP, no persistence unless
// asked for. It ends with the test, also when the test dies (PR_SET_PDEATHSIG).

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "redis/connection.h"

namespace telefence {

class PrivateRedis {
 public:
  explicit PrivateRedis(std::vector<std::string> more = {}) : more_(std::move(more)) {
    char name[] = "/tmp/telefence-redis-XXXXXX";
    CHECK(mkdtemp(name) != nullptr);
    directory_ = name;
    start();
  }
  ~PrivateRedis() {
    stop();
    std::filesystem::remove_all(directory_);
  }

  std::string socket_path() const { return directory_ + "/redis.sock"; }
  std::string server() const { return "unix:" + socket_path(); }
  RedisLogin login() const { return {server(), "", ""}; }

  void start() {
    const std::string socket = socket_path();
    std::vector<std::string> words = {
        "redis-server", "--port",      "0", "--unixsocket", socket, "--dir", directory_, "--save", "", "--appendonly",
        "no",           "--daemonize", "no"};
    words.insert(words.end(), more_.begin(), more_.end());
    child_ = fork();
    CHECK(child_ >= 0);
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int null = open("/dev/null", O_RDWR);
      dup2(null, STDOUT_FILENO);
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execvp("redis-server", arguments.data());
      _exit(127);  // not installed: the test then fails for want of a connection
    }
    wait_until_it_answers();
  }
  void stop() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = -1;
    unlink(socket_path().c_str());
  }

 private:
  void wait_until_it_answers() const {
    // Listening is not seen otherwise than by asking; 10 s is far beyond any start.
    for (int i = 0; i < 1000; ++i) {
      RedisConnection connection;
      if (connection.connect(login(), 1000).ok() && connection.command({"PING"}, 1000).ok()) return;
      usleep(10'000);
    }
    std::fprintf(stderr, "redis-server does not start: is it installed?\n");
    CHECK(false);
  }

  std::vector<std::string> more_;
  std::string directory_;
  pid_t child_ = -1;
};

}  // namespace telefence
