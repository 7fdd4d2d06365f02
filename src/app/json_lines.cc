// SPDX-License-Identifier: Apache-2.0
#include "app/json_lines.h"

#include <cstdio>

#include "app/filter.h"

namespace telefence {

Json to_json(const Mistake& mistake) {
  return {{"file", mistake.file}, {"line", mistake.line}, {"column", mistake.column}, {"key", mistake.key}, {"message", mistake.message}};
}

Json to_json(const Complaint& complaint) {
  return {{"where", complaint.where}, {"value", complaint.value}, {"reason", complaint.reason}};
}

void print(const std::vector<Mistake>& mistakes, const char* kind) {
  for (const Mistake& mistake : mistakes) std::fprintf(stderr, "%s: %s\n", kind, to_text(mistake).c_str());
}

void print(const std::vector<Complaint>& complaints) {
  for (const Complaint& complaint : complaints) std::fprintf(stderr, "left out: %s\n", to_text(complaint).c_str());
}

}  // namespace telefence
