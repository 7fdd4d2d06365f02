// SPDX-License-Identifier: Apache-2.0
#include "web/server.h"

#include <httplib.h>
#include <pthread.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "web/front_page.h"
#include "web/listen_address.h"

namespace telefence {
namespace {

// A scraper, a health check, a second of each. A client that keeps its connection holds a thread until it has been idle
// for kIdleSeconds.
constexpr std::size_t kThreads = 4;
constexpr time_t kIdleSeconds = 2;
constexpr std::size_t kMaxBody = 1024;  // requests here have no body
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kJson[] = "application/json";

// The library's own choice is SO_REUSEPORT, with which two daemons share one port without either noticing.
void reuse_address_only(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

std::string reason_for(int error) {
  if (error == EADDRINUSE) return "another program listens there; stop it, or give another port in listen.web";
  if (error == EADDRNOTAVAIL) return "this machine does not have that address; use 127.0.0.1 or one shown by `ip address`";
  if (error == EACCES) return "ports below 1024 need a right this user does not have; use a higher port in listen.web";
  return error == 0 ? "the address could not be used" : std::strerror(error);
}

}  // namespace

struct WebServer::State {
  std::string listen;
  WebSources sources;
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> returned{false};
  int port = 0;

  void set_up();
  Result<void> bind();
  void serve();
};

void WebServer::State::set_up() {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_socket_options(reuse_address_only);
  server.set_keep_alive_timeout(kIdleSeconds);
  server.set_read_timeout(kIdleSeconds);
  server.set_write_timeout(kIdleSeconds);
  server.set_payload_max_length(kMaxBody);
  server.set_default_headers({{"X-Content-Type-Options", "nosniff"},
                              {"Content-Security-Policy", "default-src 'none'"},
                              {"Cache-Control", "no-store"}});
  server.Get("/", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(front_page(request.get_header_value("Accept-Language")), "text/html; charset=utf-8");
  });
  server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(sources.metrics(), kPrometheusText);
  });
  server.Get("/healthz", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(sources.health(), kJson);
  });
  server.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
    std::string json;
    response.status = sources.ready(json) ? 200 : 503;
    response.set_content(json, kJson);
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    // Runs for every status of 400 and more: a 503 of /readyz has its body already.
    if (response.body.empty()) response.set_content("There are /, /metrics, /healthz and /readyz.\n", "text/plain");
  });
}

Result<void> WebServer::State::bind() {
  const Result<ListenAddress> address = listen_address_from(listen);
  if (!address) return address.error();
  errno = 0;
  const std::string& host = address.value().host;
  port = address.value().port;
  bool bound = false;
  if (port == 0) {
    port = server.bind_to_any_port(host);
    bound = port > 0;
  } else {
    bound = server.bind_to_port(host, port);
  }
  const int error = errno;
  if (!bound) return Error{ErrorCode::kEnvironment, "cannot listen on " + listen + ": " + reason_for(error)};
  return {};
}

void WebServer::State::serve() {
  // The threads of the pool are made by this one and inherit its name.
  pthread_setname_np(pthread_self(), "telefence:web");
  server.listen_after_bind();
  returned = true;
}

WebServer::WebServer(std::string listen, WebSources sources) : state_(std::make_unique<State>()) {
  state_->listen = std::move(listen);
  state_->sources = std::move(sources);
  state_->set_up();
}

WebServer::~WebServer() { stop(); }

Result<void> WebServer::start() {
  const Result<void> bound = state_->bind();
  if (!bound) return bound;
  state_->thread = std::thread([this] { state_->serve(); });
  // The library forgets a stop() that comes before its loop runs.
  while (!state_->server.is_running() && !state_->returned) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return {};
}

void WebServer::stop() {
  if (!state_->thread.joinable()) return;
  state_->server.stop();
  state_->thread.join();
}

int WebServer::port() const { return state_->port; }

}  // namespace telefence
