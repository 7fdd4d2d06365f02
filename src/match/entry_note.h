// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a table keeps of one entry beside its value, and what the entries of one value in newer and older layers come to.

#include <cstdint>
#include <span>
#include <vector>

namespace telefence {

struct EntryNote {
  std::uint16_t terms = 0;      // index in the layer's TermsList
  bool subdomains = false;      // domains
  // No entry, but the newest word about a value: an older layer's word counts no more.
  enum class Word : std::uint8_t {
    kEntry,
    kRemoved,  // neither does what files block
    kEnded,    // what files say is in force again
  };
  Word word = Word::kEntry;
  std::uint64_t id = 0;         // 0 = made from value and source
  std::int64_t expires_s = 0;   // 0 = never

  bool is_expired(std::int64_t now_s) const { return expires_s != 0 && now_s >= expires_s; }
  friend bool operator==(const EntryNote&, const EntryNote&) = default;
};

using EntryNotes = std::vector<EntryNote>;  // of one value; control thread

// Layers are asked about a value from the newest to the oldest: those of the log, then the files'.
class WordOrder {
 public:
  bool wants_log() const { return !log_has_spoken_; }
  bool wants_blocks_of_files() const { return !is_worded_; }

  // What a layer of the log has about the value.
  void hear(const EntryNote& note, std::int64_t now_s) {
    log_has_spoken_ = true;
    is_worded_ |= note.word == EntryNote::Word::kRemoved || (note.word == EntryNote::Word::kEntry && !note.is_expired(now_s));
  }

 private:
  bool log_has_spoken_ = false;
  bool is_worded_ = false;
};

}  // namespace telefence
