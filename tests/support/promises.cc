// SPDX-License-Identifier: Apache-2.0
#include "support/promises.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <vector>

namespace telefence::testing {
namespace {

constexpr std::size_t kRooms[] = {0, 11, 40, 100, 512, 1400};

bool is_inside(const void* start, std::size_t size, Bytes whole) {
  if (size == 0) return true;
  const auto* first = static_cast<const std::uint8_t*>(start);
  return first >= whole.data() && first + size <= whole.data() + whole.size();
}

bool is_inside(Place place, std::size_t size) { return place.offset <= size && place.length <= size - place.offset; }

// Gathers the views of an event and tells whether each lies in the payload or in the arena.
class Views {
 public:
  Views(Bytes payload, Bytes arena) : payload_(payload), arena_(arena) {}

  bool inside(const Event& event) const {
    return std::visit([this](const auto& what) { return inside(what); }, event.what);
  }

 private:
  bool text(std::string_view view) const {
    return is_inside(view.data(), view.size(), payload_) || is_inside(view.data(), view.size(), arena_);
  }
  bool texts(Texts views) const {
    return is_inside(views.data(), views.size_bytes(), arena_) &&
           std::all_of(views.begin(), views.end(), [this](std::string_view view) { return text(view); });
  }
  bool inside(const DomainLookup& lookup) const { return text(lookup.name); }
  bool inside(const UrlVisit& visit) const {
    return text(visit.host) && text(visit.uri) && text(visit.path) && text(visit.method) && text(as_text(visit.connection));
  }
  bool inside(const Call& call) const {
    return text(call.calling) && text(call.called) && texts(call.calling_also) && texts(call.called_also) &&
           text(call.call_id);
  }
  bool inside(const Sms& sms) const {
    return text(sms.calling) && texts(sms.called) && texts(sms.calling_also) && texts(sms.called_also) &&
           text(as_text(sms.body));
  }

  Bytes payload_;
  Bytes arena_;
};

}  // namespace

RefusalTerms sample_terms() {
  RefusalTerms terms;
  terms.sinkhole_ipv4 = {192, 0, 2, 80};
  terms.sinkhole_ipv6 = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80};
  terms.page = "http://warning.example/blocked";
  terms.secret = 0x1122334455667788;
  return terms;
}

std::string Promises::broken_by(const Payload& original) {
  Payload payload = original;
  payload.bytes = input_.copy(original.bytes);
  if (protocol_.recognise != nullptr) (void)protocol_.recognise(payload);
  if (protocol_.acknowledges != nullptr) (void)protocol_.acknowledges(payload, sample_terms());

  events_.clear();
  events_.begin_frame(0, 0);
  const Step step = protocol_.extract(payload, events_);
  std::string broken = broken_by_step(step, payload.bytes.size());
  if (broken.empty() && payload.transport == Transport::kUdp && protocol_.plain_names != nullptr)
    broken = broken_by_plain_names(step, payload.bytes);
  if (step.progress == Progress::kMalformed) events_.undo_frame();
  for (const Event& event : events_.events()) {
    if (!broken.empty()) return broken;
    broken = broken_by_event(event, payload);
  }
  for (const Response& response : events_.responses()) {
    if (!broken.empty()) return broken;
    broken = broken_by_response(response, payload);
  }
  if (broken.empty() && !std::equal(original.bytes.begin(), original.bytes.end(), payload.bytes.begin()))
    broken = "the payload was changed by a function that only reads";
  return broken;
}

std::string Promises::broken_by_plain_names(const Step& step, Bytes payload) {
  std::vector<std::uint8_t> room(payload.begin(), payload.end());
  room.resize(payload.size() + Protocol::kBehindPlain, 0xee);
  const Bytes message = Bytes(again_.copy(room)).first(payload.size());
  PlainName name;
  std::uint16_t index = 0xffff;
  if (protocol_.plain_names({&message, 1}, &name, &index) == 0) return {};
  if (index != 0) return "plain_names told another message";
  if (step.progress != Progress::kDone || events_.events().size() != 1) return "what plain_names takes is more, or other, for extract";
  const auto* const lookup = std::get_if<DomainLookup>(&events_.events()[0].what);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  const auto is_same = [&](char sent, char plain) { return lower(sent) == plain; };
  const std::string_view text = name.text();
  if (lookup == nullptr || !std::equal(lookup->name.begin(), lookup->name.end(), text.begin(), text.end(), is_same))
    return "plain_names and extract read different names";
  std::size_t end = text.size();
  for (const std::uint8_t size : name.ends) {
    const std::size_t start = end == 0 ? 0 : text.substr(0, end).rfind('.') + 1;
    if (size != text.size() - start) return "PlainName::ends are not where labels start";
    end = start == 0 ? 0 : start - 1;
  }
  return {};
}

std::string Promises::broken_by_step(const Step& step, std::size_t size) const {
  if (step.consumed > size) return "Step::consumed is more than there is";
  if (step.progress == Progress::kNeedMore && step.need != 0 && step.need <= size - step.consumed)
    return "Step::need is already there";
  if (step.progress == Progress::kNotMine && !(events_.events().empty() && events_.responses().empty()))
    return "kNotMine, but events were pushed";
  return {};
}

std::string Promises::broken_by_event(const Event& event, const Payload& payload) {
  if (!is_inside(event.message, payload.bytes.size())) return "Event::message is not inside the payload";
  if (!Views(payload.bytes, events_.arena()).inside(event)) return "a view is neither in the payload nor in the arena";
  std::string broken = broken_by_refusals(event, payload);
  return broken.empty() ? broken_by_neutralise(event, payload) : broken;
}

std::string Promises::broken_by_refusals(const Event& event, const Payload& payload) {
  if (protocol_.refuse == nullptr) return {};
  RefusalTerms terms = sample_terms();
  std::optional<std::uint16_t> to_port;
  for (std::size_t answer = 0; answer < protocol_.answers.size(); ++answer) {
    terms.answer = static_cast<std::uint8_t>(answer);
    for (std::size_t room : kRooms) {
      Writer writer(output_.take(room));
      const WrittenRefusal written = protocol_.refuse(event, payload, terms, writer);
      if (!output_.fence_is_whole()) return "refuse wrote before its room";
      if (std::string broken = broken_in_place(event, payload, terms, room, written, writer.written()); !broken.empty()) return broken;
      if (!written.is_written) continue;
      if (written.to_port != 0 && protocol_.refuses_in_place) return "a refusal in place of its message names a port";
      if (written.to_port != 0 && payload.transport != Transport::kUdp) return "refuse names a port on a connection";
      if (to_port.value_or(written.to_port) != written.to_port) return "where a refusal goes depends on what it says, or on its room";
      to_port = written.to_port;
      if (!writer.ok()) return "refuse says true, but it did not fit";
      if (writer.size() == 0) return "refuse says true, but wrote nothing";
      Payload refusal{again_.copy(writer.written()), payload.transport, payload.destination_port, payload.source_port};
      reread_.clear();
      reread_.begin_frame(0, 0);
      (void)protocol_.extract(refusal, reread_);
      if (!reread_.events().empty()) return "our own refusal is read as a request";
    }
  }
  return {};
}

// Written over the message, the refusal is the same.
std::string Promises::broken_in_place(const Event& event, const Payload& payload, const RefusalTerms& terms, std::size_t room,
                                      const WrittenRefusal& written, Bytes refusal) {
  if (!protocol_.refuses_in_place || payload.transport != Transport::kUdp) return {};
  const MutableBytes place = in_place_.take(std::max(room, payload.bytes.size()));
  std::copy(payload.bytes.begin(), payload.bytes.end(), place.begin());
  Payload there = payload;
  there.bytes = place.first(payload.bytes.size());
  Writer writer(place.first(room));
  const WrittenRefusal over = protocol_.refuse(event, there, terms, writer);
  if (!in_place_.fence_is_whole()) return "refuse wrote before its place";
  if (over.is_written != written.is_written) return "whether there is a refusal depends on where it is written";
  const bool is_same = !over.is_written || std::equal(refusal.begin(), refusal.end(), writer.written().begin(), writer.written().end());
  return is_same ? std::string() : "a refusal written over its message is another one";
}

std::string Promises::broken_by_neutralise(const Event& event, const Payload& payload) {
  if (protocol_.neutralise == nullptr) return {};
  MutableBytes message = output_.copy(payload.bytes.subspan(event.message.offset, event.message.length));
  (void)protocol_.neutralise(event, message, {});
  if (!output_.fence_is_whole()) return "neutralise wrote before the message";
  // The neutralised message must still be readable.
  Payload changed = payload;
  MutableBytes whole = again_.copy(payload.bytes);
  std::copy(message.begin(), message.end(), whole.begin() + event.message.offset);
  changed.bytes = whole;
  reread_.clear();
  reread_.begin_frame(0, 0);
  const Step step = protocol_.extract(changed, reread_);
  return step.consumed <= whole.size() ? std::string() : "a neutralised payload is read beyond its end";
}

std::string Promises::broken_by_response(const Response& response, const Payload& payload) {
  if (!is_inside(response.message, payload.bytes.size())) return "Response::message is not inside the payload";
  if (protocol_.restate == nullptr) return {};
  for (std::uint32_t code : {protocol_.code_content, protocol_.code_called, 0xffffffffu}) {
    MutableBytes message = output_.copy(payload.bytes.subspan(response.message.offset, response.message.length));
    (void)protocol_.restate(code, message);
    if (!output_.fence_is_whole()) return "restate wrote before the response";
  }
  return {};
}

}  // namespace telefence::testing
