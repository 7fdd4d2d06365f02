// SPDX-License-Identifier: Apache-2.0
#pragma once

// A value or the reason why there is none, for what the world (files, Redis, NICs) may refuse. Never for packets.

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace telefence {

// What went wrong, by who has to act. The numbers are the programs' exit codes.
enum class ErrorCode { kFailed = 1, kUsage = 2, kInvalid = 3, kEnvironment = 4, kUnreachable = 5 };

struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string message;  // a sentence: what, why, what to do

  // The same error with a place or an action put before the message.
  Error within(const std::string& context) && { return {code, context + ": " + message}; }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& value() {
    CHECK(ok());
    return *value_;
  }
  const T& value() const {
    CHECK(ok());
    return *value_;
  }
  const Error& error() const {
    CHECK(!ok());
    return error_;
  }

 private:
  std::optional<T> value_;
  Error error_;
};

// Success or the reason for none.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace telefence
