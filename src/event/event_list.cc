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

void EventList::cut_frame(Bytes message, std::size_t known) {
  const auto* const end = reinterpret_cast<const char*>(message.data());
  // What lies elsewhere, in the arena, was made of something whole.
  const auto is_cut = [&](std::string_view view) {
    const char* const stop = view.data() + view.size();
    return view.data() >= end && stop >= end + known && stop <= end + message.size();
  };
  for (std::size_t i = frame_first_event_; i < event_count_; ++i) {
    Sms* const sms = std::get_if<Sms>(&events_[i].what);
    if (sms == nullptr) continue;
    if (is_cut(sms->calling)) sms->calling = {};
    auto* const arena = reinterpret_cast<std::string_view*>(arena_.get());
    for (const std::string_view& called : sms->called)
      if (is_cut(called)) arena[&called - arena] = {};
    if (!is_cut(as_text(sms->body))) continue;
    const auto start = static_cast<std::size_t>(sms->body.data() - message.data());
    sms->body = sms->body.first(start < known ? known - start : 0);
  }
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

void EventList::push(Place message, std::uint32_t session_number, const DomainLookup& what) {
  if (Event* event = next(message, session_number)) event->what.emplace<std::remove_cvref_t<decltype(what)>>(what);
}

void EventList::push(Place message, std::uint32_t session_number, const UrlVisit& what) {
  if (Event* event = next(message, session_number)) event->what.emplace<std::remove_cvref_t<decltype(what)>>(what);
}

void EventList::push(Place message, std::uint32_t session_number, const Call& what) {
  if (Event* event = next(message, session_number)) event->what.emplace<std::remove_cvref_t<decltype(what)>>(what);
}

void EventList::push(Place message, std::uint32_t session_number, const Sms& what) {
  if (Event* event = next(message, session_number)) event->what.emplace<std::remove_cvref_t<decltype(what)>>(what);
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
