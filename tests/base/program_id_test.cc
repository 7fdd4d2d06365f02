// SPDX-License-Identifier: Apache-2.0
#include "base/program_id.h"

#include <gtest/gtest.h>

#include <vector>

namespace telefence {
namespace {

std::vector<unsigned char> note(std::string_view name, unsigned type, std::string_view value) {
  std::vector<unsigned char> out(sizeof(ElfW(Nhdr)));
  ElfW(Nhdr) header{};
  header.n_namesz = static_cast<ElfW(Word)>(name.size());
  header.n_descsz = static_cast<ElfW(Word)>(value.size());
  header.n_type = type;
  std::memcpy(out.data(), &header, sizeof header);
  for (const std::string_view part : {name, value}) {
    out.insert(out.end(), part.begin(), part.end());
    out.resize((out.size() + 3) / 4 * 4);
  }
  return out;
}

std::string id_in(const std::vector<unsigned char>& notes, std::size_t size) { return program_id_detail::build_id_in(notes.data(), size); }

TEST(ProgramId, IsFoundAmongOtherNotes) {
  using namespace std::string_view_literals;
  std::vector<unsigned char> notes = note("Other\0"sv, 7, "12345"sv);
  for (const auto& more : {note("GNU\0"sv, NT_GNU_ABI_TAG, "abcd"sv), note("GNX\0"sv, NT_GNU_BUILD_ID, "no"sv), note("GNU\0"sv, NT_GNU_BUILD_ID, "\x01\xab\xff"sv)})
    notes.insert(notes.end(), more.begin(), more.end());
  EXPECT_EQ(id_in(notes, notes.size()), "01abff");
  for (std::size_t size = 0; size + 1 < notes.size(); ++size) EXPECT_EQ(id_in(notes, size), "") << size << ": it is cut";
}

TEST(ProgramId, OfThisProgramIsThere) {
  EXPECT_GE(program_id().size(), 16u) << program_id();
  EXPECT_EQ(program_id(), program_id());
}

}  // namespace
}  // namespace telefence
