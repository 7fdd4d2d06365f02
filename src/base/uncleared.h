// SPDX-License-Identifier: Apache-2.0
#pragma once

// Work space on the stack whose elements are not made before they are assigned: an array of structs with default values would be
// cleared each time it comes into scope, which for a hundred probes costs more than using a few of them.

#include <cstddef>
#include <span>
#include <type_traits>

namespace telefence {

template <typename Value, std::size_t kCount>
class Uncleared {
  static_assert(std::is_trivially_copyable_v<Value> && std::is_trivially_destructible_v<Value>);

 public:
  // Requires: whoever reads an element has assigned it.
  Value& operator[](std::size_t index) { return data()[index]; }
  const Value& operator[](std::size_t index) const { return reinterpret_cast<const Value*>(bytes_)[index]; }
  std::span<Value> first(std::size_t count) { return {data(), count}; }

 private:
  Value* data() { return reinterpret_cast<Value*>(bytes_); }
  alignas(Value) std::byte bytes_[kCount * sizeof(Value)];
};

}  // namespace telefence
