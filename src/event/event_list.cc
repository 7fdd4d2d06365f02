// SPDX-License-Identifier: Apache-2.0
#include "event/event_list.h"

#include <algorithm>
#include <memory>

namespace telefence {

EventList::EventList()
    : events_(std::make_unique<Event[]>(kMaxEvents)),
      responses_(std::make_unique<Response[]>(kMaxResponses)),
      arena_(std::make_unique<std::byte[]>(kArenaBytes)) {}

void EventList::cut_frame(Bytes message, std::size_t known) {
  const auto* const end = reinterpret_cast<const char*>(message.data());
  // What lies elsewhere, in the arena, was made of something whole.
  const auto is_cut = [&](std::string_view view) {
    const char* const stop = view.data() + view.size();
    return view.data() >= end && stop >= end + known && stop <= end + message.size();
  };
  for (std::size_t i = frame_first_event_; i < event_count_; ++i) {
    events_[i].is_cut = std::size_t{events_[i].message.offset} + events_[i].message.length > known;
    Sms* const sms = std::get_if<Sms>(&events_[i].what);
    if (sms == nullptr) continue;
    if (is_cut(sms->calling)) sms->calling = {};
    for (const std::string_view& called : sms->called)
      if (is_cut(called)) const_cast<std::string_view&>(called) = {};  // it lies in the arena, which is ours
    const std::string_view body = as_text(sms->body);
    if (!is_cut(body) || body.data() + body.size() == end + known) continue;
    const auto start = static_cast<std::size_t>(sms->body.data() - message.data());
    sms->is_text_cut = true;
    sms->body = sms->body.first(start < known ? known - start : 0);
  }
}

void EventList::push_response(Place message, std::uint32_t session_number, bool is_request) {
  if (response_count_ == kMaxResponses) [[unlikely]] {
    overflowed_ = true;
    return;
  }
  responses_[response_count_++] = {frame_, protocol_, message, session_number, is_request};
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
