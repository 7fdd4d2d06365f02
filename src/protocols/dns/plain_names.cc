// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/plain_names.h"

#include <algorithm>
#include <bit>

#include "base/big_endian.h"
#include "base/chunk.h"
#include "protocols/dns/header.h"
#include "protocols/protocol.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace telefence::dns {
namespace {

constexpr std::size_t kTypeAndClass = 4;
constexpr std::size_t kLooked = 64;  // octets, from the first label's length on
static_assert(kLooked == PlainName::kMost + 2 && kLooked <= 1 + kTypeAndClass + Protocol::kBehindPlain);

// Of these octets, as bits. In a name whose labels have none that is odd, each that is is a length, or the root label.
struct Marks {
  std::uint64_t odd = 0;   // below '-' or above 0x7f, or a dot or backslash
  std::uint64_t zero = 0;
};

// A standard query with one question and, by the upper octets of their counts, few records.
[[gnu::always_inline]] inline bool is_plain_query(Bytes message) {
  if (message.size() <= kHeaderBytes + kTypeAndClass) return false;
  // From the flags on: QR and opcode, then the count of questions, then the upper octets of the other counts.
  const std::uint64_t head = big_endian<std::uint64_t>(message.data() + 2) & 0xf800'ffff'ff00'ff00;
  return head == 0x0000'0001'0000'0000 && message[10] == 0;
}

// Whether the lengths, from the first one on, lead to the root label, and are all that is odd.
[[gnu::noinline]] bool leads_to(std::size_t root, const std::uint8_t* octets, std::uint64_t odd) {
  std::uint64_t lengths = 0;
  std::size_t at = 0;
  while (at < root) {
    lengths |= std::uint64_t{1} << at;
    at += std::size_t{1} + octets[at];
  }
  return at == root && lengths == (odd & ((std::uint64_t{1} << root) - 1));
}

// The same of two to four labels, as most names have. Where they are is known by the marks, so no step waits for the one before, and no branch
// depends on how many there are, which can't be foretold. False may also mean that there are others.
[[gnu::always_inline]] inline bool usually_leads_to(std::size_t root, const std::uint8_t* octets, std::uint64_t odd) {
  constexpr unsigned kUsualLabels = 4;
  // Behind the root label, as if the upper octet of the type were one, too: from each of the two one comes to the next octet.
  std::uint64_t left = odd | ~std::uint64_t{0} << root;
  std::size_t at = static_cast<std::size_t>(std::countr_zero(left));
  std::size_t wrong = at;
#pragma GCC unroll 4
  for (unsigned label = 0; label < kUsualLabels; ++label) {
    left &= left - 1;
    const auto next = static_cast<std::size_t>(std::countr_zero(left));
    wrong |= (at + octets[at] + 1) ^ next;
    at = next;
  }
  return wrong == 0 && at >= root;
}

// octets: from the first length on, kLooked. most: so many of them at least are before type and class.
[[gnu::always_inline]] inline bool tell(const std::uint8_t* octets, std::size_t most, const Marks& marks, PlainName& name) {
  const auto root = static_cast<std::size_t>(std::countr_zero(marks.zero));
  if (root - 1 >= std::min(most, kLooked) - 1) return false;  // none, the root alone, or behind the name
  if (!usually_leads_to(root, octets, marks.odd)) [[unlikely]]
    if (!leads_to(root, octets, marks.odd)) return false;
  name.size = static_cast<std::uint8_t>(root - 1);
  std::uint64_t left = marks.odd << (64 - root);  // the last label's length is the highest; the last octet of the name would be bit 63
  for (std::uint8_t& end : name.ends) {
    const unsigned highest = 63u ^ static_cast<unsigned>(std::countl_zero(left));
    end = static_cast<std::uint8_t>(63 ^ highest);
    const std::uint64_t without = left & ~(std::uint64_t{1} << highest);
    left = without != 0 ? without : left;
  }
  return true;
}

[[gnu::always_inline]] inline bool read_by_16(Bytes message, PlainName& name) {
  if (!is_plain_query(message)) return false;
  const std::uint8_t* const octets = message.data() + kHeaderBytes;
  Marks marks;
#pragma GCC unroll 4
  for (std::size_t at = 0; at < kLooked; at += Chunk::kSize) {
    const Chunk chunk = Chunk::at(reinterpret_cast<const char*>(octets) + at);
    const Chunk lowered = chunk.lowered();
    unsigned odd = 0;
    const Chunk dotted = lowered.with_above('.', '-', '.', odd);
    dotted.store(name.octets.data() + at);
    marks.odd |= std::uint64_t{odd | lowered.equal('\\')} << at;
    marks.zero |= std::uint64_t{chunk.equal('\0')} << at;
  }
  return tell(octets, message.size() - kHeaderBytes - kTypeAndClass, marks, name);
}

std::size_t read_all_by_16(std::span<const Bytes> messages, PlainName* names, std::uint16_t* indexes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    indexes[count] = static_cast<std::uint16_t>(i);
    if (read_by_16(messages[i], names[count])) ++count;
  }
  return count;
}

#if defined(__x86_64__)
#define TELEFENCE_WIDE __attribute__((target("avx2,bmi,bmi2,lzcnt")))

// What is the same for all of a burst is to stay in its register: gcc 12 would make it anew for each.
TELEFENCE_WIDE [[gnu::always_inline]] inline __m256i all(char octet) {
  __m256i octets = _mm256_set1_epi8(octet);
  asm("" : "+x"(octets));
  return octets;
}

struct Wide {
  __m256i to_top, below_capitals, case_bit;  // as Chunk::lowered()
  __m256i dot, hyphen, backslash, zero;
};

TELEFENCE_WIDE [[gnu::always_inline]] inline std::uint64_t bits(__m256i which) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(which)); }

TELEFENCE_WIDE [[gnu::always_inline]] inline void mark_32(const std::uint8_t* from, const Wide& wide, char* to, std::uint64_t& usual, std::uint64_t& zero) {
  const __m256i octets = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i is_capital = _mm256_cmpgt_epi8(_mm256_add_epi8(octets, wide.to_top), wide.below_capitals);
  const __m256i lowered = _mm256_or_si256(octets, _mm256_and_si256(is_capital, wide.case_bit));
  const __m256i stays = _mm256_or_si256(_mm256_cmpgt_epi8(lowered, wide.dot), _mm256_cmpeq_epi8(lowered, wide.hyphen));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_blendv_epi8(wide.dot, lowered, stays));
  usual = bits(_mm256_andnot_si256(_mm256_cmpeq_epi8(lowered, wide.backslash), stays));
  zero = bits(_mm256_cmpeq_epi8(octets, wide.zero));
}

TELEFENCE_WIDE [[gnu::always_inline]] inline bool read_by_32(Bytes message, const Wide& wide, PlainName& name) {
  if (!is_plain_query(message)) return false;
  const std::uint8_t* const octets = message.data() + kHeaderBytes;
  std::uint64_t usual[2], zero[2];
  mark_32(octets, wide, name.octets.data(), usual[0], zero[0]);
  mark_32(octets + 32, wide, name.octets.data() + 32, usual[1], zero[1]);
  const Marks marks{~(usual[0] | usual[1] << 32), zero[0] | zero[1] << 32};
  return tell(octets, message.size() - kHeaderBytes - kTypeAndClass, marks, name);
}

TELEFENCE_WIDE std::size_t read_all_by_32(std::span<const Bytes> messages, PlainName* names, std::uint16_t* indexes) {
  const Wide wide{all(0x7f - 'Z'), all(0x7f - 26), all(0x20), all('.'), all('-'), all('\\'), all('\0')};
  std::size_t count = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    indexes[count] = static_cast<std::uint16_t>(i);
    if (read_by_32(messages[i], wide, names[count])) ++count;
  }
  return count;
}

bool has_wide() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt");
}
#else
std::size_t read_all_by_32(std::span<const Bytes> messages, PlainName* names, std::uint16_t* indexes) { return read_all_by_16(messages, names, indexes); }
bool has_wide() { return false; }
#endif

int chosen_way = has_wide() ? 1 : 0;

}  // namespace

std::size_t plain_names(std::span<const Bytes> messages, PlainName* names, std::uint16_t* indexes) {
  return chosen_way == 1 ? read_all_by_32(messages, names, indexes) : read_all_by_16(messages, names, indexes);
}

int plain_name_ways() { return has_wide() ? 2 : 1; }
void force_plain_name_way(int way) { chosen_way = std::min(way, plain_name_ways() - 1); }

}  // namespace telefence::dns
