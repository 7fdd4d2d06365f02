// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/hello_reader.h"

#include <algorithm>

#include "base/check.h"
#include "base/reader.h"
#include "protocols/quic/close.h"
#include "protocols/quic/google_hello.h"

namespace telefence::quic {
namespace {

// RFC 9000, 14.1: a server discards the Initial of a connection that it does not know when its datagram is smaller.
constexpr std::size_t kSmallestDatagram = 1200;
// RFC 9000, 7.2: of the id that a client chooses for its first Initial.
constexpr std::size_t kShortestFirstId = 8;
// All packets of a datagram are for one connection (RFC 9000, 12.2). More are read, in case a receiver does not mind, but making
// keys, and trying others, is what costs.
constexpr unsigned kMostTries = 16;

using Sight = FlowMemory::Sight;
using Standing = FlowMemory::Standing;

template <typename Array>
void read_into(Reader& reader, Array& array) {
  const Bytes bytes = reader.bytes(array.size());
  std::copy(bytes.begin(), bytes.end(), array.begin());
}

InitialKeys read_keys(Reader& note) {
  InitialKeys keys;
  read_into(note, keys.key);
  read_into(note, keys.iv);
  read_into(note, keys.hp);
  return keys;
}

void write_keys(const InitialKeys& keys, Writer& note) {
  note.bytes(keys.key);
  note.bytes(keys.iv);
  note.bytes(keys.hp);
}

// A hello in the clear, of which each copy is judged by itself: nothing need be known of its connection.
Step read_google(const Payload& payload, EventList& events) {
  const std::size_t at = find_google_hello(payload.bytes);
  if (at == 0) return {};
  const Bytes message = payload.bytes.subspan(at);
  wire::ClientHello hello;
  const wire::HelloFound found = read_google_hello(message, hello);
  if (found == wire::HelloFound::kMalformed) return {};
  if (found == wire::HelloFound::kCut) return {Progress::kNeedMore, 0, 0};
  UrlVisit visit;
  visit.via = UrlVisit::Via::kQuic;
  visit.host = hello.server_name;
  events.push({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(message.size())}, 0, visit);
  return {Progress::kDone, static_cast<std::uint32_t>(payload.bytes.size()), 0};
}

}  // namespace

HelloReader::HelloReader()
    : stream_(std::make_unique<CryptoStream>()),
      note_(std::make_unique<std::array<std::uint8_t, FlowMemory::kLongestNote>>()) {}

HelloReader::Mark HelloReader::mark_of(const LongHeader& header) {
  Mark mark;
  Writer writer(mark.bytes);
  writer.u32(header.version_number);
  writer.bytes(header.destination_id);
  mark.size = static_cast<std::uint8_t>(writer.size());
  return mark;
}

bool HelloReader::is_current(const Mark& mark) const {
  return mark_.size != 0 && (mark == mark_ || mark == other_mark_);
}

Step HelloReader::read(const Payload& payload, FlowMemory& memory, EventList& events) {
  if (payload.transport != Transport::kUdp) return {};
  if (!may_be_long_header(payload.bytes)) return read_google(payload, events);
  Datagram datagram{payload, memory, events};
  bool is_first = true;
  for (Bytes rest = payload.bytes; !rest.empty();) {
    LongHeader header;
    const HeaderFound found = read_long_header(rest, header);
    if (found != HeaderFound::kPacket) {
      // Behind the first packet a datagram may hold anything: a packet with a short header, or padding.
      if (!is_first) break;
      return found == HeaderFound::kMalformed ? Step{Progress::kMalformed, 0, 0} : read_google(payload, events);
    }
    is_first = false;
    rest = rest.subspan(header.packet.size());
    packet(header, datagram);
  }
  settle(datagram);
  const auto size = static_cast<std::uint32_t>(payload.bytes.size());
  if (datagram.told) return {Progress::kDone, size, 0};
  if (datagram.malformed) return {Progress::kMalformed, 0, 0};
  if (datagram.waits) return {Progress::kNeedMore, 0, 0};
  return {Progress::kDone, size, 0};
}

void HelloReader::packet(const LongHeader& header, Datagram& datagram) {
  const Mark mark = mark_of(header);
  // One that repeats all of a refused hello is read once more, so that it gets the same answer.
  if (!is_current(mark) && datagram.memory.find(mark.view()).standing == Standing::kRefused) datagram.memory.belongs_to(mark.view());
  if (header.type != PacketType::kInitial) return;
  Bytes text;
  if (open(header, mark, datagram, text)) {
    datagram.memory.note(Sight::kOpened);
    if (text.empty()) return;  // of a refused connection
    datagram.memory.belongs_to(mark_.view());
    return take_frames({text, header.version->crypto_frame}, datagram);
  }
  datagram.memory.note(datagram.payload.bytes.size() < kSmallestDatagram ? Sight::kTooSmall : Sight::kNotOpened);
}

// Opens it with the keys of the connection that it belongs to, which becomes the current one.
bool HelloReader::open(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text) {
  if (!is_current(mark)) {
    if (datagram.memory.find(mark.view()).standing != Standing::kUnfinished || !resume(mark, datagram))
      return open_as_new(header, mark, datagram, text) || open_as_other(header, mark, datagram, text);
  }
  return protection_.open(header, keys_, text);
}

// With keys of its own id: the first packets of a connection, or the first after a Retry or a Version Negotiation.
bool HelloReader::open_as_new(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text) {
  if (datagram.payload.bytes.size() < kSmallestDatagram || header.destination_id.size() < kShortestFirstId) return false;
  if (datagram.tries == kMostTries) return false;
  ++datagram.tries;
  const InitialKeys keys = key_maker_.make(*header.version, header.destination_id, Side::kClient);
  if (!protection_.open(header, keys, text)) return false;
  settle(datagram);
  mark_ = mark;
  other_mark_ = {};
  keys_ = keys;
  is_kept_ = is_told_ = false;
  changed_ = true;  // also without a CRYPTO frame: what follows may go to another id, and its keys are known from here only
  stream_->clear();
  return true;
}

// With the keys of another connection of the flow: its later packets go to the id that the server chose.
bool HelloReader::open_as_other(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text) {
  std::array<FlowMemory::Connection, FlowMemory::kMostConnections> known;
  const std::size_t count = datagram.memory.list(known);
  for (const FlowMemory::Connection& other : std::span(known).first(count)) {
    Reader first(other.mark);
    if (first.u32() != header.version_number) continue;
    if (datagram.tries == kMostTries) return false;
    ++datagram.tries;
    Reader note(other.note);
    note.skip(1);
    const bool is_refused = other.standing == Standing::kRefused;
    const InitialKeys keys = is_refused ? key_maker_.make(*header.version, first.rest(), Side::kClient) : read_keys(note);
    if (!protection_.open(header, keys, text)) continue;
    if (is_refused) {
      datagram.memory.belongs_to(other.mark);
      text = {};
      return true;
    }
    Mark found;
    found.size = static_cast<std::uint8_t>(other.mark.size());
    std::copy(other.mark.begin(), other.mark.end(), found.bytes.begin());
    if (!is_current(found) && !resume(found, datagram)) return false;
    other_mark_ = mark;
    return true;
  }
  return false;
}

// Makes an unfinished connection the current one. False when it gave way just now to the one that was current before.
bool HelloReader::resume(const Mark& mark, Datagram& datagram) {
  settle(datagram);
  const FlowMemory::Connection known = datagram.memory.find(mark.view());
  if (known.standing != Standing::kUnfinished) return false;
  Reader note(known.note);
  mark_ = mark;
  other_mark_ = {};
  is_kept_ = true;
  is_told_ = note.u8() != 0;
  keys_ = read_keys(note);
  changed_ = false;
  const bool loaded = stream_->load(note);
  DCHECK(loaded);
  return loaded;
}

void HelloReader::take_frames(FrameReader frames, Datagram& datagram) {
  CryptoFrame frame;
  while (frames.next(frame)) {
    const CryptoStream::Put put = stream_->put(frame.offset, frame.bytes);
    if (put.conflicts) datagram.memory.note(Sight::kInconsistent);
    changed_ = changed_ || put.is_new;
  }
  if (!frames.ok()) datagram.malformed = true;
}

// No more packets of the current connection follow, or another one is to become current.
void HelloReader::settle(Datagram& datagram) {
  if (mark_.size == 0) return;
  if (changed_)
    judge(datagram);
  else if (!is_told_)
    datagram.waits = true;
  mark_.size = 0;
}

void HelloReader::judge(Datagram& datagram) {
  const Bytes handshake = stream_->beginning();
  wire::ClientHello hello;
  wire::HelloFound found = wire::HelloFound::kCut;
  if (!handshake.empty())
    found = handshake[0] == wire::kClientHello ? wire::read_client_hello(handshake, hello) : read_google_hello(handshake, hello);
  switch (found) {
    case wire::HelloFound::kWhole:
      tell(hello, datagram);
      is_told_ = true;
      if (is_kept_) keep(datagram);  // for what of it may stand behind this in the burst
      return datagram.memory.finish(mark_.view(), FlowMemory::End::kRead);
    case wire::HelloFound::kNamed:
      // The verdict concerns the connection, so it need not wait. What follows is expected, so that it is known when it comes.
      tell(hello, datagram);
      is_told_ = true;
      return keep(datagram);
    case wire::HelloFound::kCut:
      if (handshake.size() == CryptoStream::kLongest) return datagram.memory.finish(mark_.view(), FlowMemory::End::kGivenUp);
      datagram.waits = true;
      return keep(datagram);
    case wire::HelloFound::kMalformed:
      datagram.malformed = true;
      return datagram.memory.finish(mark_.view(), FlowMemory::End::kRead);
  }
}

void HelloReader::keep(Datagram& datagram) {
  Writer note(*note_);
  note.u8(is_told_ ? 1 : 0);
  write_keys(keys_, note);
  if (!stream_->save(note)) return datagram.memory.finish(mark_.view(), FlowMemory::End::kGivenUp);
  datagram.memory.keep(mark_.view(), note.written());
}

void HelloReader::tell(const wire::ClientHello& hello, Datagram& datagram) {
  if (is_told_) return;
  EventList& events = datagram.events;
  char* const host = events.text(hello.server_name.size() + mark_.size);
  if (host == nullptr) return;  // the list says for the frame that it overflowed
  char* const mark = std::copy(hello.server_name.begin(), hello.server_name.end(), host);
  std::copy(mark_.bytes.begin(), mark_.bytes.begin() + mark_.size, reinterpret_cast<std::uint8_t*>(mark));
  UrlVisit visit;
  visit.via = UrlVisit::Via::kQuic;
  visit.host = {host, hello.server_name.size()};
  visit.encrypted_hello = hello.has_encrypted_hello;
  visit.connection = as_bytes({mark, mark_.size});
  events.push({0, static_cast<std::uint32_t>(datagram.payload.bytes.size())}, 0, visit);
  datagram.told = true;
}

bool HelloReader::refuse(const Event& event, const Payload& message, const RefusalTerms&, Writer& out) {
  const auto* const visit = std::get_if<UrlVisit>(&event.what);
  return visit != nullptr && write_close(visit->connection, message.bytes, key_maker_, protection_, out);
}

}  // namespace telefence::quic
