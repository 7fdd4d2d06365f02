// SPDX-License-Identifier: Apache-2.0
#include "signatures/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include "crypto/hex.h"
#include "crypto/sha256.h"

namespace telefence {
namespace {

constexpr std::string_view kSecretTitle = "telefence secret key, Ed25519";
constexpr std::string_view kPublicTitle = "telefence public key, Ed25519";
constexpr std::size_t kLargestFile = 16 * 1024;
constexpr std::size_t kIdDigits = 16;

Error wrong(const std::string& file, const std::string& why) { return Error{ErrorCode::kInvalid, file + ": " + why}; }

std::string common_lines(const PublicKey& key) {
  std::string text = "id: " + key.id + "\nname: " + key.name + "\n";
  if (!key.made.empty()) text += "made: " + key.made + "\n";
  return text;
}

std::string public_text(const PublicKey& key) {
  return std::string(kPublicTitle) + "\n" + common_lines(key) + "public: " + hex_of(key.key) + "\n";
}

Error system_error(const std::string& what) { return Error{ErrorCode::kEnvironment, what + ": " + std::strerror(errno)}; }

// O_EXCL: whoever is first has the name, and a key is never lost under another.
Result<void> write_new(const std::string& file, const std::string& text, mode_t mode) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0 && errno == EEXIST) return Error{ErrorCode::kUsage, file + " is there already, and keys are never overwritten"};
  if (descriptor < 0) return system_error("can't write " + file);
  const ssize_t written = write(descriptor, text.data(), text.size());
  const bool is_whole = written == static_cast<ssize_t>(text.size()) && fsync(descriptor) == 0;
  const int number = errno;
  close(descriptor);
  if (is_whole) return {};
  unlink(file.c_str());
  errno = number;
  return system_error("can't write " + file);
}

// All of its room: what a string was before it got shorter stays behind its end.
void wipe_text(std::string& text) {
  text.resize(text.capacity());
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  text.clear();
}

// Of a file with a secret nothing stays in memory: what strings leave behind, core files and swap have.
class Lines : public std::map<std::string, std::string> {
 public:
  Lines() = default;
  Lines(Lines&&) = default;
  Lines& operator=(Lines&&) = default;
  ~Lines() {
    for (auto& [name, value] : *this) wipe_text(value);
  }
};

// For a stream, which has a buffer of its own else.
struct WipedBuffer {
  std::array<char, kLargestFile + 1> bytes{};
  ~WipedBuffer() { wipe({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}); }
};

// Has its room from the beginning: what grows leaves copies.
struct WipedText {
  explicit WipedText(std::size_t room) { text.reserve(room); }
  ~WipedText() { wipe_text(text); }
  std::string text;
};

Result<Lines> read_lines(const std::string& file, std::string_view title) {
  WipedBuffer buffer;
  std::ifstream stream;
  stream.rdbuf()->pubsetbuf(buffer.bytes.data(), static_cast<std::streamsize>(buffer.bytes.size()));
  stream.open(file);
  if (!stream) return Error{ErrorCode::kEnvironment, "can't read the key " + file + ": no such file, or no right to read it"};
  WipedText read(kLargestFile);
  std::string& line = read.text;
  std::getline(stream, line);
  if (line != title)
    return wrong(file, line == kSecretTitle   ? "this is a secret key; name the file that ends with .pub"
                       : line == kPublicTitle ? "this is a public key; name the file that ends with .key"
                                              : "this is no key of telefence: its first line is not \"" + std::string(title) + "\"");
  Lines lines;
  std::size_t size = 0;
  while (std::getline(stream, line)) {
    size += line.size();
    if (size > kLargestFile) return wrong(file, "too large for a key");
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) return wrong(file, "a line without \"word: value\"");
    if (!lines.emplace(line.substr(0, colon), line.substr(colon + 2)).second)
      return wrong(file, "'" + line.substr(0, colon) + "' is there twice");
  }
  return lines;
}

Result<PublicKey> public_part(const std::string& file, const Lines& lines, const Ed25519PublicKey& key) {
  const auto text = [&](const char* name) {
    const auto found = lines.find(name);
    return found == lines.end() ? std::string() : found->second;
  };
  PublicKey out{key_id(key), text("name"), text("made"), key};
  // Whoever compared the id by telephone compared nothing when it is another key's.
  if (text("id") != out.id) return wrong(file, "its id does not belong to its key: the file was changed");
  return out;
}

}  // namespace

std::string secret_text(const SigningKey& key, KeyUse use) {
  Ed25519Seed seed = key.secret_.seed();
  std::string secret = hex_of(seed);
  wipe(seed);
  const char* const can = use == KeyUse::kBatches ? "block in your name" : "write receipts in the name of this edge";
  std::string text = std::string(kSecretTitle) + "\n# Whoever has this file can " + can + ".\n" + common_lines(key.public_) + "secret: ";
  text.reserve(text.size() + secret.size() + 1);
  (text += secret) += '\n';
  wipe_text(secret);
  return text;
}

std::string key_id(const Ed25519PublicKey& key) { return hex_of(sha256(as_text(key))).substr(0, kIdDigits); }

SigningKey make_signing_key(std::string name, std::string made) {
  Ed25519Seed seed = new_ed25519_seed();
  Ed25519Secret secret(seed);
  wipe(seed);
  const Ed25519PublicKey key = secret.public_key();
  return SigningKey({key_id(key), std::move(name), std::move(made), key}, std::move(secret));
}

Result<void> write_key_files(const std::string& base, const SigningKey& key, KeyUse use) {
  if (access((base + ".pub").c_str(), F_OK) == 0)
    return Error{ErrorCode::kUsage, base + ".pub is there already, and keys are never overwritten"};
  std::string secret = secret_text(key, use);
  Result<void> written = write_new(base + ".key", secret, 0600);
  wipe_text(secret);
  if (!written.ok()) return written;
  written = write_new(base + ".pub", public_text(key.described()), 0644);
  // Half a pair would be in the way of the next try.
  if (!written.ok()) unlink((base + ".key").c_str());
  return written;
}

Result<SigningKey> read_signing_key(const std::string& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{ErrorCode::kEnvironment, "others than its owner may read the secret key " + file + ": chmod 600 " + file};
  Result<Lines> lines = read_lines(file, kSecretTitle);
  if (!lines.ok()) return lines.error();
  for (const auto& [name, value] : lines.value())
    if (name != "id" && name != "name" && name != "made" && name != "secret") return wrong(file, "unknown word '" + name + "'");
  Ed25519Seed seed{};
  if (!from_hex(lines.value()["secret"], seed)) return wrong(file, "'secret' must be 64 hexadecimal digits");
  Ed25519Secret secret(seed);
  wipe(seed);
  Result<PublicKey> described = public_part(file, lines.value(), secret.public_key());
  if (!described.ok()) return described.error();
  return SigningKey(std::move(described.value()), std::move(secret));
}

Result<PublicKey> read_public_key(const std::string& file) {
  Result<Lines> lines = read_lines(file, kPublicTitle);
  if (!lines.ok()) return lines.error();
  for (const auto& [name, value] : lines.value())
    if (name != "id" && name != "name" && name != "made" && name != "public") return wrong(file, "unknown word '" + name + "'");
  Ed25519PublicKey key{};
  if (!from_hex(lines.value()["public"], key)) return wrong(file, "'public' must be 64 hexadecimal digits");
  return public_part(file, lines.value(), key);
}

}  // namespace telefence
