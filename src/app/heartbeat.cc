// SPDX-License-Identifier: Apache-2.0
#include "app/heartbeat.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>

extern char** environ;

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kLine[] = "1\n";
constexpr timespec kLook = {0, 2'000'000};  // how often it is looked whether the program has ended

// The program gets no descriptor of this process (a port's socket would outlive it there), and none of its blocked signals.
class Spawned {
 public:
  explicit Spawned(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, ignored;
    sigemptyset(&none);
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &ignored);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error_ = posix_spawn(&process_, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }

  int error() const { return error_; }

  // Until it ends, or the time is over: then it is killed. "" when it ended with code 0.
  std::string wait_until(Clock::time_point end) const {
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(process_, &status, WNOHANG)) == 0) {
      if (Clock::now() < end) {
        nanosleep(&kLook, nullptr);
        continue;
      }
      kill(process_, SIGKILL);
      (void)waitpid(process_, &status, 0);
      return "took too long";
    }
    if (ended < 0) return std::strerror(errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return WIFEXITED(status) ? "ended with code " + std::to_string(WEXITSTATUS(status)) : std::string("was killed");
  }

 private:
  pid_t process_ = 0;
  int error_ = 0;
};

}  // namespace

void Heartbeat::start() {
  if (!is_wanted()) return;
  turns_.assign(workers_.count(), 0);
  thread_ = std::thread([this] { run(); });
}

void Heartbeat::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

std::string Heartbeat::problem() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return problem_;
}

void Heartbeat::run() {
  pthread_setname_np(pthread_self(), "telefence:beat");
  const std::chrono::milliseconds every(options_.every_ms);
  Clock::time_point next = Clock::now() + every;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_.wait_until(lock, next, [this] { return is_stopping_; })) {
    lock.unlock();
    std::string problem = beat();
    lock.lock();
    problem_ = std::move(problem);
    // What was missed while the process was stopped is not made up for.
    next = std::max(next + every, Clock::now() + every / 2);
  }
}

// Sends one if every worker has turned since the last. Returns why not.
std::string Heartbeat::beat() {
  for (std::size_t worker = 0; worker < turns_.size(); ++worker) {
    const std::uint64_t turns = workers_.turns(worker);
    if (turns == turns_[worker]) {
      withheld_.fetch_add(1);
      return "the heartbeat is withheld: worker w" + std::to_string(worker) + " has not turned";
    }
  }
  for (std::size_t worker = 0; worker < turns_.size(); ++worker) turns_[worker] = workers_.turns(worker);
  std::string problem = options_.command.empty() ? write_file() : run_program();
  (problem.empty() ? sent_ : failed_).fetch_add(1);
  return problem;
}

std::string Heartbeat::run_program() {
  const std::string& name = options_.command.front();
  const Spawned program(options_.command);
  if (program.error() != 0) return "the heartbeat fails: " + name + " can't be run: " + std::strerror(program.error());
  const std::string why = program.wait_until(Clock::now() + std::chrono::milliseconds(options_.every_ms));
  return why.empty() ? why : "the heartbeat fails: " + name + " " + why;
}

std::string Heartbeat::write_file() const {
  const auto failed = [this] { return "the heartbeat fails: " + options_.file + " can't be written: " + std::strerror(errno); };
  const int file = open(options_.file.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return failed();
  const bool is_written = write(file, kLine, sizeof kLine - 1) == static_cast<ssize_t>(sizeof kLine - 1);
  std::string problem = is_written ? std::string() : failed();
  close(file);
  return problem;
}

}  // namespace telefence
