// SPDX-License-Identifier: Apache-2.0
#include "nic/respond_queue.h"

#include <algorithm>
#include <array>

#include "base/reader.h"
#include "base/writer.h"

namespace telefence {
namespace {

constexpr std::size_t kAddresses = 12, kType = 2, kTag = 4;
constexpr std::uint16_t kVlan = 0x8100, kServiceVlan = 0x88a8;

// Octets of tags behind the addresses.
std::size_t tags_of(Bytes frame) {
  std::size_t size = 0;
  while (kAddresses + size + kTag + kType <= frame.size()) {
    const std::uint16_t type = Reader(frame.subspan(kAddresses + size, 2)).u16();
    if (type != kVlan && type != kServiceVlan) break;
    size += kTag;
  }
  return size;
}

}  // namespace

bool address_frame(const SentLink& link, Frame& frame) {
  if (frame.link != LinkType::kEthernet || frame.length < kAddresses + kType) return false;
  const std::size_t had = tags_of(frame.bytes());
  const bool replaces_tags = link.gateway.has_value() || link.vlan != 0;
  const std::size_t has = !replaces_tags ? had : link.vlan != 0 ? kTag : 0;
  if (has > had + frame.headroom) return false;
  MacAddress destination;
  std::copy_n(frame.data, destination.size(), destination.begin());
  if (link.gateway) destination = *link.gateway;
  const auto shift = static_cast<std::ptrdiff_t>(had) - static_cast<std::ptrdiff_t>(has);
  frame.data += shift;
  frame.headroom = static_cast<std::uint16_t>(frame.headroom + shift);
  frame.length = static_cast<std::uint32_t>(frame.length - shift);
  Writer writer(frame.mutable_bytes().first(kAddresses + (replaces_tags ? has : 0)));
  writer.bytes(destination);
  writer.bytes(link.source);
  if (!replaces_tags || has == 0) return true;
  writer.u16(kVlan);
  writer.u16(link.vlan);
  return true;
}

std::size_t RespondQueue::transmit(std::span<Frame> frames) {
  for (Frame& frame : frames) (void)address_frame(link_, frame);
  return port_.transmit(frames);
}

}  // namespace telefence
