// SPDX-License-Identifier: Apache-2.0
#include "nic/hugepages.h"

#include <dirent.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include <bit>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace telefence {
namespace {

constexpr std::uint64_t kKibibyte = 1024, kMebibyte = 1024 * 1024;

std::uint64_t number_in_file(const std::string& path) {
  unsigned long long value = 0;
  if (std::FILE* file = std::fopen(path.c_str(), "r")) {
    if (std::fscanf(file, "%llu", &value) != 1) value = 0;
    std::fclose(file);
  }
  return value;
}

// The only sure way to know whether this user may have one is to take one.
bool may_be_taken(std::uint64_t page_bytes) {
  const int size_flag = std::countr_zero(page_bytes) << MAP_HUGE_SHIFT;
  void* page = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag, -1, 0);
  if (page == MAP_FAILED) return false;
  munmap(page, page_bytes);
  return true;
}

std::uint64_t free_hugepage_bytes() {
  const std::string folder = "/sys/kernel/mm/hugepages";
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return 0;
  std::uint64_t bytes = 0;
  while (const dirent* entry = readdir(entries)) {
    constexpr std::string_view kPrefix = "hugepages-";
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    std::uint64_t kib = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), kib);
    const std::uint64_t page = kib * kKibibyte;
    const std::uint64_t count = number_in_file(folder + "/" + std::string(name) + "/free_hugepages");
    if (count != 0 && std::has_single_bit(page) && may_be_taken(page)) bytes += count * page;
  }
  closedir(entries);
  return bytes;
}

std::uint64_t mebibytes(std::uint64_t bytes) { return (bytes + kMebibyte - 1) / kMebibyte; }

}  // namespace

Result<HugepageChoice> choose_hugepages(const std::string& wish, std::uint64_t needed_bytes) {
  HugepageChoice choice;
  if (wish == "off") return choice;
  const std::uint64_t free = free_hugepage_bytes();
  const std::string there = std::to_string(free / kMebibyte) + " MiB of hugepages are free for this user";
  if (wish == "auto") {
    choice.use = free >= needed_bytes;
    if (!choice.use)
      choice.note = "running without hugepages, which is slower: " + there + ", " +
                    std::to_string(mebibytes(needed_bytes)) + " MiB are needed (sysctl vm.nr_hugepages=" +
                    std::to_string(mebibytes(needed_bytes) / 2 + 1) + ")";
    return choice;
  }
  const char* end = wish.data() + wish.size();
  const auto parsed = std::from_chars(wish.data(), end, choice.mib);
  if (parsed.ec != std::errc() || parsed.ptr != end || choice.mib == 0)
    return Error{ErrorCode::kInvalid, "hugepages: \"" + wish + "\" is neither auto nor off nor a size in MiB"};
  if (choice.mib < mebibytes(needed_bytes))
    return Error{ErrorCode::kInvalid, "hugepages: " + wish + " MiB are too few: " +
                                          std::to_string(mebibytes(needed_bytes)) + " MiB are needed"};
  if (free < choice.mib * kMebibyte)
    return Error{ErrorCode::kEnvironment, "hugepages: " + wish + " MiB are configured, but " + there + ": reserve some (sysctl "
                                          "vm.nr_hugepages=" + std::to_string(choice.mib / 2 + 1) + "), or set hugepages: auto"};
  choice.use = true;
  return choice;
}

}  // namespace telefence
