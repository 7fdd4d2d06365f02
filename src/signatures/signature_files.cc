// SPDX-License-Identifier: Apache-2.0
#include "signatures/signature_files.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "signatures/list_files.h"
#include "signatures/pattern_files.h"

namespace telefence {
namespace {

class FilesReader {
 public:
  FilesReader(const CompileTerms& terms, ComplaintList& complaints) : terms_(terms), complaints_(complaints) {}

  void read_list(const ListOptions& list) {
    std::unordered_set<std::uint64_t> seen;  // a value twice in one file is no mistake, and needs one entry only
    const Result<void> read = read_list_file(list, [&](Signature signature) {
      Result<Entry> entry = compile_signature(signature, terms_);
      if (!entry.ok())
        complaints_.add(signature.where, signature.value, entry.error().message);
      else if (seen.insert(entry.value().key).second)
        files_.add(std::move(entry.value()));
    });
    if (!read.ok()) fail(read.error());
  }

  void read_patterns(const std::string& name) {
    const Result<std::vector<std::string>> files = expand_file_name(name);
    if (!files.ok()) return fail(files.error());
    for (const std::string& file : files.value()) {
      Result<PatternFile> read = read_pattern_file(file);
      if (!read.ok()) {
        fail(read.error());
        continue;
      }
      for (Complaint& complaint : read.value().complaints) complaints_.add(std::move(complaint));
      for (Pattern& pattern : read.value().patterns) take(std::move(pattern));
    }
  }

  Result<SignatureFiles> result() {
    if (!failures_.empty()) return Error{ErrorCode::kInvalid, failures_};
    return std::move(files_);
  }

 private:
  void take(Pattern pattern) {
    const Signature& signature = pattern.signature;
    Result<Entry> entry = compile_signature(signature, terms_);
    if (!entry.ok()) return complaints_.add(signature.where, signature.name, entry.error().message);
    if (files_.by_key.contains(entry.value().key))
      return complaints_.add(signature.where, signature.name, "this id is used by another pattern: ids are unique");
    const auto index = static_cast<std::uint32_t>(files_.entries.size());
    files_.samples.push_back({index, {std::move(pattern.must_match), std::move(pattern.must_not_match)}});
    files_.add(std::move(entry.value()));
  }

  void fail(const Error& error) { failures_ += (failures_.empty() ? "" : "; ") + error.message; }

  const CompileTerms& terms_;
  ComplaintList& complaints_;
  SignatureFiles files_;
  std::string failures_;
};

}  // namespace

Result<SignatureFiles> read_signature_files(const SignatureOptions& options, const CompileTerms& terms,
                                            ComplaintList& complaints) {
  FilesReader reader(terms, complaints);
  for (const ListOptions& list : options.lists) reader.read_list(list);
  for (const std::string& name : options.patterns) reader.read_patterns(name);
  return reader.result();
}

}  // namespace telefence
