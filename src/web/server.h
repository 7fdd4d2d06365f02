// SPDX-License-Identifier: Apache-2.0
#pragma once

// /metrics, /healthz and /readyz over HTTP, on loopback by default. Own threads; handlers only read.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace telefence {

struct WebSources {
  std::function<std::string()> metrics;                 // Prometheus text format
  std::function<bool(std::string& json)> ready;         // false = 503; json says why
  std::function<std::string()> health;                  // json
};

class WebServer {
 public:
  WebServer(std::string listen, WebSources sources);
  ~WebServer();  // stops
  // Binds and starts to serve; the error says which address and why.
  Result<void> start();
  void stop();
  int port() const;  // the one bound, when 0 was asked for

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
