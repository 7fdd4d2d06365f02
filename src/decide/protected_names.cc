// SPDX-License-Identifier: Apache-2.0
#include "decide/protected_names.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "normalise/domain.h"

namespace telefence {
namespace {

std::string_view value_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

Result<void> read_file(const std::string& file, std::vector<std::string>& names) {
  std::ifstream stream(file);
  if (!stream) return Error{ErrorCode::kInvalid, "can't read " + file + ": " + std::strerror(errno)};
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    std::string_view text = line;
    if (number == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    text = value_of(text);
    if (text.empty()) continue;
    Result<std::string> name = canonical_domain_from_text(text);
    if (!name.ok())
      return Error{ErrorCode::kInvalid, file + ":" + std::to_string(number) + ": \"" + std::string(text) + "\" is no domain name: " + name.error().message};
    names.push_back(std::move(name.value()));
  }
  if (stream.bad()) return Error{ErrorCode::kInvalid, "can't read " + file + ": " + std::strerror(errno)};
  return {};
}

}  // namespace

void ProtectedNames::add(const std::string& name) {
  const auto mark = [this](std::string_view of) {
    const std::size_t bit = bit_of(of);
    bits_[bit / 64] |= std::uint64_t{1} << bit % 64;
  };
  for (const std::string& one : {name, "www." + name}) {
    names_[one] = "";
    mark(one);
  }
  ++count_;
  std::string_view parent = name;
  for (std::size_t dot = parent.find('.'); dot != std::string_view::npos; dot = parent.find('.')) {
    parent.remove_prefix(dot + 1);
    names_.try_emplace(std::string(parent), name);
    mark(parent);
  }
}

void ProtectedNames::add_stamp() {
  std::vector<std::string> all;
  for (const auto& [name, below] : names_) all.push_back(below.empty() ? name : "*." + name);
  std::sort(all.begin(), all.end());
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a: other names, not an enemy's
  for (const std::string& one : all)
    for (const char c : one + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  stamp_ = std::to_string(all.size()) + "-" + std::to_string(hash);
}

std::shared_ptr<const ProtectedNames> ProtectedNames::of(const std::vector<std::string>& canonical_names) {
  auto out = std::make_shared<ProtectedNames>();
  for (const std::string& name : canonical_names) out->add(name);
  out->add_stamp();
  return out;
}

Result<std::shared_ptr<const ProtectedNames>> ProtectedNames::read(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files)
    if (Result<void> read = read_file(file, names); !read.ok()) return read.error();
  return of(names);
}

std::string ProtectedNames::refuse(std::string_view name, bool subdomains) const {
  if (!may_refuse(name)) return {};
  const auto found = names_.find(name);
  if (found == names_.end()) return {};
  if (found->second.empty())
    return domain_for_people(name) + " is a protected name, which everybody needs: only what is below it can be blocked (policy.protected)";
  if (!subdomains) return {};
  return "this would also block " + domain_for_people(found->second) +
         ", a protected name, which everybody needs: block the names below by themselves (policy.protected)";
}

}  // namespace telefence
