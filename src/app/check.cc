// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "app/command_line.h"
#include "app/filter.h"
#include "app/json_lines.h"
#include "app/verbs.h"
#include "config/loader.h"

namespace telefence {
namespace {

struct Findings {
  std::vector<Mistake> mistakes;
  std::vector<Mistake> warnings;
  std::vector<Complaint> complaints;
  SignatureStore::Counts counts;
  bool sound() const { return mistakes.empty() && complaints.empty(); }
};

void check_signatures(const Config& config, Findings& findings) {
  Result<std::unique_ptr<Filter>> filter = Filter::make(config);
  if (!filter) {
    findings.mistakes.push_back({config.file, 0, 0, "policy", filter.error().message});
    return;
  }
  findings.complaints = filter.value()->complaints();
  findings.counts = filter.value()->counts();
}

void print_json(const Findings& findings) {
  Json out = {{"ok", findings.sound()}, {"mistakes", Json::array()}, {"warnings", Json::array()}, {"complaints", Json::array()}};
  for (const Mistake& mistake : findings.mistakes) out["mistakes"].push_back(to_json(mistake));
  for (const Mistake& warning : findings.warnings) out["warnings"].push_back(to_json(warning));
  for (const Complaint& complaint : findings.complaints) out["complaints"].push_back(to_json(complaint));
  const SignatureStore::Counts& counts = findings.counts;
  out["signatures"] = {{"domains", counts.domains}, {"urls", counts.urls},       {"numbers", counts.numbers},
                       {"patterns", counts.patterns}, {"allowed", counts.allowed}};
  std::printf("%s\n", to_line(out).c_str());
}

void print_text(const Findings& findings, const std::string& file) {
  print(findings.mistakes, "mistake");
  print(findings.warnings, "warning");
  print(findings.complaints);
  const SignatureStore::Counts& counts = findings.counts;
  if (findings.mistakes.empty()) {
    std::printf("%s: %llu domains, %llu URLs, %llu numbers, %llu patterns, %llu allow entries\n", file.c_str(),
                static_cast<unsigned long long>(counts.domains), static_cast<unsigned long long>(counts.urls),
                static_cast<unsigned long long>(counts.numbers), static_cast<unsigned long long>(counts.patterns),
                static_cast<unsigned long long>(counts.allowed));
  }
  if (findings.sound())
    std::printf("%s: ok\n", file.c_str());
  else
    std::printf("%s: %zu mistakes, %zu signature entries left out\n", file.c_str(), findings.mistakes.size(),
                findings.complaints.size());
}

}  // namespace

int check(const CheckArguments& arguments) {
  const Loaded loaded = load_config(arguments.config_file);
  Findings findings;
  findings.mistakes = loaded.mistakes;
  findings.warnings = loaded.warnings;
  if (findings.mistakes.empty()) check_signatures(loaded.config, findings);
  if (arguments.json)
    print_json(findings);
  else
    print_text(findings, arguments.config_file);
  return findings.sound() ? kExitOk : kExitInvalid;
}

}  // namespace telefence
