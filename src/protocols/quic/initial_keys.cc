// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/initial_keys.h"

namespace telefence::quic {

KeyMaker::KeyMaker() {
  salts_.reserve(kVersionCount);
  for (const Version& version : versions()) salts_.emplace_back(version.salt);
}

InitialKeys KeyMaker::make(const Version& version, Bytes destination_id, Side side) const {
  const HmacSha256& salt = salts_[static_cast<std::size_t>(&version - versions().data())];
  const HmacSha256 initial_secret(salt.of(destination_id));
  Sha256Digest side_secret;
  hkdf_expand_label(initial_secret, side == Side::kClient ? "client in" : "server in", side_secret);
  const HmacSha256 secret(side_secret);
  InitialKeys keys;
  hkdf_expand_label(secret, version.key_label, keys.key);
  hkdf_expand_label(secret, version.iv_label, keys.iv);
  hkdf_expand_label(secret, version.hp_label, keys.hp);
  return keys;
}

}  // namespace telefence::quic
