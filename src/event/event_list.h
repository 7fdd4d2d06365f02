// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events of one burst, in order of frames, with an arena for text that is not in a packet as it is (a DNS name with its
// dots, a list of recipients). One per worker; nothing is allocated after construction. When a limit is reached the list
// says so for the frame and takes no more of it: the frame is then forwarded and counted, never half judged.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/frame.h"
#include "event/event.h"

namespace telefence {

class EventList {
 public:
  // The frames of one burst hold at most so many bytes, unless it is a single frame; and so many more that have waited in streams are read beside
  // them, unless they are one stream's. The most events for their length has an SMPP data_sm with four texts of one octet: 46; a response has at
  // least 16. Packets that were put together of fragments are read until so many events and responses came of them, or so much text, of which
  // the last one may be as long as packets are. No burst can hold more than there is room for, and no stranger's packets beside it keep a
  // message from being judged.
  static constexpr std::size_t kBurstBytes = 96 * 1024;
  static constexpr std::size_t kWaitedBytes = 64 * 1024;
  static constexpr std::size_t kLongestPacket = 64 * 1024;
  static constexpr std::size_t kJoinedEvents = 1024;
  static constexpr std::size_t kJoinedText = 64 * 1024;
  static constexpr std::size_t kMostOfBytes = (kBurstBytes + kWaitedBytes + kLongestPacket) / 46 * 4 + kJoinedEvents;
  static constexpr std::size_t kMaxEvents = 31744;  // and as many visits as a burst may tell of what was put together otherwise: http.cc
  static constexpr std::size_t kMaxResponses = (kBurstBytes + kWaitedBytes + kLongestPacket) / 16 + kJoinedEvents;
  // Each frame may complete a message that was put together of several segments (PartOptions), whose text is copied.
  static constexpr std::size_t kArenaBytes = kBurstFrames * 22 * 1024 + kJoinedText + kBurstBytes;

  EventList();

  void clear() {
    event_count_ = 0;
    response_count_ = 0;
    arena_used_ = 0;
    frame_first_event_ = frame_first_response_ = frame_arena_ = 0;  // undo_frame brings nothing of an earlier burst back
    overflowed_ = has_ambiguous_ = has_encrypted_ = false;
  }

  // What is pushed from now on belongs to this frame of the burst and this protocol of the registry.
  void begin_frame(std::uint16_t frame, std::uint8_t protocol) {
    frame_ = frame;
    protocol_ = protocol;
    frame_first_event_ = event_count_;
    frame_first_response_ = response_count_;
    frame_arena_ = arena_used_;
    overflowed_ = false;
  }
  // Takes back everything pushed since begin_frame (a later part of the packet turned out malformed).
  void undo_frame() {
    event_count_ = frame_first_event_;
    response_count_ = frame_first_response_;
    arena_used_ = frame_arena_;
  }
  // True when no event was pushed since begin_frame.
  bool frame_has_none() const { return event_count_ == frame_first_event_; }
  // The events pushed since begin_frame were read from `message`, of which only the first bytes are `known`: numbers that may go
  // on behind them are taken away, texts are cut there.
  void cut_frame(Bytes message, std::size_t known);
  // True when something of the current frame did not fit.
  bool overflowed() const { return overflowed_; }
  // False when no visit of the burst has is_ambiguous, or encrypted_hello.
  bool has_ambiguous() const { return has_ambiguous_; }
  bool has_encrypted() const { return has_encrypted_; }

  // What: DomainLookup, UrlVisit, Call or Sms.
  template <typename What>
  void push(Place message, std::uint32_t session_number, const What& what) {
    if (Event* event = next(message, session_number)) event->what.emplace<What>(what);
    if constexpr (std::is_same_v<What, UrlVisit>) {
      has_ambiguous_ |= what.is_ambiguous;
      has_encrypted_ |= what.encrypted_hello;
    }
  }
  // The same, to be filled where it stays: one that is built elsewhere and copied waits for its parts. nullptr when there is no room.
  // For DomainLookup, Call and Sms, and for visits without marks.
  template <typename What>
  What* add(Place message, std::uint32_t session_number) {
    Event* const event = next(message, session_number);
    return event == nullptr ? nullptr : &event->what.emplace<What>();
  }
  // For one that was added: its hello is encrypted.
  void mark_encrypted(UrlVisit& visit) { visit.encrypted_hello = has_encrypted_ = true; }
  void push_response(Place message, std::uint32_t session_number, bool is_request = false);

  // Room for `size` characters until the end of the burst; nullptr (and overflowed) when there is none.
  char* text(std::size_t size) {
    if (size > kArenaBytes - arena_used_) [[unlikely]] {
      overflowed_ = true;
      return nullptr;
    }
    std::byte* start = arena_.get() + arena_used_;
    arena_used_ += size;
    return reinterpret_cast<char*>(start);
  }
  // The same before it is known how many are needed: take_text() then keeps the first of them. nullptr when there is no room for so
  // many, which need not mean that there is none for what is needed.
  char* text_room(std::size_t most) const {
    return most > kArenaBytes - arena_used_ ? nullptr : reinterpret_cast<char*>(arena_.get() + arena_used_);
  }
  void take_text(std::size_t size) { arena_used_ += size; }
  // Copies views into the arena, for lists of numbers. Empty (and overflowed) when there is no room.
  Texts texts(Texts views);

  // The same for what their numbers say of themselves.
  std::span<const NumberForm> forms(std::span<const NumberForm> values);

  // The arena as far as it is used: where the views of events point that do not point into a packet.
  Bytes arena() const { return {reinterpret_cast<const std::uint8_t*>(arena_.get()), arena_used_}; }

  std::span<const Event> events() const { return {events_.get(), event_count_}; }
  std::span<const Response> responses() const { return {responses_.get(), response_count_}; }

 private:
  Event* next(Place message, std::uint32_t session_number) {
    if (event_count_ == kMaxEvents) [[unlikely]] {
      overflowed_ = true;
      return nullptr;
    }
    Event* event = &events_[event_count_++];
    event->frame = frame_;
    event->protocol = protocol_;
    event->message = message;
    event->session_number = session_number;
    event->is_cut = false;
    return event;
  }

  std::unique_ptr<Event[]> events_;
  std::unique_ptr<Response[]> responses_;
  std::unique_ptr<std::byte[]> arena_;
  std::size_t event_count_ = 0;
  std::size_t response_count_ = 0;
  std::size_t arena_used_ = 0;
  std::size_t frame_first_event_ = 0;
  std::size_t frame_first_response_ = 0;
  std::size_t frame_arena_ = 0;
  std::uint16_t frame_ = 0;
  std::uint8_t protocol_ = 0;
  bool overflowed_ = false;
  bool has_ambiguous_ = false;
  bool has_encrypted_ = false;
};

}  // namespace telefence
