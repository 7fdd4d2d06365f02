// SPDX-License-Identifier: Apache-2.0
#include "event/event_list.h"

#include <algorithm>
#include <memory>

namespace telefence {

EventList::EventList()
    : events_(std::make_unique<Event[]>(kMaxEvents)),
      responses_(std::make_unique<Response[]>(kMaxResponses)),
      arena_(std::make_unique<std::byte[]>(kArenaBytes)) {}

void EventList::clear() {
  event_count_ = 0;
  response_count_ = 0;
  arena_used_ = 0;
  overflowed_ = false;
}

void EventList::begin_frame(std::uint16_t frame, std::uint8_t protocol) {
  frame_ = frame;
  protocol_ = protocol;
  frame_first_event_ = event_count_;
  frame_first_response_ = response_count_;
  frame_arena_ = arena_used_;
  overflowed_ = false;
}

void EventList::undo_frame() {
  event_count_ = frame_first_event_;
  response_count_ = frame_first_response_;
  arena_used_ = frame_arena_;
}

Event* EventList::next(Place message, std::uint32_t session_number) {
  if (event_count_ == kMaxEvents) [[unlikely]] {
    overflowed_ = true;
    return nullptr;
  }
  Event* event = &events_[event_count_++];
  event->frame = frame_;
  event->protocol = protocol_;
  event->message = message;
  event->session_number = session_number;
  return event;
}

void EventList::push(Place message, std::uint32_t session_number, DomainLookup what) {
  if (Event* event = next(message, session_number)) event->what = what;
}

void EventList::push(Place message, std::uint32_t session_number, UrlVisit what) {
  if (Event* event = next(message, session_number)) event->what = what;
}

void EventList::push(Place message, std::uint32_t session_number, Call what) {
  if (Event* event = next(message, session_number)) event->what = what;
}

void EventList::push(Place message, std::uint32_t session_number, Sms what) {
  if (Event* event = next(message, session_number)) event->what = what;
}

void EventList::push_response(Place message, std::uint32_t session_number) {
  if (response_count_ == kMaxResponses) [[unlikely]] {
    overflowed_ = true;
    return;
  }
  responses_[response_count_++] = {frame_, protocol_, message, session_number};
}

char* EventList::text(std::size_t size) {
  if (size > kArenaBytes - arena_used_) [[unlikely]] {
    overflowed_ = true;
    return nullptr;
  }
  std::byte* start = arena_.get() + arena_used_;
  arena_used_ += size;
  return reinterpret_cast<char*>(start);
}

std::span<const NumberForm> EventList::forms(std::span<const NumberForm> values) {
  static_assert(sizeof(NumberForm) == 1);
  char* const room = text(values.size());
  if (room == nullptr) return {};
  auto* const copy = reinterpret_cast<NumberForm*>(room);
  std::uninitialized_copy(values.begin(), values.end(), copy);
  return {copy, values.size()};
}

Texts EventList::texts(Texts views) {
  constexpr std::size_t kAlign = alignof(std::string_view);
  const std::size_t start = (arena_used_ + kAlign - 1) / kAlign * kAlign;
  const std::size_t size = views.size_bytes();
  if (start > kArenaBytes || size > kArenaBytes - start) [[unlikely]] {
    overflowed_ = true;
    return {};
  }
  auto* copy = reinterpret_cast<std::string_view*>(arena_.get() + start);
  std::uninitialized_copy(views.begin(), views.end(), copy);
  arena_used_ = start + size;
  return {copy, views.size()};
}

}  // namespace telefence
