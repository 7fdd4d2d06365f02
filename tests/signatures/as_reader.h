// SPDX-License-Identifier: Apache-2.0
#pragma once

// A test's thread that reads what a feed publishes meanwhile: a reader while this lives, as a worker is.

#include "publish/readers.h"

namespace telefence {

// One at a time.
class AsReader {
 public:
  explicit AsReader(Readers& readers) : readers_(readers) { readers_.online(kReader); }
  ~AsReader() { readers_.offline(kReader); }
  AsReader(const AsReader&) = delete;
  AsReader& operator=(const AsReader&) = delete;

 private:
  static constexpr std::size_t kReader = Readers::kMaxReaders - 1;
  Readers& readers_;
};

}  // namespace telefence
