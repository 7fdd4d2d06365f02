// SPDX-License-Identifier: Apache-2.0
#include "match/keyed_hash.h"

#include <sys/random.h>

#include <mutex>
#include <optional>

#include "base/check.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace telefence {
namespace {

std::mutex& secret_mutex() {
  static std::mutex mutex;
  return mutex;
}

// A secret that was given in time.
std::optional<TableSecret>& given_secret() {
  static std::optional<TableSecret> given;
  return given;
}

TableSecret draw_or_take() {
  const std::lock_guard<std::mutex> lock(secret_mutex());
  if (!given_secret()) {
    given_secret().emplace();
    auto& words = given_secret()->words;
    CHECK(getrandom(words.data(), sizeof words, 0) == static_cast<ssize_t>(sizeof words));
  }
  return *given_secret();
}

}  // namespace

const TableSecret& table_secret() {
  static const TableSecret secret = draw_or_take();
  return secret;
}

bool use_table_secret(const TableSecret& secret) {
  const std::lock_guard<std::mutex> lock(secret_mutex());
  if (given_secret()) return *given_secret() == secret;
  given_secret() = secret;
  return true;
}

std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace telefence
