// SPDX-License-Identifier: Apache-2.0
#pragma once

// CHECK stops the program on a mistake of ours, in every build. DCHECK does so in debug builds only and is for the hot
// path. Neither is ever used on what a packet, a file or a peer may cause.

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: internal error: %s\n", __FILE__, __LINE__, #condition);   \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition) \
  do {                    \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif
