// SPDX-License-Identifier: Apache-2.0
// QUIC over UDP, on any port: the name in the ClientHello that a client's Initials carry. Versions 1 (RFC 9000, 9001) and 2
// (RFC 9369), the drafts that look like version 1, and Google's own QUIC before them.

#include <array>

#include "protocols/protocol.h"
#include "protocols/quic/google_hello.h"
#include "protocols/quic/hello_reader.h"
#include "protocols/quic/long_header.h"

namespace telefence::quic {
namespace {

constexpr std::array<std::uint16_t, 1> kPorts{443};
constexpr std::array<std::string_view, 1> kAnswers{"close"};

// Nothing is known of the flow, and nothing kept.
class NoMemory final : public FlowMemory {
 public:
  Connection find(Bytes) override { return {}; }
  std::size_t list(std::span<Connection>) override { return 0; }
  void belongs_to(Bytes) override {}
  void keep(Bytes, Bytes) override {}
  void finish(Bytes, End) override {}
  void note(Sight) override {}
};

// For callers that have no reader of their own: single datagrams, not on workers.
HelloReader& spare_reader() {
  thread_local HelloReader reader;
  return reader;
}

// The version is 32 bits that nothing else on UDP begins with behind a bit that is set: RTP and STUN have it clear or other words
// there.
bool recognise(const Payload& payload) {
  if (payload.transport != Transport::kUdp) return false;
  LongHeader header;
  return read_long_header(payload.bytes, header) == HeaderFound::kPacket || tells_google_version(payload.bytes);
}

Step extract(const Payload& payload, EventList& events) {
  NoMemory memory;
  return spare_reader().read(payload, memory, events);
}

std::unique_ptr<DatagramReader> make_reader() { return std::make_unique<HelloReader>(); }

WrittenRefusal refuse(const Event& event, const Payload& message, const RefusalTerms& terms, Writer& out) {
  return spare_reader().refuse(event, message, terms, out);
}

}  // namespace

extern constinit const Protocol kProtocol{
    .name = "quic",
    .channel = "web",
    .tcp_ports = {},
    .udp_ports = kPorts,
    .recognise = recognise,
    .extract = extract,
    .make_reader = make_reader,
    .answers = kAnswers,
    .refuse = refuse,
    .default_action = "drop",
};

}  // namespace telefence::quic
