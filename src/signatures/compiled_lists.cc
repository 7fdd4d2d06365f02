// SPDX-License-Identifier: Apache-2.0
#include "signatures/compiled_lists.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "signatures/compiled_layer.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

Json list_json(const ListOptions& list, const struct stat& found) {
  return {list.file,  found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ino,
          static_cast<int>(list.kind), list.allow, list.exact, static_cast<int>(list.sides), list.action,
          static_cast<int>(list.category), list.tier, list.shadow};
}

}  // namespace

std::string lists_key(const SignatureOptions& options, const CompileTerms& terms) {
  Json lists = Json::array();
  for (const ListOptions& list : options.lists) {
    if (list.kind != SignatureKind::kDomain && list.kind != SignatureKind::kNumber) continue;
    struct stat found{};
    if (stat(list.file.c_str(), &found) != 0) return {};
    lists.push_back(list_json(list, found));
    // What an action's number is depends on the program.
    if (!list.action.empty()) lists.back().push_back(terms.action_id ? terms.action_id(list.action) : kNoAction);
  }
  return Json{{"terms", compile_stamp(terms)}, {"lists", lists}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace telefence
