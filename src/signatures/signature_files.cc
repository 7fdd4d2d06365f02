// SPDX-License-Identifier: Apache-2.0
#include "signatures/signature_files.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "signatures/compiled_layer.h"
#include "signatures/compiled_lists.h"
#include "signatures/list_files.h"
#include "signatures/pattern_files.h"

namespace telefence {
namespace {

class FilesReader {
 public:
  FilesReader(const SignatureOptions& options, const CompileTerms& terms, ComplaintList& complaints)
      : options_(options), terms_(terms), complaints_(complaints) {}

  // Domains and numbers, from what was compiled before where that is of these lists.
  void read_tables() {
    const std::string key = options_.state_dir.empty() ? std::string() : lists_key(options_, terms_);
    const std::string file = compiled_lists_file(options_.state_dir);
    if (!key.empty()) {
      if (Result<CompiledLayer> compiled = read_compiled_layer(file, key); compiled.ok()) return take(compiled.value());
    }
    CompiledLayer made;
    {
      ComplaintList complaints(made.complaints);
      const auto layer = std::make_shared<Layer>();
      for (const ListOptions& list : options_.lists) {
        if (list.kind == SignatureKind::kUrl) continue;
        if (const Result<void> read = load_list_file(list, terms_, *layer, complaints); !read.ok()) fail(read.error());
      }
      layer->finish();
      made.layer = layer;
      made.complaint_count = complaints.count();
      made.left_out = complaints.left_out();
    }
    // A list that was changed while it was read is not what the key says.
    if (options_.keeps_compiled && !key.empty() && failures_.empty() && key == lists_key(options_, terms_))
      keep_ = [file, key, made] { return write_compiled_layer(file, key, made); };
    take(made);
  }

  void read_url_lists() {
    for (const ListOptions& list : options_.lists) {
      if (list.kind != SignatureKind::kUrl) continue;
      if (const Result<void> read = read_urls(list); !read.ok()) fail(read.error());
    }
  }

  void read_patterns(const std::string& name) {
    const Result<std::vector<std::string>> files = expand_file_name(name);
    if (!files.ok()) return fail(files.error());
    for (const std::string& file : files.value()) {
      names_.insert(file);
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
    for (const ListOptions& list : options_.lists) names_.insert(list.file);
    return SignatureFiles{std::move(layer_), std::move(patterns_), std::move(names_), std::move(keep_)};
  }

 private:
  void take(const CompiledLayer& lists) {
    layer_ = lists.layer;
    complaints_.add_all(lists.complaints, lists.complaint_count, lists.left_out);
  }

  Result<void> read_urls(const ListOptions& list) {
    std::unordered_set<std::uint64_t> seen;  // a value twice in one file is no mistake, and needs one entry only
    return read_list_file(list, [&](Signature signature) {
      Result<Entry> entry = compile_signature(signature, terms_);
      if (!entry.ok())
        complaints_.add(signature.where, signature.value, entry.error().message);
      else if (seen.insert(entry.value().key).second)
        patterns_.add(std::move(entry.value()));
    });
  }

  void take(Pattern pattern) {
    const Signature& signature = pattern.signature;
    Result<Entry> entry = compile_signature(signature, terms_);
    if (!entry.ok()) return complaints_.add(signature.where, signature.name, entry.error().message);
    if (patterns_.by_key.contains(entry.value().key))
      return complaints_.add(signature.where, signature.name, "this id is used by another pattern: ids are unique");
    const auto index = static_cast<std::uint32_t>(patterns_.entries.size());
    patterns_.samples.push_back({index, {std::move(pattern.must_match), std::move(pattern.must_not_match)}});
    patterns_.add(std::move(entry.value()));
  }

  void fail(const Error& error) { failures_ += (failures_.empty() ? "" : "; ") + error.message; }

  const SignatureOptions& options_;
  const CompileTerms& terms_;
  ComplaintList& complaints_;
  std::shared_ptr<const Layer> layer_;
  std::function<Result<void>()> keep_;
  FilePatterns patterns_;
  std::set<std::string> names_;
  std::string failures_;
};

}  // namespace

Result<SignatureFiles> read_signature_files(const SignatureOptions& options, const CompileTerms& terms,
                                            ComplaintList& complaints) {
  FilesReader reader(options, terms, complaints);
  reader.read_tables();
  reader.read_url_lists();
  for (const std::string& name : options.patterns) reader.read_patterns(name);
  return reader.result();
}

}  // namespace telefence
