// SPDX-License-Identifier: Apache-2.0
#pragma once

// What tells this build of the program from any other: the id that the linker made of all its code and data (ELF note NT_GNU_BUILD_ID; Debian's
// gcc asks for it), or, without one, the size and time of its file. For what a program leaves on disk for itself. Any thread.

#include <elf.h>
#include <link.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace telefence {

namespace program_id_detail {

// The id among the notes of one segment, as hexadecimal digits; "": it is not there.
inline std::string build_id_in(const unsigned char* notes, std::size_t size) {
  constexpr std::size_t kWord = 4;
  const auto whole = [](std::size_t octets) { return (octets + kWord - 1) / kWord * kWord; };
  for (std::size_t at = 0; size - at >= sizeof(ElfW(Nhdr));) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes + at, sizeof note);
    const std::size_t name = at + sizeof note, value = name + whole(note.n_namesz), end = value + whole(note.n_descsz);
    if (end > size) return {};
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(notes + name, "GNU", 4) == 0) {
      std::string id;
      for (std::size_t i = 0; i < note.n_descsz; ++i) {
        constexpr char kDigits[] = "0123456789abcdef";
        id += kDigits[notes[value + i] >> 4];
        id += kDigits[notes[value + i] & 15];
      }
      return id;
    }
    at = end;
  }
  return {};
}

// The first object is the program itself.
inline int take_build_id(dl_phdr_info* object, std::size_t, void* into) {
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    std::string id = build_id_in(reinterpret_cast<const unsigned char*>(object->dlpi_addr + segment.p_vaddr), segment.p_memsz);
    if (!id.empty()) *static_cast<std::string*>(into) = std::move(id);
  }
  return 1;
}

}  // namespace program_id_detail

inline const std::string& program_id() {
  static const std::string id = [] {
    std::string made;
    dl_iterate_phdr(program_id_detail::take_build_id, &made);
    struct stat found{};
    if (made.empty() && stat("/proc/self/exe", &found) == 0)
      made = std::to_string(found.st_size) + " " + std::to_string(found.st_mtim.tv_sec) + " " + std::to_string(found.st_mtim.tv_nsec);
    return made;
  }();
  return id;
}

}  // namespace telefence
