// SPDX-License-Identifier: Apache-2.0
#include "match/keyed_hash.h"

#include <sys/random.h>

#include <array>

#include "base/check.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace telefence {
namespace {

struct Secret {
  std::array<unsigned char, XXH3_SECRET_DEFAULT_SIZE> bytes;
  std::uint64_t number = 0;
  Secret() {
    CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    CHECK(getrandom(&number, sizeof number, 0) == static_cast<ssize_t>(sizeof number));
  }
};

const Secret& secret() {
  static const Secret drawn;
  return drawn;
}

}  // namespace

Hash128 keyed_hash(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret().bytes.data(), secret().bytes.size());
  return {hash.low64, hash.high64};
}

std::uint64_t keyed_hash(std::uint64_t value, std::uint32_t more) {
  std::uint64_t mixed = (value ^ secret().number) * 0x9e3779b97f4a7c15 + more;
  mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
  mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
  return mixed ^ mixed >> 32;
}

}  // namespace telefence
