// SPDX-License-Identifier: Apache-2.0
#pragma once

// The contract of a protocol folder: pure functions over the bytes above UDP or TCP, without state, allocation or clock, so
// that no NIC is needed to test them. Each folder defines one `extern constinit const Protocol` named <folder>::kProtocol; the
// registry is generated from the list of folders in protocols/meson.build.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/transport.h"
#include "base/writer.h"
#include "event/event.h"
#include "event/event_list.h"
#include "event/plain_name.h"
#include "event/recipients.h"

namespace telefence {

// What a protocol sees of a packet, or of the stream that a packet belongs to. Views die with the burst.
struct Payload {
  // Where the bytes begin.
  enum class Begins : std::uint8_t {
    kPacket,    // with a packet: probably, but not surely, with a message
    kMessage,   // a stream, with a message
    kAnywhere,  // a stream, maybe inside a message: the first one must show itself beyond doubt
    kFields,    // a stream, inside a message, with a field line of its header section (Then::kFields)
    kChunk,     // a stream, inside a message, with a chunk of its body (Then::kChunk)
  };
  Bytes bytes;
  Transport transport = Transport::kNone;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Begins begins = Begins::kPacket;
  bool is_refused = false;  // kMessage: that message was refused before it was whole, and what was there of it then is neutralised
  std::uint32_t announced = 0;  // kFields: Step::need of what was read before
  static constexpr std::uint32_t kAll = static_cast<std::uint32_t>(-1);
  std::uint32_t known = kAll;  // so many bytes have come; what stands behind them was put there so that the message can be read
};

enum class Progress : std::uint32_t {
  kDone,       // all of the payload was read; events (also none) were pushed
  kNeedMore,   // a message goes on beyond this payload; whole messages before it were pushed, `consumed` is where it starts
  kNotMine,    // not this protocol
  kMalformed,  // this protocol, but broken; what was pushed is to be taken back
};

// What is known of the octets behind those that were read.
enum class Then : std::uint32_t {
  kUnknown,
  kLost,     // kNeedMore: no message begins at `consumed`, though the stream goes on
  kMessage,  // kDone: the next message begins `need` octets behind `consumed`, in this payload or in one that is still to come
  kFields,   // kDone: at `consumed` the header section of this message goes on; `need`: what it has said of its body
  kChunk,    // kDone: the next chunk of this message begins `need` octets behind `consumed`. kNeedMore: one begins at `consumed`
};

// Four whole words: with octets among them it would be put together in memory, and whoever takes it would wait for that.
struct Step {
  Progress progress = Progress::kNotMine;
  std::uint32_t consumed = 0;  // bytes of whole messages
  std::uint32_t need = 0;      // kNeedMore: length of the message that starts at `consumed`, 0 if not yet known. kDone: see Then
  Then then = Then::kUnknown;
};

// What a refusal is to say. One shape for all protocols; each uses what it has a place for.
struct RefusalTerms {
  std::uint8_t answer = 0;  // index into Protocol::answers
  std::array<std::uint8_t, 4> sinkhole_ipv4{};   // DNS answer `sinkhole`
  std::array<std::uint8_t, 16> sinkhole_ipv6{};
  std::uint16_t extended_error = 16;  // DNS EDE (RFC 8914): 15 blocked, 16 censored, 17 filtered
  std::uint32_t ttl_s = 10;           // DNS: at most 60 so that an unblocking is quick
  std::string_view page;              // HTTP: URL of the warning page (answer `redirect`)
  std::string_view body;              // HTTP: page sent with answer `page`
  std::uint64_t secret = 0;           // SIP: keys the To-tag, so that our own ACKs are known again without state
  bool only_this_name = false;        // DNS: names below the one refused are not, so NXDOMAIN would say too much
};

// What became of a refusal.
struct WrittenRefusal {
  bool is_written = false;    // false: nothing fitting can be said
  std::uint16_t to_port = 0;  // over UDP, where it goes when that is not the port that the message came from; 0: it is
};

// How much of a message is to be voided.
struct Voiding {
  std::size_t mutable_from = 0;  // the bytes before have left already and stay as they are
  RecipientSet recipients;       // these alone, and nothing else of it; none: all of it
  std::size_t known = static_cast<std::size_t>(-1);  // so many bytes have come; zeros stand for those behind them
};

class DatagramReader;

struct Protocol {
  std::string_view name;              // folder name = metric label = config key
  std::string_view channel;           // dns, web, call, sms: what people count by
  std::span<const std::uint16_t> tcp_ports;  // tried first
  std::span<const std::uint16_t> udp_ports;
  bool (*recognise)(const Payload&) = nullptr;  // by content on any port; null: by port only. Must be cheap and sure.
  Step (*extract)(const Payload&, EventList&) = nullptr;
  // Over UDP, what reads in place of extract() (datagram_reader.h): a message may be spread over several datagrams. extract() then
  // reads what lies whole in one. Null: extract() reads all. Called at start, once per worker.
  std::unique_ptr<DatagramReader> (*make_reader)() = nullptr;

  // Of datagrams that ask for one name and nothing else, in the plainest way, as nearly all do: these names, in the order of `messages`, and
  // which of the messages they are of. Returns how many; extract() has to look at the others. What this takes is kDone for extract(), with one
  // event that holds this name, which is canonical or none at all. Requires: `names` and `indexes` have room for all, and kBehindPlain octets
  // can be read behind each message. Not with `acknowledges` or `make_reader`. Null: there are no such datagrams.
  static constexpr std::size_t kBehindPlain = 64;
  std::size_t (*plain_names)(std::span<const Bytes> messages, PlainName* names, std::uint16_t* indexes) = nullptr;

  std::span<const std::string_view> answers;  // the words for RefusalTerms::answer; the first is the default
  // Writes the payload of the protocol's own "no" to the sender of `event`. When there is none a datagram is only dropped, a connection
  // reset. `message` is the whole payload the event was found in.
  WrittenRefusal (*refuse)(const Event& event, const Payload& message, const RefusalTerms& terms, Writer& out) = nullptr;
  // Over UDP `out` may begin where `message` does: what refuse() writes over it has read before. None of its refusals names a port.
  bool refuses_in_place = false;
  // True when the payload only acknowledges a refusal of ours (SIP ACK); such a packet is absorbed. Asked of datagrams without an event.
  bool (*acknowledges)(const Payload&, const RefusalTerms& terms) = nullptr;
  // Voids one message in place, same length: the far end gets an empty message to nobody. `message` is event.message; False:
  // nothing could be voided.
  bool (*neutralise)(const Event& event, MutableBytes message, const Voiding& voiding) = nullptr;
  // Where a message tells its length only at some place of it, and may be cut before: `room` begins with `size` bytes of it, and is made
  // a message of what is whole of them. Null: one whose length is not known is not judged.
  struct Completed {
    std::size_t length = 0;  // of that message; 0: too little is there
    std::size_t kept = 0;    // so many of its bytes are as they came
  };
  Completed (*complete)(MutableBytes room, std::size_t size) = nullptr;
  // Makes the response, on its way back, say the refusal code. `message` is Response::message.
  bool (*restate)(std::uint32_t refusal_code, MutableBytes message) = nullptr;
  // The default refusal code of restate(), by why the message is refused. Where there are answers, the one that is configured is the
  // code, and these are not used.
  std::uint32_t code_content = 0;
  std::uint32_t code_calling = 0;
  std::uint32_t code_called = 0;

  std::string_view default_action;  // of the action registry

  // A message that goes on in another segment is waited for and put together: the verdict on it concerns the connection, so
  // nothing has to be held back.
  bool spreads = false;
  // One TCP connection carries messages of many users: it is never cut. Its bytes are held until the message they belong to is
  // decided, and what is refused is neutralised where it stands.
  bool shares_connections = false;
  // Who asks takes the first answer that comes, or gives up with the connection: a message that goes on may still be refused by
  // an answer of ours that is quicker than its receiver's.
  bool first_answer_counts = false;
  // A segment on its ports is never taken for another protocol: it may begin anywhere inside a message, whose text is the
  // sender's to choose.
  bool keeps_its_ports = false;
};

// All protocols of this build, in the order of protocols/meson.build. Their indexes are Event::protocol.
// Here, since every stage asks for them: a call for each packet, several times, was to be seen.
extern const Protocol* const kProtocols[];
extern const std::size_t kProtocolCount;
inline std::span<const Protocol* const> registered_protocols() { return {kProtocols, kProtocolCount}; }

// nullptr when there is none of that name.
const Protocol* protocol_named(std::string_view name);

inline constexpr std::uint8_t kNoProtocol = 0xff;

}  // namespace telefence
