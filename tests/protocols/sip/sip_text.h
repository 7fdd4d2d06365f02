// SPDX-License-Identifier: Apache-2.0
#pragma once

// SIP requests for tests, line by line.

#include <string>
#include <string_view>
#include <vector>

#include "protocols/protocol.h"

namespace telefence::sip {
extern const Protocol kProtocol;

struct TestRequest {
  std::string method = "INVITE";
  std::string uri = "sip:+8613800138000@core.example;user=phone";
  std::string from = "From: \"Bank\" <sip:+8610086@access.example>;tag=a1";
  std::string to = "To: <sip:+8613800138000@core.example>";
  std::string via = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport";
  std::string call_id = "Call-ID: 7@192.0.2.1";
  std::string cseq = "CSeq: 42 INVITE";
  std::vector<std::string> more;
  std::string length = "Content-Length: 0";
  std::string body;
  std::string line_end = "\r\n";
};

inline std::string text_of(const TestRequest& request) {
  std::string text = request.method + " " + request.uri + " SIP/2.0" + request.line_end;
  std::vector<std::string> lines = {request.via, request.from, request.to, request.call_id, request.cseq};
  lines.insert(lines.end(), request.more.begin(), request.more.end());
  lines.push_back(request.length);
  for (const std::string& line : lines)
    if (!line.empty()) text += line + request.line_end;
  return text + request.line_end + request.body;
}

// A MESSAGE with a text, its length told.
inline std::string message_of(std::string_view text, std::string_view type = "text/plain") {
  TestRequest request;
  request.method = "MESSAGE";
  request.cseq = "CSeq: 3 MESSAGE";
  request.more = {"Content-Type: " + std::string(type)};
  request.length = "Content-Length: " + std::to_string(text.size());
  request.body = text;
  return text_of(request);
}

// What extract() says of one payload.
struct Extracted {
  explicit Extracted(std::string_view content, Transport transport = Transport::kUdp)
      : bytes(content.begin(), content.end()) {
    events.begin_frame(0, 4);
    step = kProtocol.extract(payload(transport), events);
  }
  Payload payload(Transport transport = Transport::kUdp) const { return {bytes, transport, 5060, 5060}; }
  const Event& event(std::size_t index = 0) const { return events.events()[index]; }
  std::size_t count() const { return events.events().size(); }
  const Call& call(std::size_t index = 0) const { return std::get<Call>(event(index).what); }
  const Sms& sms(std::size_t index = 0) const { return std::get<Sms>(event(index).what); }

  std::vector<std::uint8_t> bytes;
  EventList events;
  Step step;
};

inline std::vector<std::string> strings(Texts texts) { return {texts.begin(), texts.end()}; }

}  // namespace telefence::sip
