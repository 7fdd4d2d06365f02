// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/commands.h"
#include "control/unix_socket.h"

namespace telefence {
namespace {

// A reload reads and compiles all lists before it answers.
constexpr int kReplyTimeoutS = 120;
constexpr int kForeverS = 0;

bool send_line(const Descriptor& connection, std::string_view line) {
  std::string text(line);
  text += '\n';
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t put = send(connection.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

class LineReader {
 public:
  explicit LineReader(const Descriptor& connection) : connection_(connection) {}

  // Waits for a line; nothing when the daemon has gone or stays silent for too long.
  std::optional<std::string> next() {
    while (true) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      char bytes[16 * 1024];
      const ssize_t got = recv(connection_.number(), bytes, sizeof bytes, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return std::nullopt;
      buffer_.append(bytes, static_cast<std::size_t>(got));
    }
  }

 private:
  const Descriptor& connection_;
  std::string buffer_;
};

Error silent(const std::string& path) {
  return {ErrorCode::kUnreachable, "telefenced on " + path + " did not answer; look at its log"};
}

Error refusal_of(const nlohmann::json& said) {
  const auto found = said.is_object() ? said.find("error") : said.end();
  const bool is_told = said.is_object() && found != said.end() && found->is_string();
  return {ErrorCode::kUnreachable, is_told ? found->get<std::string>() : "the daemon refused"};
}

}  // namespace

Result<std::string> ask_daemon(const std::string& path, std::string_view request) {
  Result<Descriptor> connection = connect_unix(path, kReplyTimeoutS);
  if (!connection) return connection.error();
  // A refused connection is told and closed at once: the reply is there although sending failed.
  send_line(connection.value(), request);
  std::optional<std::string> reply = LineReader(connection.value()).next();
  if (!reply) return silent(path);
  return *std::move(reply);
}

Result<void> follow_daemon(const std::string& path, const std::function<void()>& begun,
                           const std::function<bool(std::string_view line)>& line) {
  Result<Descriptor> connection = connect_unix(path, kForeverS);
  if (!connection) return connection.error();
  send_line(connection.value(), R"({"command":"events"})");
  LineReader reader(connection.value());
  const std::optional<std::string> reply = reader.next();
  if (!reply) return silent(path);
  const auto said = nlohmann::json::parse(*reply, nullptr, false);
  if (!said.is_object() || !said.value("ok", false))
    return refusal_of(said);
  begun();
  while (const std::optional<std::string> event = reader.next()) {
    if (!line(*event)) return {};
  }
  return Error{ErrorCode::kUnreachable, "telefenced on " + path + " has gone"};
}

}  // namespace telefence
