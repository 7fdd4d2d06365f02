// SPDX-License-Identifier: Apache-2.0
#include "protocols/smpp/shape.h"

#include <algorithm>
#include <string_view>

#include "base/reader.h"

namespace telefence::smpp {
namespace {

// The mandatory parameters in their order (SMPP 3.4, section 4). s: C-octet string of printable characters; a: type of number and
// numbering plan, then such a string; o: any octet; d: number_of_dests and so many dest_address; m: sm_length and so many octets.
// Nothing for a command whose body says too little.
struct Layout {
  std::uint32_t command;
  std::string_view parameters;
  bool has_optional;
};
constexpr Layout kLayouts[] = {
    {0x00000004, "saaooossoooom", true},  // submit_sm
    {0x00000005, "saaooossoooom", true},  // deliver_sm
    {0x00000015, "", false},              // enquire_link
    {0x00000103, "saaooo", true},         // data_sm
    {0x00000021, "sadooossoooom", true},  // submit_multi
    {0x00000001, "sssoa", true},          // bind_receiver
    {0x00000002, "sssoa", true},          // bind_transmitter
    {0x00000009, "sssoa", true},          // bind_transceiver
    {0x0000000b, "ss", false},            // outbind
    {0x00000006, "", false},              // unbind
    {0x00000003, "sa", false},            // query_sm
    {0x00000007, "sassoom", true},        // replace_sm
    {0x00000008, "ssaa", false},          // cancel_sm
    {0x00000102, "aa", true},             // alert_notification
};

constexpr std::size_t kLongestString = 65;
constexpr std::uint8_t kLastTypeOfNumber = 6;  // SMPP 3.4, 5.2.5
constexpr std::uint8_t kLastPlan = 18;         // 5.2.6

// Reads on until something is missing or wrong.
class Body {
 public:
  explicit Body(Bytes bytes) : reader_(bytes) {}

  Shape read(const Layout& layout) {
    for (const char parameter : layout.parameters) {
      read(parameter);
      if (is_wrong_) return Shape::kOther;
      if (!reader_.ok()) return Shape::kGoesOn;
    }
    return layout.has_optional ? read_optional() : end();
  }

 private:
  Shape end() const { return reader_.at_end() ? Shape::kFits : Shape::kOther; }

  void read(char parameter) {
    switch (parameter) {
      case 's': return string();
      case 'a': return address();
      case 'd': return destinations();
      case 'm': return reader_.skip(reader_.u8());
      default: return reader_.skip(1);
    }
  }

  void string() {
    for (std::size_t length = 0; reader_.ok() && !reader_.at_end(); ++length) {
      const std::uint8_t octet = reader_.u8();
      if (octet == 0) return;
      is_wrong_ = is_wrong_ || octet < ' ' || octet > '~' || length >= kLongestString;
      if (is_wrong_) return;
    }
    reader_.fail();
  }

  void address() {
    const std::uint8_t type = reader_.u8();
    const std::uint8_t plan = reader_.u8();
    is_wrong_ = is_wrong_ || type > kLastTypeOfNumber || plan > kLastPlan;
    if (!is_wrong_) string();
  }

  void destinations() {
    const std::uint8_t count = reader_.u8();
    for (std::size_t i = 0; i < count && reader_.ok() && !is_wrong_; ++i) {
      switch (reader_.u8()) {
        case static_cast<std::uint8_t>(DestinationKind::kAddress): address(); break;
        case static_cast<std::uint8_t>(DestinationKind::kDistributionList): string(); break;
        default: is_wrong_ = reader_.ok();
      }
    }
  }

  Shape read_optional() {
    while (!reader_.at_end()) {
      reader_.skip(2);
      reader_.skip(reader_.u16());
      if (!reader_.ok()) return Shape::kGoesOn;
    }
    return end();
  }

  Reader reader_;
  bool is_wrong_ = false;
};

// What sessions consist of; the others have so little in them that anything might be one.
bool says_enough(std::uint32_t command) {
  constexpr std::uint32_t kBindReceiver = 1, kBindTransmitter = 2, kBindTransceiver = 9, kEnquireLink = 0x15;
  return carries_message(command) || command == kBindReceiver || command == kBindTransmitter || command == kBindTransceiver ||
         command == kEnquireLink;
}

}  // namespace

Shape shape_of_request(Bytes bytes, const Header& header) {
  const auto* const layout = std::find_if(std::begin(kLayouts), std::end(kLayouts),
                                          [&](const Layout& one) { return one.command == header.command; });
  if (layout == std::end(kLayouts) || !is_known(header) || header.sequence == 0) return Shape::kOther;
  const bool is_whole = header.length <= bytes.size();
  const Bytes pdu = bytes.first(is_whole ? header.length : bytes.size());
  const Shape shape = Body(pdu.subspan(kHeaderLength)).read(*layout);
  if (is_whole) return shape == Shape::kFits ? shape : Shape::kOther;
  // What ends before its length does is something else, but where only optional parameters would go on.
  return shape == Shape::kFits && !layout->has_optional ? Shape::kOther : shape == Shape::kFits ? Shape::kGoesOn : shape;
}

bool is_surely_smpp(Bytes bytes) {
  if (bytes.size() < kHeaderLength || bytes[0] != 0) return false;
  bool is_first = true;
  while (!bytes.empty()) {
    Header header;
    const HeaderState state = read_header(bytes, header);
    if (state == HeaderState::kPartial) return !is_first;
    if (state == HeaderState::kImplausible || !is_known(header)) return false;
    const bool is_request = (header.command & kResponseBit) == 0;
    if (is_first && !says_enough(header.command)) return false;
    if (header.length > bytes.size()) return !is_first;
    if (is_request && shape_of_request(bytes, header) != Shape::kFits) return false;
    bytes = bytes.subspan(header.length);
    is_first = false;
  }
  return true;
}

}  // namespace telefence::smpp
