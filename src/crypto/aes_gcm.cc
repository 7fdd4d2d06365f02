// SPDX-License-Identifier: Apache-2.0
#include "crypto/aes_gcm.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"

namespace telefence {
namespace {

int size_of(Bytes bytes) { return static_cast<int>(bytes.size()); }

// A context that has its cipher. With none given again, setting a key reuses the memory of the last one.
EVP_CIPHER_CTX* context_for(const char* name) {
  EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  // Fails only without memory or without the default provider: nothing that a caller could mend.
  CHECK(cipher != nullptr && context != nullptr);
  CHECK(EVP_CipherInit_ex(context, cipher, nullptr, nullptr, nullptr, 1) == 1);
  EVP_CIPHER_free(cipher);  // the context holds it
  return context;
}

}  // namespace

struct AesGcm::Contexts {
  EVP_CIPHER_CTX* gcm = context_for("AES-128-GCM");
  EVP_CIPHER_CTX* block = context_for("AES-128-ECB");

  Contexts() { CHECK(EVP_CIPHER_CTX_set_padding(block, 0) == 1); }
  ~Contexts() {
    EVP_CIPHER_CTX_free(gcm);
    EVP_CIPHER_CTX_free(block);
  }
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
};

AesGcm::AesGcm() : contexts_(std::make_unique<Contexts>()) {}
AesGcm::~AesGcm() = default;

bool AesGcm::open(const AesKey& key, const GcmNonce& nonce, Bytes associated, Bytes sealed, MutableBytes text) {
  const Bytes body = sealed.first(sealed.size() - kTag);
  DCHECK(text.size() >= body.size());
  std::array<std::uint8_t, kTag> tag;
  const Bytes sent = sealed.last(kTag);
  std::copy(sent.begin(), sent.end(), tag.begin());
  EVP_CIPHER_CTX* const context = contexts_->gcm;
  int written = 0;
  const bool done = EVP_DecryptInit_ex(context, nullptr, nullptr, key.data(), nonce.data()) == 1 &&
                    EVP_DecryptUpdate(context, nullptr, &written, associated.data(), size_of(associated)) == 1 &&
                    EVP_DecryptUpdate(context, text.data(), &written, body.data(), size_of(body)) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTag), tag.data()) == 1;
  DCHECK(done);
  return done && EVP_DecryptFinal_ex(context, text.data() + body.size(), &written) == 1;
}

void AesGcm::seal(const AesKey& key, const GcmNonce& nonce, Bytes associated, Bytes text, MutableBytes sealed) {
  CHECK(sealed.size() == text.size() + kTag);
  EVP_CIPHER_CTX* const context = contexts_->gcm;
  int written = 0;
  CHECK(EVP_EncryptInit_ex(context, nullptr, nullptr, key.data(), nonce.data()) == 1);
  CHECK(EVP_EncryptUpdate(context, nullptr, &written, associated.data(), size_of(associated)) == 1);
  CHECK(EVP_EncryptUpdate(context, sealed.data(), &written, text.data(), size_of(text)) == 1);
  CHECK(EVP_EncryptFinal_ex(context, sealed.data() + text.size(), &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTag), sealed.data() + text.size()) == 1);
}

AesBlock AesGcm::encrypt_block(const AesKey& key, const AesBlock& block) {
  AesBlock result{};
  int written = 0;
  EVP_CIPHER_CTX* const context = contexts_->block;
  CHECK(EVP_EncryptInit_ex(context, nullptr, nullptr, key.data(), nullptr) == 1);
  CHECK(EVP_EncryptUpdate(context, result.data(), &written, block.data(), size_of(block)) == 1);
  return result;
}

}  // namespace telefence
