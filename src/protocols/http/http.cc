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
// Pipelined requests in one segment. More than any client sends; a burst full of them still fits the event list.
constexpr unsigned kMostRequests = 32;
// Visits in one segment, so many and one for each so many bytes: further hosts of a request are told as far as this goes, so that no
// burst holds more events than there is room for.
constexpr std::size_t kVisitsAnyway = 2, kBytesPerVisit = 26;
std::size_t most_visits(Bytes segment) { return kVisitsAnyway + segment.size() / kBytesPerVisit; }

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

// What follows a request in the same segment.
enum class After : std::uint8_t { kNext, kNothing, kCut, kOther };

After extract_request(Bytes bytes, std::size_t& consumed, std::size_t& visits, EventList& events) {
  Reader reader(bytes);
  reader.skip(consumed);
  RequestLine line;
  const LineFound found = read_request_line(reader, line);
  if (found == LineFound::kCut) return After::kCut;
  if (found == LineFound::kNone) return After::kOther;
  const HeaderSection section = read_header_section(reader);
  Site site = site_of(line);
  // RFC 9112, 3.2.2: the authority of an absolute target wins over Host.
  if (!site.from_target) {
    if (!section.has_host && !section.is_whole) return After::kCut;
    site.host = without_port(section.host);
  }
  const bool ends_here = section.is_whole && skip_body(reader, section);
  const std::size_t end = ends_here ? reader.position() : bytes.size();
  const OtherHosts others = line.method == "CONNECT" ? OtherHosts() : other_hosts(section, site);
  const Place place{static_cast<std::uint32_t>(consumed), static_cast<std::uint32_t>(end - consumed)};
  const std::size_t most = most_visits(bytes);
  visits += push_request(line, site, others.all(), most > visits + 1 ? most - visits - 1 : 0, place, events);
  consumed = end;
  // After CONNECT the connection carries something else (RFC 9110, 9.3.6).
  return ends_here && end < bytes.size() && line.method != "CONNECT" ? After::kNext : After::kNothing;
}

Step extract(const Payload& payload, EventList& events) {
  const auto size = static_cast<std::uint32_t>(payload.bytes.size());
  if (payload.transport != Transport::kTcp) return {};
  if (as_text(payload.bytes).starts_with("HTTP/1.")) return {Progress::kDone, size, 0};  // a response
  std::size_t consumed = wire::proxy_header_length(payload.bytes);
  std::size_t visits = 0;
  for (unsigned i = 0; i < kMostRequests; ++i) {
    if (visits > i && visits >= most_visits(payload.bytes)) break;
    switch (extract_request(payload.bytes, consumed, visits, events)) {
      case After::kNext:
        continue;
      case After::kNothing:
        return {Progress::kDone, size, 0};
      case After::kCut:
        return {Progress::kNeedMore, static_cast<std::uint32_t>(consumed), 0};
      case After::kOther:
        return i == 0 ? Step{} : Step{Progress::kDone, size, 0};
    }
  }
  return {Progress::kNeedMore, static_cast<std::uint32_t>(consumed), 0};
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
