// SPDX-License-Identifier: Apache-2.0
// HTTP/1.x requests (RFC 9112) in the segments of TCP, on any port. A request is told as soon as its request line and
// its Host are there: in the wild the tail of the header is often in the next segment, or missing.

#include <algorithm>
#include <array>
#include <span>

#include "base/reader.h"
#include "protocols/http/refusal.h"
#include "protocols/http/request.h"
#include "protocols/protocol.h"
#include "protocols/wire/proxy_header.h"
#include "protocols/wire/text_headers.h"

namespace telefence::http {
namespace {

constexpr std::array<std::uint16_t, 2> kPorts{80, 8080};
// Visits told of a segment or of what was put together of several: so many and one for each so many bytes, which is more than requests
// with a Host that people have need. Shorter ones are told as long as the list is as good as empty. No burst then fills it.
constexpr std::size_t kVisitsAnyway = 2, kBytesPerVisit = 26, kMostVisits = 56, kFreeVisits = 3584;
static_assert(EventList::kMostOfBytes + kBurstFrames * kMostVisits + kFreeVisits <= EventList::kMaxEvents);
// All of what is read in fragments.
static_assert(EventList::kJoinedEvents + EventList::kLongestPacket / kBytesPerVisit < kFreeVisits);

// How many more may be told of a segment after `told` of it.
std::size_t room_for_visits(std::size_t told, Bytes segment, const EventList& events) {
  const std::size_t most = std::min(kVisitsAnyway + segment.size() / kBytesPerVisit, kMostVisits);
  const std::size_t listed = events.events().size();
  return std::max(most > told ? most - told : 0, kFreeVisits > listed ? kFreeVisits - listed : 0);
}

bool recognise(const Payload& payload) {
  if (payload.transport != Transport::kTcp) return false;
  Reader reader(payload.bytes);
  reader.skip(wire::proxy_header_length(payload.bytes));
  RequestLine line;
  return read_request_line(reader, line) != LineFound::kNone;
}

// An absolute target may leave the path out: "http://shop.example?x" asks for "/?x" (RFC 9112, 3.2.1).
std::string_view whole_path(const Site& site, EventList& events) {
  if (!site.from_target || site.path.starts_with('/')) return site.path;
  char* path = events.text(site.path.size() + 1);
  if (path == nullptr) return {};
  path[0] = '/';
  std::copy(site.path.begin(), site.path.end(), path + 1);
  return {path, site.path.size() + 1};
}

// The hosts that a request names beside the one that counts by the standard.
class OtherHosts {
 public:
  void add(std::string_view host) {
    host = without_port(host);
    const auto known = all();
    if (std::none_of(known.begin(), known.end(), [&](std::string_view one) { return is_same(one, host); })) hosts_[count_++] = host;
  }
  void leave_out(std::string_view host) {
    const auto end = std::remove_if(hosts_.begin(), hosts_.begin() + static_cast<std::ptrdiff_t>(count_),
                                    [&](std::string_view one) { return is_same(one, host); });
    count_ = static_cast<std::size_t>(end - hosts_.begin());
  }
  std::span<const std::string_view> all() const { return {hosts_.data(), count_}; }

 private:
  static bool is_same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return wire::lower_case_of(x) == wire::lower_case_of(y); });
  }
  std::array<std::string_view, HeaderSection::kMostOthers + 1> hosts_;
  std::size_t count_ = 0;
};

// Of the header section, for a site that is taken from the target or from the first Host line.
OtherHosts other_hosts(const HeaderSection& section, const Site& site) {
  OtherHosts others;
  if (section.other_count == 0 && !(site.from_target && section.has_host)) [[likely]] return others;
  others.add(section.host);
  for (const std::string_view host : std::span(section.other_hosts).first(section.other_count)) others.add(host);
  others.leave_out(site.host);
  return others;
}

// Of the other hosts the last ones are told, `most` of them. Returns how many visits these are.
std::size_t push_request(const RequestLine& line, const Site& site, std::span<const std::string_view> others, std::size_t most, Place place,
                         EventList& events) {
  UrlVisit visit;
  visit.via = UrlVisit::Via::kHttp;
  visit.method = line.method;
  visit.uri = line.target;
  visit.host = site.host;
  visit.path = line.method == "CONNECT" ? std::string_view() : whole_path(site, events);
  visit.is_ambiguous = !others.empty();
  events.push(place, 0, visit);
  visit.is_ambiguous = false;
  others = others.last(std::min(others.size(), most));
  for (const std::string_view host : others) {
    visit.host = host;
    events.push(place, 0, visit);
  }
  return 1 + others.size();
}

// Of a longer header section without a Host so far only what is unfinished is kept, so that a message that is put together does not come
// to its end (21 KiB) within a line as long as servers take (8 KiB). The target is not known then.
constexpr std::size_t kLongestBeforeHost = 13 * 1024;

// What follows a request in the same segment.
enum class After : std::uint8_t { kNext, kNothing, kCut, kOther };

// How far the bytes were read, and what is known of those behind them.
struct Walk {
  std::size_t at = 0;
  std::size_t visits = 0;
  std::uint32_t need = 0;
  Then then = Then::kMessage;

  Step done() const { return {Progress::kDone, static_cast<std::uint32_t>(at), need, then}; }
  Step cut() const { return {Progress::kNeedMore, static_cast<std::uint32_t>(at), 0, then}; }
};

// How a body that is chunked is announced; any other one by its length.
constexpr std::uint32_t kAnnouncedChunked = 0xffffffff;

After pass_body(const BodyEnd& end, const Reader& reader, Bytes bytes, Walk& walk) {
  walk.at = end.state == BodyEnd::State::kHere ? reader.position() : end.state == BodyEnd::State::kCut ? end.at : bytes.size();
  walk.need = end.more;
  switch (end.state) {
    case BodyEnd::State::kHere: return walk.at < bytes.size() ? After::kNext : After::kNothing;
    case BodyEnd::State::kBeyond: return After::kNothing;
    case BodyEnd::State::kInChunk:
    case BodyEnd::State::kCut: walk.then = Then::kChunk; return After::kNothing;
    case BodyEnd::State::kUnknown: walk.then = Then::kUnknown; return After::kNothing;
  }
  return After::kNothing;
}

// The rest of a header section is still to come.
After pass_fields(const HeaderSection& section, const Reader& reader, Walk& walk) {
  walk.at = reader.position();
  walk.need = section.is_chunked ? kAnnouncedChunked : static_cast<std::uint32_t>(section.content_length);
  walk.then = Then::kFields;
  return After::kNothing;
}

// Requires: there is room for a visit.
After extract_request(Bytes bytes, Walk& walk, EventList& events) {
  Reader reader(bytes);
  reader.skip(walk.at);
  RequestLine line;
  const LineFound found = read_request_line(reader, line);
  if (found == LineFound::kCut) return After::kCut;
  if (found == LineFound::kNone) return After::kOther;
  const HeaderSection section = read_header_section(reader);
  Site site = site_of(line);
  // RFC 9112, 3.2.2: the authority of an absolute target wins over Host.
  if (!site.from_target) {
    if (!section.has_host && !section.is_whole)
      return reader.position() - walk.at <= kLongestBeforeHost ? After::kCut : pass_fields(section, reader, walk);
    site.host = without_port(section.host);
  }
  const std::size_t begin = walk.at;
  // After CONNECT the connection carries something else (RFC 9110, 9.3.6).
  const bool is_connect = line.method == "CONNECT";
  After after = After::kNothing;
  if (!section.is_whole) after = pass_fields(section, reader, walk);
  else if (is_connect) walk.at = reader.position();
  else after = pass_body(skip_body(reader, section), reader, bytes, walk);
  const std::size_t end = after == After::kNext ? walk.at : bytes.size();
  const OtherHosts others = is_connect ? OtherHosts() : other_hosts(section, site);
  const Place place{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  walk.visits += push_request(line, site, others.all(), room_for_visits(walk.visits, bytes, events) - 1, place, events);
  return after;
}

// The header section of a request whose first lines, with a host, were read before: what it still says of the body, and further hosts.
After extract_fields(const Payload& payload, Walk& walk, EventList& events) {
  Reader reader(payload.bytes);
  HeaderSection section = read_header_section(reader);
  if (payload.announced == kAnnouncedChunked) section.is_chunked = true;
  else section.content_length = std::max<std::size_t>(section.content_length, payload.announced);
  if (section.has_host) {
    const Place place{0, static_cast<std::uint32_t>(payload.bytes.size())};
    Site site;
    site.host = without_port(section.host);
    walk.visits += push_request({}, site, other_hosts(section, site).all(), HeaderSection::kMostOthers, place, events);
  }
  return section.is_whole ? pass_body(skip_body(reader, section), reader, payload.bytes, walk) : pass_fields(section, reader, walk);
}

// What stands behind a message and is none. Empty lines are passed over (RFC 9112, 2.2); a method may be cut.
Step rest_of(Bytes bytes, Walk walk) {
  while (walk.at < bytes.size() && (bytes[walk.at] == '\r' || bytes[walk.at] == '\n')) ++walk.at;
  if (walk.at < bytes.size() && !may_begin_request(bytes.subspan(walk.at))) walk = {.at = bytes.size(), .then = Then::kUnknown};
  return walk.done();
}

Step extract(const Payload& payload, EventList& events) {
  const Bytes bytes = payload.bytes;
  if (payload.transport != Transport::kTcp) return {};
  Walk walk;
  After after = After::kNext;
  if (payload.begins == Payload::Begins::kChunk) {
    Reader reader(bytes);
    after = pass_body(skip_chunks(reader), reader, bytes, walk);
    if (walk.then == Then::kUnknown) return {};
  } else if (payload.begins == Payload::Begins::kFields) {
    after = extract_fields(payload, walk, events);
  } else if (as_text(bytes).starts_with("HTTP/1.")) {
    return {Progress::kDone, static_cast<std::uint32_t>(bytes.size()), 0};  // a response
  } else {
    walk.at = wire::proxy_header_length(bytes);
  }
  const bool is_inside = payload.begins == Payload::Begins::kChunk || payload.begins == Payload::Begins::kFields;
  for (bool is_first = !is_inside; after == After::kNext; is_first = false) {
    if (room_for_visits(walk.visits, bytes, events) == 0) return walk.cut();
    after = extract_request(bytes, walk, events);
    if (after == After::kCut) return walk.cut();
    if (after == After::kOther) return is_first ? Step{} : rest_of(bytes, walk);
  }
  return walk.done();
}

}  // namespace

extern constinit const Protocol kProtocol{
    .name = "http",
    .channel = "web",
    .tcp_ports = kPorts,
    .udp_ports = {},
    .recognise = recognise,
    .extract = extract,
    .answers = kAnswers,
    .refuse = refuse,
    .default_action = "answer",
    .spreads = true,
    .first_answer_counts = true,
};

}  // namespace telefence::http
