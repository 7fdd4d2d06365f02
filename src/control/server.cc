// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "control/commands.h"
#include "control/peer.h"
#include "control/unix_socket.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxPeers = 32;
constexpr std::size_t kMaxPendingEvents = 4096;  // between two turns of the loop
constexpr int kTurnMs = 1000;                    // how often slow peers are looked for

std::string refusal(ErrorCode code, const std::string& why) {
  return nlohmann::json{{"ok", false}, {"code", static_cast<int>(code)}, {"error", why}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The value of "command"; empty when the line is no JSON object with one.
std::string command_of(std::string_view line) {
  const auto request = nlohmann::json::parse(line, nullptr, false);
  if (!request.is_object()) return {};
  const auto command = request.find("command");
  return command != request.end() && command->is_string() ? command->get<std::string>() : std::string();
}

}  // namespace

std::string Requester::name() const {
  passwd entry{};
  passwd* found = nullptr;
  char text[1024];
  const bool is_known = getpwuid_r(user, &entry, text, sizeof text, &found) == 0 && found != nullptr;
  return (is_known ? std::string(found->pw_name) : "user " + std::to_string(user)) + " (process " + std::to_string(process) + ")";
}

struct ControlServer::State {
  std::string path;
  std::map<std::string, Handler> handlers;
  Descriptor listener;
  Descriptor wake;
  std::thread thread;
  std::vector<Peer> peers;  // of the thread
  std::atomic<bool> is_stopping{false};
  std::atomic<std::size_t> followers{0};
  std::mutex mutex;
  std::vector<std::string> pending;  // events; guarded by mutex
  std::uint64_t pending_lost = 0;    // events that came after `pending` was full; guarded by mutex
  std::atomic<std::uint64_t> events_lost{0};

  void run();
  void wait();
  void accept_all();
  void answer_all(Peer& peer);
  std::string answer(Peer& peer, const std::string& line);
  void hand_out_events();
  void drop_gone();
  void wake_up() const;
};

void ControlServer::State::wake_up() const {
  const std::uint64_t one = 1;
  // The descriptor doesn't block: a full counter means that the thread is awake already.
  [[maybe_unused]] const ssize_t put = write(wake.number(), &one, sizeof one);
}

void ControlServer::State::accept_all() {
  while (true) {
    Descriptor socket(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    Peer& peer = peers.emplace_back(std::move(socket));
    if (peers.size() <= kMaxPeers) continue;
    peer.reply(refusal(ErrorCode::kUnreachable, "telefenced serves " + std::to_string(kMaxPeers) +
                                                    " control connections already; close one"));
    peer.finish();
  }
}

std::string ControlServer::State::answer(Peer& peer, const std::string& line) {
  const std::string command = command_of(line);
  if (command.empty()) return refusal(ErrorCode::kUsage, R"(a request is a line like {"command":"status"})");
  if (command == "events") {
    peer.follow();
    return R"({"ok":true})";
  }
  const auto handler = handlers.find(command);
  if (handler != handlers.end()) {
    Requester who;
    (void)who_is_there(peer.socket(), who.user, who.process);
    return handler->second(line, who);
  }
  std::string known = "events";
  for (const auto& entry : handlers) known += ", " + entry.first;
  return refusal(ErrorCode::kUsage, "there is no command \"" + command + "\"; there are " + known);
}

void ControlServer::State::answer_all(Peer& peer) {
  while (!peer.is_full() && peer.has_request()) peer.reply(answer(peer, *peer.next_line()));
  if (!peer.is_too_long()) return;
  peer.reply(refusal(ErrorCode::kUsage, "a request has at most " + std::to_string(Peer::kMaxRequest) + " bytes"));
  peer.finish();
}

void ControlServer::State::hand_out_events() {
  std::vector<std::string> lines;
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex);
    lines.swap(pending);
    lost = std::exchange(pending_lost, 0);
  }
  for (Peer& peer : peers) {
    if (!peer.follows()) continue;
    for (const std::string& line : lines)
      if (!peer.send_event(line)) ++events_lost;
    peer.lose(lost);
    events_lost += lost;
    peer.tell_losses();
  }
}

void ControlServer::State::drop_gone() {
  const auto now = Peer::Clock::now();
  for (Peer& peer : peers) peer.write_some(now);
  std::erase_if(peers, [now](const Peer& peer) { return peer.is_gone(now); });
  followers = static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [](const Peer& peer) { return peer.follows(); }));
}

void ControlServer::State::wait() {
  std::vector<pollfd> waits = {{wake.number(), POLLIN, 0}, {listener.number(), POLLIN, 0}};
  bool is_due = false;  // a request that was left because its peer was full can be answered now
  for (const Peer& peer : peers) {
    // A peer that has ended stays readable for ever: only its way out is of interest.
    const int events = (peer.wants_to_read() ? POLLIN : 0) | (peer.wants_to_write() ? POLLOUT : 0);
    waits.push_back({peer.descriptor(), static_cast<short>(events), 0});
    is_due = is_due || (peer.has_request() && !peer.is_full());
  }
  poll(waits.data(), waits.size(), is_due ? 0 : kTurnMs);
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake.number(), &count, sizeof count);
  const std::size_t known = peers.size();
  for (std::size_t i = 0; i < known; ++i) {
    if ((waits[i + 2].revents & (POLLIN | POLLHUP | POLLERR)) != 0) peers[i].read_some();
    answer_all(peers[i]);
  }
  if (waits[1].revents != 0) accept_all();
}

void ControlServer::State::run() {
  pthread_setname_np(pthread_self(), "telefence:ctl");
  while (!is_stopping) {
    wait();
    hand_out_events();
    drop_gone();
  }
  peers.clear();
}

ControlServer::ControlServer(std::string path) : state_(std::make_unique<State>()) { state_->path = std::move(path); }

ControlServer::~ControlServer() { stop(); }

void ControlServer::on(std::string command, Handler handler) {
  state_->handlers[std::move(command)] = std::move(handler);
}

void ControlServer::on(std::string command, std::function<std::string(std::string_view request)> handler) {
  on(std::move(command), Handler([handler = std::move(handler)](std::string_view request, const Requester&) { return handler(request); }));
}

Result<void> ControlServer::start() {
  Result<Descriptor> listener = listen_unix(state_->path);
  if (!listener) return listener.error();
  state_->listener = std::move(listener.value());
  state_->wake = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  state_->is_stopping = false;
  state_->thread = std::thread([this] { state_->run(); });
  return {};
}

void ControlServer::stop() {
  if (!state_->thread.joinable()) return;
  state_->is_stopping = true;
  state_->wake_up();
  state_->thread.join();
  // In this order: a successor that starts in between finds either a socket in use or none, and keeps its own.
  unlink(state_->path.c_str());
  state_->listener = Descriptor();
}

void ControlServer::broadcast(std::string_view line) {
  if (state_->followers == 0) return;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->pending.size() >= kMaxPendingEvents) {
      ++state_->pending_lost;
      return;
    }
    state_->pending.emplace_back(line);
  }
  state_->wake_up();
}

std::uint64_t ControlServer::events_lost() const { return state_->events_lost; }

}  // namespace telefence
