// SPDX-License-Identifier: Apache-2.0
#pragma once

// The client's side of TLS 1.3 over a connected, non-blocking socket of somebody else: handshake, bytes in, bytes out; it never waits,
// but says what for. The server's certificate must be good for the host that was asked for; our own is shown when there is one.
// One thread at a time.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

struct TlsFiles {
  std::string ca;           // PEM; "" = the system's
  std::string certificate;  // PEM, with what links it to the CA behind it; "" = none
  std::string key;          // PEM
};

class TlsClient {
 public:
  enum class Step : std::uint8_t { kDone, kWantRead, kWantWrite, kClosed, kFailed };

  // kEnvironment: a file can't be read, or they do not go together. `host`: a name or an address. The descriptor must outlive this.
  static Result<TlsClient> make(const TlsFiles& files, const std::string& host, int descriptor);
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;
  ~TlsClient();

  Step handshake();
  // kDone: `written` bytes went out, at least one. Else the same bytes are to be given again.
  Step write(std::string_view bytes, std::size_t& written);
  // kDone: `count` bytes came in, at least one.
  Step read(std::span<char> to, std::size_t& count);
  // Of the last kFailed, for people.
  const std::string& problem() const { return problem_; }

 private:
  struct Session;
  explicit TlsClient(std::unique_ptr<Session> session);
  Step step_of(int result);

  std::unique_ptr<Session> session_;
  std::string problem_;
};

}  // namespace telefence
