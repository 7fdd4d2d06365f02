// SPDX-License-Identifier: Apache-2.0
// Beside traffic.cc, whose names it uses: hellos have to be sealed.
#include "protocols/tls/hello.h"
#include "support/quic_initial.h"
#include "traffic.h"

namespace telefence::perf {

std::string quic_initial(const std::string& name, std::uint64_t id) {
  using namespace tls;
  testing::InitialShape shape;
  for (std::size_t i = 0; i < shape.destination_id.size(); ++i) shape.destination_id[i] = static_cast<std::uint8_t>(id >> (8 * i));
  shape.frames = testing::crypto_frame(
      0, client_hello(join({extension(10, {0, 2, 0, 29}), server_name(name), extension(51, Octets(38, 7)), extension(57, Octets(100, 4))})));
  const testing::Octets datagram = initial(shape);
  return {datagram.begin(), datagram.end()};
}

}  // namespace telefence::perf
