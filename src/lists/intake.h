// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lists in any format to entries: every value made canonical, and refused, by the compiler that the daemon uses; every line and value
// accounted for (ledger.h). Memory: ten to twenty bytes for each value, whatever its length; what is accepted waits in a temporary
// file. Control thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lists/entry_file.h"
#include "lists/identity.h"
#include "lists/ledger.h"
#include "lists/list_format.h"
#include "lists/meanings.h"
#include "signatures/compiler.h"

namespace telefence {

struct IntakeOptions {
  CompileTerms terms;
  const ListFormat* format = nullptr;  // null: told by content
  Signature common;                    // what an entry is when its list does not say
  std::optional<bool> subdomains;      // of all domains, whatever their list says
  bool keeps_covered = false;          // covered ones stay, and count as accepted
  std::int64_t now_s = 0;              // entries that were over by then hide no others of their value; 0: none is over
  std::size_t most_complaints = 1000;  // kept; all are counted
  std::function<void(const TextSource&)> progress;  // now and then
};

struct FileRead {
  std::string name;
  std::string_view format;
  Ledger ledger;
  std::uint64_t over = 0;  // of those accepted: they ended before they were read, and do nothing
};

// What the accepted entries are.
struct IntakeSummary {
  std::array<std::uint64_t, 4> kinds{};  // by SignatureKind
  std::uint64_t exact_domains = 0;
  std::uint64_t meanings = 0;
  bool is_as_common = true;  // all of them mean what IntakeOptions::common says, and have no names or ids of their own
};

class Intake {
 public:
  Intake(IntakeOptions options, std::shared_ptr<Meanings> meanings = std::make_shared<Meanings>());
  ~Intake();

  // Fails when the file can't be read to its end, or its format can't be told.
  Result<void> read(const std::string& file);
  Result<void> read(TextSource& source);
  // After the last read(): patterns are compiled and run over their samples, covered entries found, sums checked.
  Result<void> finish();

  // The accepted entries in order, after finish(). Stops, with its error, when `take` fails.
  Result<void> each(const std::function<Result<void>(const StoredEntry&)>& take);
  std::string where(const StoredEntry& entry) const;  // file:line

  const std::vector<FileRead>& files() const;
  Ledger total() const;
  const IntakeSummary& summary() const;
  // Lines skipped, values refused, duplicates that mean something else (these are in force as the first one says: left_out).
  const std::vector<Complaint>& complaints() const;
  std::uint64_t complaint_count() const;
  // Patterns in force that miss their own samples, and values that are there twice with another meaning.
  std::uint64_t doubts() const;

  // Whether an entry of another intake (of the same meanings) is here: 0 no, else what it means here.
  std::uint16_t meaning_here(const Signature& signature) const;
  const Meanings& meanings() const;
  // A wider one of that meaning is there.
  bool is_covered(const Signature& signature, std::uint16_t meaning) const;
  std::size_t memory_bytes() const;  // of the values seen

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
