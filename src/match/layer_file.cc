// SPDX-License-Identifier: Apache-2.0
// A layer on disk, as it lies in memory: a header, the terms as text, then the tables' memory, and a checksum over all of it. Only for
// the same program on the same kind of machine, and with the same secret of the hashes: anything else is not read, and the layer is
// made anew from what it was made of. Written beside its name and moved there, so that the name never holds half a file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "match/keyed_hash.h"
#include "match/layer.h"

namespace telefence {
namespace {

constexpr std::array<char, 8> kMagic = {'t', 'f', 'l', 'a', 'y', 'e', 'r', '\n'};
constexpr std::uint32_t kFormat = 5;  // of the tables' memory, too: raise it when their shape changes
constexpr std::size_t kPiece = std::size_t{8} << 20;
constexpr std::size_t kLongestText = std::size_t{64} << 20;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t format = kFormat;
  std::uint32_t byte_order = 0x01020304;
  std::uint64_t secret = 0;  // a hash of the secret, which is not told to the file
  std::uint64_t key_size = 0;
  std::uint64_t note_size = 0;
  std::uint64_t terms_size = 0;
  DomainTable::Shape domains;
  NumberTable::Shape numbers;
};
static_assert(std::is_trivially_copyable_v<Header>);

std::uint64_t hash_of_secret() {
  const auto& words = table_secret().words;
  return stable_hash({reinterpret_cast<const char*>(words.data()), sizeof words}, 1);
}

// An open file and the checksum of what went through it.
class Stream {
 public:
  explicit Stream(int file) : file_(file) {}
  ~Stream() {
    if (file_ >= 0) ::close(file_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool is_open() const { return file_ >= 0; }
  bool write(const void* data, std::size_t size) {
    return in_pieces(static_cast<const char*>(data), size, [this](const char* at, std::size_t left) { return ::write(file_, at, left); });
  }
  bool read(void* data, std::size_t size) {
    char* const into = static_cast<char*>(data);
    return in_pieces(into, size, [&](const char* at, std::size_t left) { return ::read(file_, into + (at - into), left); });
  }
  std::uint64_t checksum() const { return checksum_; }
  bool sync() const { return fsync(file_) == 0; }

 private:
  // The checksum is taken of pieces of a fixed size of each part, so that reading and writing need not agree on more.
  template <typename Move>
  bool in_pieces(const char* data, std::size_t size, Move move) {
    for (std::size_t done = 0; done < size;) {
      const std::size_t piece = std::min(kPiece, size - done);
      for (std::size_t moved = 0; moved < piece;) {
        const ssize_t got = move(data + done + moved, piece - moved);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        moved += static_cast<std::size_t>(got);
      }
      checksum_ = stable_hash({data + done, piece}, checksum_);
      done += piece;
    }
    return true;
  }

  int file_;
  std::uint64_t checksum_ = 0;
};

void append_number(std::string& text, std::uint64_t value) { (text += std::to_string(value)) += ' '; }

std::string written_terms(const std::vector<Terms>& all) {
  std::string text;
  for (const Terms& terms : all) {
    append_number(text, static_cast<std::uint64_t>(terms.kind));
    append_number(text, terms.allow ? 1 : 0);
    append_number(text, terms.shadow ? 1 : 0);
    append_number(text, terms.action);
    append_number(text, static_cast<std::uint64_t>(terms.category));
    append_number(text, terms.tier);
    append_number(text, terms.sides);
    append_number(text, terms.source.size());
    text += terms.source;
    text += '\n';
  }
  return text;
}

bool take_number(std::string_view& text, std::uint64_t most, std::uint64_t& value) {
  value = 0;
  std::size_t at = 0;
  while (at < text.size() && at < 12 && text[at] >= '0' && text[at] <= '9') value = value * 10 + static_cast<std::uint64_t>(text[at++] - '0');
  if (at == 0 || at == text.size() || text[at] != ' ' || value > most) return false;
  text.remove_prefix(at + 1);
  return true;
}

bool take_terms(std::string_view& text, Terms& terms) {
  std::array<std::uint64_t, 8> numbers{};
  constexpr std::array<std::uint64_t, 8> kMost = {3, 1, 1, 255, kCategoryCount - 1, 255, 3, 1 << 20};
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (!take_number(text, kMost[i], numbers[i])) return false;
  if (text.size() <= numbers[7] || text[numbers[7]] != '\n') return false;
  terms = {static_cast<SignatureKind>(numbers[0]), numbers[1] != 0, numbers[2] != 0, static_cast<ActionId>(numbers[3]),
           static_cast<Category>(numbers[4]), static_cast<Tier>(numbers[5]), static_cast<std::uint8_t>(numbers[6]),
           std::string(text.substr(0, numbers[7]))};
  text.remove_prefix(numbers[7] + 1);
  return true;
}

Error failed(const std::string& file, const std::string& what) { return {ErrorCode::kFailed, file + ": " + what}; }

// Makes the name of a file in a folder lasting.
bool sync_folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const Stream folder(::open(slash == std::string::npos ? "." : file.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.is_open() && folder.sync();
}

}  // namespace

Result<void> Layer::write(const std::string& file, const LayerPapers& papers) const {
  const std::string terms = written_terms(terms_.all());
  Header header;
  std::memset(static_cast<void*>(&header), 0, sizeof header);  // the padding is written, too
  header = Header{};
  header.secret = hash_of_secret();
  header.key_size = papers.key.size();
  header.note_size = papers.note.size();
  header.terms_size = terms.size();
  header.domains = domains_.shape();
  header.numbers = numbers_.shape();
  const std::string beside = file + ".new";
  bool is_written = false;
  {
    Stream stream(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    bool is_fine = stream.is_open() && stream.write(&header, sizeof header) && stream.write(papers.key.data(), papers.key.size()) &&
                   stream.write(papers.note.data(), papers.note.size()) && stream.write(terms.data(), terms.size());
    const auto visit = [&](const void* data, std::size_t size) { is_fine = is_fine && stream.write(data, size); };
    domains_.visit_memory(visit);
    numbers_.visit_memory(visit);
    const std::uint64_t checksum = stream.checksum();
    is_written = is_fine && stream.write(&checksum, sizeof checksum) && stream.sync();
  }
  if (is_written && ::rename(beside.c_str(), file.c_str()) == 0) {
    (void)sync_folder_of(file);
    return {};
  }
  const Error error = failed(file, std::string("can't be written: ") + std::strerror(errno));
  (void)::unlink(beside.c_str());
  return error;
}

Result<std::unique_ptr<Layer>> Layer::read(const std::string& file, LayerPapers& papers) {
  Stream stream(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!stream.is_open()) return failed(file, std::strerror(errno));
  Header header;
  if (!stream.read(&header, sizeof header) || header.magic != kMagic) return failed(file, "it is no compiled list");
  if (header.format != kFormat || header.byte_order != Header{}.byte_order) return failed(file, "it is of another version of this program");
  if (header.secret != hash_of_secret()) return failed(file, "it was made under another secret");
  if (header.key_size != papers.key.size()) return failed(file, "it was made of other lists");
  std::string text(papers.key.size(), '\0');
  if (!stream.read(text.data(), text.size()) || text != papers.key) return failed(file, "it was made of other lists");
  struct stat found{};
  if (stat(file.c_str(), &found) != 0 || std::max(header.terms_size, header.note_size) > kLongestText) return failed(file, "its header is damaged");
  // No more memory is taken than the file has octets for.
  const auto size = static_cast<std::uint64_t>(found.st_size);
  const DomainTable::Shape& domains = header.domains;
  const NumberTable::Shape& numbers = header.numbers;
  constexpr std::size_t kSlot = 8;
  const bool has_room = domains.room <= size / kSlot && numbers.room <= size / kSlot && domains.stored <= size && numbers.others <= size / NumberTable::other_bytes();
  if (!has_room || domains.names > domains.room || numbers.numbers > numbers.room || domains.stored > NameStore::kMost)
    return failed(file, "its header is damaged");
  std::string note(header.note_size, '\0');
  std::string terms_text(header.terms_size, '\0');
  bool is_fine = stream.read(note.data(), note.size()) && stream.read(terms_text.data(), terms_text.size());
  auto layer = std::make_unique<Layer>();
  const auto visit = [&](void* data, std::size_t octets) { is_fine = is_fine && stream.read(data, octets); };
  layer->domains_.fill_memory(domains, visit);
  layer->numbers_.fill_memory(numbers, visit);
  const std::uint64_t expected = stream.checksum();
  std::uint64_t checksum = 0;
  if (!is_fine || !stream.read(&checksum, sizeof checksum) || checksum != expected) return failed(file, "it is damaged");
  // Only now: what is computed of damaged numbers may lead anywhere.
  layer->numbers_.index_filled();
  std::string_view rest = terms_text;
  for (Terms terms; !rest.empty();) {
    const std::size_t before = layer->terms_.size();
    if (!take_terms(rest, terms) || layer->intern(terms) != before) return failed(file, "its terms are damaged");
  }
  layer->name_what_is_allowed();
  papers.note = std::move(note);
  return layer;
}

}  // namespace telefence
