// SPDX-License-Identifier: Apache-2.0
#include "normalise/public_suffixes.h"

#include <libpsl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <unordered_set>
#include <utility>
#include <vector>

#include "normalise/domain.h"

namespace telefence {
namespace {

constexpr const char* kListText = "/usr/share/publicsuffix/public_suffix_list.dat";

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// Names, and in front of them one bit for each of some hashes: nearly all that is asked for is not among them, and that is known
// without a search.
class Names {
 public:
  void insert(std::string name) {
    mark(Hash{}(name));
    names_.insert(std::move(name));
  }
  bool contains(std::string_view name) const { return is_marked(Hash{}(name)) && names_.contains(name); }
  bool empty() const { return names_.empty(); }

 private:
  static constexpr std::size_t kBits = std::size_t{1} << 20;
  void mark(std::size_t hash) { bits_[hash % kBits / 64] |= std::uint64_t{1} << hash % 64; }
  bool is_marked(std::size_t hash) const { return (bits_[hash % kBits / 64] >> hash % 64 & 1) != 0; }

  std::unordered_set<std::string, Hash, std::equal_to<>> names_;
  std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(kBits / 64);
};

const psl_ctx_t* library_list() {
  static psl_ctx_t* const list = psl_latest(nullptr);  // the newest list of the system, else the built-in one
  return list;
}

// psl_latest() takes the newer of the list on disk and its own; the text is of the same package as the one on disk.
bool is_text_newest() {
  struct stat found{};
  return stat(kListText, &found) == 0 && found.st_mtime >= psl_builtin_file_time();
}

// Of the text, the same in all processes (FNV-1a).
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char octet : text) hash = (hash ^ static_cast<unsigned char>(octet)) * 0x100000001b3;
  return std::to_string(hash);
}

// What is on disk is read at one moment and never again: names are judged by it, and what they came to bears its stamp, as long as the process
// lives, whatever a package puts there meanwhile.
struct SystemList {
  std::string text;  // "": libpsl is asked
  std::string stamp;

  SystemList() {
    if (is_text_newest()) {
      std::ifstream stream(kListText);
      text.assign(std::istreambuf_iterator<char>(stream), {});
    }
    if (!text.empty()) {
      stamp = hash_of(text);
      return;
    }
    // Its own, or the one that it finds on disk.
    struct stat found{};
    const char* const file = psl_dist_filename();
    const bool is_there = file != nullptr && stat(file, &found) == 0;
    (void)library_list();
    stamp = psl_builtin_sha1sum();
    if (is_there) stamp += " " + std::to_string(found.st_mtime) + " " + std::to_string(found.st_size);
  }
  static const SystemList& get() {
    static const SystemList list;
    return list;
  }
};

}  // namespace

struct PublicSuffixes::Rules {
  Names names;       // co.uk
  Names parents;     // of *.ck: ck
  Names exceptions;  // of !www.ck: www.ck

  void add(std::string_view line) {
    Names* into = &names;
    if (line.starts_with("!")) {
      into = &exceptions;
      line.remove_prefix(1);
    } else if (line.starts_with("*.")) {
      into = &parents;
      line.remove_prefix(2);
    }
    if (Result<std::string> name = canonical_domain_from_text(line); name.ok()) into->insert(std::move(name.value()));
  }
};

PublicSuffixes::PublicSuffixes(std::unique_ptr<Rules> rules) : rules_(std::move(rules)) {}
PublicSuffixes::~PublicSuffixes() = default;

std::unique_ptr<PublicSuffixes> PublicSuffixes::from_text(std::string_view text) {
  auto rules = std::make_unique<Rules>();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with("//")) continue;
    const std::string_view rule = line.substr(0, line.find_first_of(" \t\r"));  // rules end at the first blank
    if (!rule.empty()) rules->add(rule);
  }
  if (rules->names.empty()) return nullptr;
  return std::unique_ptr<PublicSuffixes>(new PublicSuffixes(std::move(rules)));
}

const PublicSuffixes& PublicSuffixes::of_system() {
  static const std::unique_ptr<PublicSuffixes> list = [] {
    std::unique_ptr<PublicSuffixes> read = from_text(SystemList::get().text);
    return read != nullptr ? std::move(read) : std::unique_ptr<PublicSuffixes>(new PublicSuffixes(nullptr));
  }();
  return *list;
}

std::string PublicSuffixes::stamp() { return SystemList::get().stamp; }

bool PublicSuffixes::contains(std::string_view name) const {
  if (rules_ == nullptr) {
    const psl_ctx_t* list = library_list();
    return list != nullptr && psl_is_public_suffix(list, std::string(name).c_str()) == 1;
  }
  if (name.find('.') == std::string_view::npos) return true;  // the rule * for what no other rule is about
  // Who has *.ck has ck, too: libpsl reads it so, and nobody has a site there.
  if (rules_->names.contains(name) || rules_->parents.contains(name)) return true;
  const std::string_view parent = name.substr(name.find('.') + 1);
  return rules_->parents.contains(parent) && !rules_->exceptions.contains(name);
}

}  // namespace telefence
