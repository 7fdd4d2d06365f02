// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of sites that everybody needs (policy.protected): no list, log or push may block one of them, or what lies above it together
// with all below. What is below a protected name can be blocked. Immutable; control threads.

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace telefence {

class ProtectedNames {
 public:
  // From files of one name a line, with # comments; each also stands for www.NAME. kInvalid: can't be read, or a line is no name.
  static Result<std::shared_ptr<const ProtectedNames>> read(const std::vector<std::string>& files);
  static std::shared_ptr<const ProtectedNames> of(const std::vector<std::string>& canonical_names);

  // Why an entry that blocks is refused; "" when it may be. `name` canonical.
  std::string refuse(std::string_view name, bool subdomains) const;
  // False: refuse() has nothing to say, for sure. A few nanoseconds, for millions of lines.
  bool may_refuse(std::string_view name) const {
    const std::size_t bit = bit_of(name);
    return (bits_[bit / 64] >> bit % 64 & 1) != 0;
  }

  std::size_t size() const { return count_; }
  // Differs when other names are protected.
  const std::string& stamp() const { return stamp_; }

 private:
  static constexpr std::size_t kBits = std::size_t{1} << 16;

  // Of both ends of the name: what tells most names apart. Not of keyed_hash.h: its secret may not be known yet.
  static std::size_t bit_of(std::string_view name) {
    std::uint64_t first = 0, last = 0;
    if (name.size() >= 8) {
      std::memcpy(&first, name.data(), 8);
      std::memcpy(&last, name.data() + name.size() - 8, 8);
    } else {
      std::memcpy(&first, name.data(), name.size());
    }
    const std::uint64_t mixed = (first * 0x9e3779b97f4a7c15u) ^ ((last + name.size()) * 0xc2b2ae3d27d4eb4fu);
    return static_cast<std::size_t>((mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u >> 48);
  }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  void add(const std::string& name);
  void add_stamp();

  // Protected names and what lies above them; the value: "" for a protected one, else one that lies below.
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> names_;
  std::array<std::uint64_t, kBits / 64> bits_{};
  std::size_t count_ = 0;
  std::string stamp_;
};

}  // namespace telefence
