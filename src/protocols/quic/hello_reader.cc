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
constexpr unsigned kMostMade = 16;
// So many packets at the end of a datagram are read in any case.
constexpr unsigned kLastRead = 8;
constexpr unsigned kMostOthers = 32;

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

// False when more than `most` packets follow.
bool are_at_most(Bytes rest, unsigned most) {
  LongHeader header;
  for (unsigned count = 0; read_long_header(rest, header) == HeaderFound::kPacket; ++count) {
    if (count == most) return false;
    rest = rest.subspan(header.packet.size());
  }
  return true;
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
    datagram.rest = rest;
    packet(header, datagram);
  }
  settle(datagram);
  if (datagram.is_untried) memory.note(Sight::kUntried);
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
  const std::uint64_t before = expected_;
  if (!protection_.open(header, keys_, expected_, text)) return false;
  grew_ = grew_ || expected_ != before;
  return true;
}

// Made of the packet's own id, unless that costs too much. Many packets to one id cost one making.
const InitialKeys* HelloReader::keys_of(const LongHeader& header, const Mark& mark, Datagram& datagram) const {
  if (datagram.first.mark.size != 0 && mark == datagram.first.mark) return &datagram.first.keys;
  if (datagram.latest.mark.size != 0 && mark == datagram.latest.mark) return &datagram.latest.keys;
  if (datagram.made >= kMostMade && !are_at_most(datagram.rest, kLastRead - 1)) {
    datagram.is_untried = true;
    return nullptr;
  }
  Made& made = datagram.made++ == 0 ? datagram.first : datagram.latest;
  made.mark = mark;
  made.keys = key_maker_.make(*header.version, header.destination_id, Side::kClient);
  return &made.keys;
}

// A connection of which nothing was known becomes the current one.
void HelloReader::begin(const Made& made, std::uint64_t expected, Datagram& datagram) {
  settle(datagram);
  mark_ = made.mark;
  other_mark_ = {};
  keys_ = made.keys;
  expected_ = expected;
  is_kept_ = is_told_ = is_doubtful_ = grew_ = false;
  changed_ = true;  // also without a CRYPTO frame: what follows may go to another id, and its keys are known from here only
  stream_->clear();
}

// With keys of its own id: the first packets of a connection, or the first after a Retry or a Version Negotiation. Or with keys of the
// id in front: receivers that do not mind another id behind it have no other keys.
bool HelloReader::open_as_new(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text) {
  if (datagram.payload.bytes.size() < kSmallestDatagram) return false;
  std::uint64_t expected = 0;
  if (header.destination_id.size() >= kShortestFirstId) {
    const InitialKeys* const keys = keys_of(header, mark, datagram);
    if (keys != nullptr && protection_.open(header, *keys, expected, text)) {
      begin({mark, *keys}, expected, datagram);
      return true;
    }
  }
  if (mark_.size != 0 && protection_.open(header, keys_, expected_, text)) {
    other_mark_ = mark;
    grew_ = true;
    return true;
  }
  const Made& first = datagram.first;
  if (first.mark.size == 0 || first.mark == mark || is_current(first.mark)) return false;
  if (Reader(first.mark.view()).u32() != header.version_number) return false;
  if (datagram.memory.find(first.mark.view()).standing != Standing::kUnknown) return false;
  if (!protection_.open(header, first.keys, expected, text)) return false;
  begin(first, expected, datagram);
  other_mark_ = mark;
  return true;
}

// With the keys of another connection of the flow: its later packets go to the id that the server chose.
bool HelloReader::open_as_other(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text) {
  std::array<FlowMemory::Connection, FlowMemory::kMostListed> known;
  const std::size_t count = datagram.memory.list(known);
  for (const FlowMemory::Connection& other : std::span(known).first(count)) {
    Reader first(other.mark);
    if (first.u32() != header.version_number) continue;
    if (datagram.others == kMostOthers) {
      datagram.is_untried = true;
      return false;
    }
    ++datagram.others;
    Reader note(other.note);
    std::uint64_t expected = other.note.size() >= FlowMemory::kHead ? note.u64() : 0;
    const bool is_refused = other.standing == Standing::kRefused;
    if (!is_refused) note.skip(1);
    const InitialKeys keys = is_refused ? key_maker_.make(*header.version, first.rest(), Side::kClient) : read_keys(note);
    if (!protection_.open(header, keys, expected, text)) continue;
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
    grew_ = grew_ || expected > expected_;
    expected_ = std::max(expected_, expected);
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
  expected_ = note.u64();
  is_told_ = note.u8() != 0;
  keys_ = read_keys(note);
  changed_ = grew_ = false;
  const bool loaded = stream_->load(note);
  DCHECK(loaded);
  is_doubtful_ = known.hops == FlowMemory::Hops::kFewer;
  if (known.hops == FlowMemory::Hops::kMore) stream_->doubt_all();
  return loaded;
}

void HelloReader::take_frames(FrameReader frames, Datagram& datagram) {
  CryptoFrame frame;
  while (frames.next(frame)) {
    const CryptoStream::Put put = stream_->put(frame.offset, frame.bytes, is_doubtful_);
    if (put.conflicts) datagram.memory.note(Sight::kInconsistent);
    if (put.replaces) is_told_ = false;  // what was told was of others
    changed_ = changed_ || put.is_new;
  }
  if (!frames.ok()) datagram.malformed = true;
}

// No more packets of the current connection follow, or another one is to become current.
void HelloReader::settle(Datagram& datagram) {
  if (mark_.size == 0) return;
  if (changed_) {
    judge(datagram);
  } else {
    if (!is_told_) datagram.waits = true;
    if (grew_) keep(datagram);
  }
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
      if (stream_->has_doubtful()) return keep(datagram);  // others may still contradict them
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
      if (stream_->has_doubtful()) return keep(datagram);
      return datagram.memory.finish(mark_.view(), FlowMemory::End::kRead);
  }
}

void HelloReader::keep(Datagram& datagram) {
  Writer note(*note_);
  note.u32(static_cast<std::uint32_t>(expected_ >> 32));
  note.u32(static_cast<std::uint32_t>(expected_));  // the head: of a refused connection, too, its packets to the server's id must be known
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

WrittenRefusal HelloReader::refuse(const Event& event, const Payload& message, const RefusalTerms&, Writer& out) {
  const auto* const visit = std::get_if<UrlVisit>(&event.what);
  return {visit != nullptr && write_close(visit->connection, message.bytes, key_maker_, protection_, out)};
}

}  // namespace telefence::quic
