// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace telefence {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;
using Ssl = std::unique_ptr<SSL, SslDeleter>;

// OpenSSL sends by write(2), and a peer that is gone then ends the process by SIGPIPE, unless it is ignored. What other parts of
// the process think of that signal is their matter: it is held off this thread, and taken back if it came.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const int number = errno;
    constexpr timespec kNow{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &kNow);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = number;
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

// The reason alone: the rest is the place in OpenSSL's source.
std::string newest_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown" : reason;
}

Error wrong_file(const std::string& what, const std::string& file) {
  return Error{ErrorCode::kEnvironment, "can't use the " + what + " " + file + ": " + newest_error()};
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

Result<void> load(SSL_CTX* context, const TlsFiles& files) {
  const bool has_ca = files.ca.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                       : SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) == 1;
  if (!has_ca) return wrong_file("CA", files.ca);
  if (files.certificate.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) return wrong_file("certificate", files.certificate);
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) return wrong_file("key", files.key);
  if (SSL_CTX_check_private_key(context) != 1) return wrong_file("key", files.key);
  return {};
}

// Without the name a certificate of any server of this CA would do.
bool expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  // What SSL_set_tlsext_host_name does, whose cast is no C++; the name is copied.
  const long named = SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
  return named == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

}  // namespace

struct TlsClient::Session {
  Context context;
  Ssl ssl;
};

TlsClient::TlsClient(std::unique_ptr<Session> session) : session_(std::move(session)) {}
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() = default;

Result<TlsClient> TlsClient::make(const TlsFiles& files, const std::string& host, int descriptor) {
  ERR_clear_error();
  auto session = std::make_unique<Session>();
  session->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = session->context.get();
  if (context == nullptr) return Error{ErrorCode::kEnvironment, "no memory for TLS"};
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // A short write is continued with what is left, perhaps from another place in memory.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (auto loaded = load(context, files); !loaded.ok()) return loaded.error();
  session->ssl.reset(SSL_new(context));
  if (session->ssl == nullptr || !expect_host(session->ssl.get(), host) || SSL_set_fd(session->ssl.get(), descriptor) != 1)
    return Error{ErrorCode::kEnvironment, "TLS can't be set up: " + newest_error()};
  SSL_set_connect_state(session->ssl.get());
  return TlsClient(std::move(session));
}

TlsClient::Step TlsClient::step_of(int result) {
  const int number = errno;
  switch (SSL_get_error(session_->ssl.get(), result)) {
    case SSL_ERROR_NONE:
      return Step::kDone;
    case SSL_ERROR_WANT_READ:
      return Step::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      problem_ = "the server closed the connection";
      return Step::kClosed;
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(session_->ssl.get());
  if (verdict != X509_V_OK)
    problem_ = std::string("the certificate of the server is not taken: ") + X509_verify_cert_error_string(verdict);
  else if (ERR_peek_last_error() != 0)
    problem_ = newest_error();
  else
    problem_ = number == 0 ? "the server closed the connection" : std::strerror(number);
  ERR_clear_error();
  return Step::kFailed;
}

TlsClient::Step TlsClient::handshake() {
  const NoPipeSignal no_pipe_signal;
  ERR_clear_error();
  errno = 0;
  return step_of(SSL_do_handshake(session_->ssl.get()));
}

TlsClient::Step TlsClient::write(std::string_view bytes, std::size_t& written) {
  const NoPipeSignal no_pipe_signal;
  ERR_clear_error();
  errno = 0;
  written = 0;
  const int result = SSL_write_ex(session_->ssl.get(), bytes.data(), bytes.size(), &written);
  return result == 1 ? Step::kDone : step_of(result);
}

TlsClient::Step TlsClient::read(std::span<char> to, std::size_t& count) {
  const NoPipeSignal no_pipe_signal;
  ERR_clear_error();
  errno = 0;
  count = 0;
  const int result = SSL_read_ex(session_->ssl.get(), to.data(), to.size(), &count);
  return result == 1 ? Step::kDone : step_of(result);
}

}  // namespace telefence
