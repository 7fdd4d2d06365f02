// SPDX-License-Identifier: Apache-2.0
#include "app/node_keys.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace telefence {
namespace {

// The files of a folder that end with .pub, in their order.
std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".pub") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<NodeKeys> NodeKeys::load(const std::vector<std::string>& paths) {
  NodeKeys out;
  std::map<std::string, std::string> file_of;
  for (const std::string& path : paths) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(path, ignored);
    const std::vector<std::string> files = is_folder ? files_in(path) : std::vector<std::string>{path};
    if (files.empty()) return Error{ErrorCode::kUsage, path + ": no file here ends with .pub"};
    for (const std::string& file : files) {
      Result<PublicKey> key = read_public_key(file);
      if (!key) return key.error();
      const auto [place, is_new] = file_of.emplace(key.value().name, file);
      if (!is_new) return Error{ErrorCode::kUsage, file + " and " + place->second + " are both keys of the node '" + place->first + "': one for each"};
      out.keys_.emplace(place->first, std::move(key.value()));
    }
  }
  return out;
}

Result<ReceiptFields> NodeKeys::proved(const std::string& node, std::string_view redis_key, ReceiptFields fields) const {
  if (keys_.empty()) return fields;
  const auto key = keys_.find(node);
  if (key == keys_.end()) return Error{ErrorCode::kInvalid, "no key of a node of this name is among --node-keys"};
  return proved_fields(key->second, redis_key, fields);
}

}  // namespace telefence
