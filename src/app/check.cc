// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/verbs.h"
#include "config/assemble.h"
#include "config/check.h"
#include "config/loader.h"
#include "signatures/complaint_list.h"
#include "signatures/size_estimate.h"

namespace telefence {
namespace {

struct Findings {
  std::vector<Mistake> mistakes;
  std::vector<Mistake> warnings;
  std::vector<Complaint> complaints;
  bool are_signatures_examined = false;
  SignatureStore::Counts counts;
  std::uint64_t memory_bytes = 0;  // of each worker
  bool sound() const { return mistakes.empty() && count_left_out(complaints) == 0; }
};

bool is_readable(const std::string& file) { return why_unreadable(file).empty(); }

// Sets that can't fit are refused before they are tried.
bool has_room(const Loaded& loaded, const SignatureOptions& options, const Config& config, Findings& findings) {
  const Result<SizeEstimate> size = estimate_size(options, compile_terms(config), false);
  const std::uint64_t available = available_memory();
  if (!size || available == 0) return true;  // who can't be read is told by who reads it
  const std::uint64_t workers = findings.memory_bytes * std::max<std::size_t>(1, config.nic.worker_cores.size());
  const std::uint64_t kept = size.value().kept_bytes;
  const std::uint64_t needed = size.value().bytes + kept + workers;
  if (needed <= available) return true;
  const auto mebibytes = [](std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
  const std::string of_log =
      kept == 0 ? "" : ", the " + std::to_string(size.value().kept_entries) + " entries kept of the change log " + mebibytes(kept);
  findings.mistakes.push_back({loaded.config.file, 0, 0, kept > size.value().bytes ? "policy.state_dir" : "policy.lists",
                               "the lists and pattern files need " + mebibytes(size.value().bytes) + of_log + " and the workers " + mebibytes(workers) + ", together " +
                                   mebibytes(needed) + ", but only " + mebibytes(available) +
                                   " of memory are free: take shorter ones, fewer workers, or more memory"});
  return false;
}

// Also with mistakes elsewhere: an operator wants to know everything at once. Files that can't be read are mistakes already.
void check_signatures(const Loaded& loaded, Findings& findings) {
  if (loaded.root.kind != YamlNode::Kind::kMap) return;  // nothing is known of what the file wants
  SignatureOptions options = loaded.config.signatures;
  std::erase_if(options.lists, [](const ListOptions& list) { return !is_readable(list.file); });
  std::erase_if(options.patterns, [](const std::string& file) { return !is_readable(file); });
  Config config = loaded.config;
  const bool is_country_wrong = std::any_of(findings.mistakes.begin(), findings.mistakes.end(),
                                            [](const Mistake& mistake) { return mistake.key == "policy.home_country"; });
  if (is_country_wrong) config.normalise = {};
  if (!has_room(loaded, options, config, findings)) return;
  SignatureStore store(compile_terms(config));
  if (const Result<void> read = store.load(options, findings.complaints); !read) {
    findings.mistakes.push_back({config.file, 0, 0, "policy", read.error().message});
    return;
  }
  // Patterns are compiled when the set is built.
  (void)store.build(0, findings.complaints);
  findings.counts = store.counts();
  findings.are_signatures_examined = true;
}

void print_json(const Findings& findings) {
  Json out = {{"ok", findings.sound()}, {"mistakes", Json::array()}, {"warnings", Json::array()}, {"complaints", Json::array()}};
  for (const Mistake& mistake : findings.mistakes) out["mistakes"].push_back(to_json(mistake));
  for (const Mistake& warning : findings.warnings) out["warnings"].push_back(to_json(warning));
  for (const Complaint& complaint : findings.complaints) out["complaints"].push_back(to_json(complaint));
  const SignatureStore::Counts& counts = findings.counts;
  out["memory"] = {{"per_worker_bytes", findings.memory_bytes}};
  out["signatures"] = nullptr;  // not examined
  if (findings.are_signatures_examined)
    out["signatures"] = {{"domains", counts.domains}, {"urls", counts.urls},       {"numbers", counts.numbers},
                         {"patterns", counts.patterns}, {"allowed", counts.allowed}};
  std::printf("%s\n", to_line(out).c_str());
}

void print_text(const Findings& findings, const std::string& file, Language language) {
  print(findings.mistakes, kMistake, language);
  print(findings.warnings, kWarning, language);
  print(findings.complaints, language);
  const SignatureStore::Counts& counts = findings.counts;
  const std::string comma(say(language, {", ", "，"}));
  if (findings.are_signatures_examined) {
    std::printf("%s: %s\n", file.c_str(),
                (counted(language, counts.domains, Word::kDomain, Word::kDomains) + comma +
                 counted(language, counts.urls, Word::kUrl, Word::kUrls) + comma +
                 counted(language, counts.numbers, Word::kNumber, Word::kNumbers) + comma +
                 counted(language, counts.patterns, Word::kPattern, Word::kPatterns) + comma +
                 counted(language, counts.allowed, Word::kAllowEntry, Word::kAllowEntries))
                    .c_str());
  }
  std::printf("%s: %s\n", file.c_str(), (std::string(say(language, {"memory: ", "内存："})) + memory_of(language, findings.memory_bytes)).c_str());
  const std::size_t left_out = count_left_out(findings.complaints);
  std::string summary(say(language, {"ok", "正确"}));
  if (!findings.sound()) {
    summary = counted(language, findings.mistakes.size(), {"mistake", "处错误"}, {"mistakes", "处错误"}) + comma;
    summary += findings.are_signatures_examined
                   ? counted(language, left_out, {"signature entry left out", "条规则未采用"}, {"signature entries left out", "条规则未采用"})
                   : std::string(say(language, {"signatures not examined", "规则未检查"}));
  }
  if (const std::size_t doubtful = findings.complaints.size() - left_out; doubtful != 0)
    summary += comma + counted(language, doubtful, {"in force but doubtful", "条存疑但已采用"}, {"in force but doubtful", "条存疑但已采用"});
  std::printf("%s: %s\n", file.c_str(), summary.c_str());
}

}  // namespace

int check(const CheckArguments& arguments) {
  const Loaded loaded = load_config(arguments.config_file);
  Findings findings;
  findings.mistakes = loaded.mistakes;
  findings.warnings = loaded.warnings;
  findings.memory_bytes = memory_for(loaded.config.track);
  check_signatures(loaded, findings);
  if (arguments.json)
    print_json(findings);
  else
    print_text(findings, arguments.config_file, language_of(arguments.language, loaded.config.language));
  return findings.sound() ? kExitOk : kExitInvalid;
}

}  // namespace telefence
