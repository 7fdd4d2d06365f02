// SPDX-License-Identifier: Apache-2.0
#include "pipeline/fragments.h"

#include <algorithm>
#include <span>

#include "decode/decode.h"
#include "decode/fragment.h"
#include "enforce/checksum.h"
#include "enforce/outer.h"
#include "enforce/segment.h"
#include "enforce/whole_packet.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

// Of a packet that leaves in place of fragments, tunnels and all: every link carries so much (RFC 8200, 5).
constexpr std::size_t kLongestMade = 1280;
constexpr std::size_t kFrameRoom = 1600;  // FramePool::take
constexpr std::size_t kLeastMade = 256;   // of payload
// Behind so many headers a tunnel may begin that is not followed (kFurthestHeader): one header of it is less.
constexpr std::size_t kFollowed = kFurthestHeader - 128;
constexpr std::size_t kPerExtension = 5;  // what octets of IPv6 extension headers cost more than others

bool is_alike(const Layers& made, const Layers& as) {
  return made.transport == as.transport && made.tunnels == as.tunnels && made.network == as.network && made.payload == as.payload &&
         made.ip_version == as.ip_version;
}

// Whether what comes in one packet may go on in several.
bool admits_more(const Frame& frame, const Layers& layers) {
  if (layers.tunnels == 0) return true;
  TunnelPath path;
  (void)decode(frame, path);
  return may_double(path, frame.bytes());
}

}  // namespace

// The addresses (and the tunnel) as a keyed hash, so that nobody can aim at another's packet. Over IPv6 the protocol is only that of
// the first part (RFC 8200, 4.5): others may name what they like.
std::uint64_t Fragments::key_of(std::size_t index, std::uint32_t identification) const {
  constexpr std::uint8_t kFragmentHeader = 44;
  Layers layers = burst_.layers[index];
  if (layers.ip_version == 6) layers.ip_protocol = kFragmentHeader;
  // Where the ports would be, so that it is mixed under the secret as they are: its sender chooses it.
  layers.source_port = static_cast<std::uint16_t>(identification);
  layers.destination_port = static_cast<std::uint16_t>(identification >> 16);
  return sessions_.key_of(burst_.frames[index], layers).forward;
}

bool Fragments::is_read(std::size_t index) const {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  return !frame.truncated && may_carry_messages(fragment_header(frame, layers), layers.ip_version);
}

// A part ends where the first of the headers that carry it has no hops left.
std::uint8_t Fragments::least_hops_left(const Frame& frame, const Layers& layers) {
  std::uint8_t least = hops_left(frame, layers);
  if (layers.tunnels == 0) [[likely]] return least;
  const auto note = [&](std::uint16_t network) { least = std::min(least, frame.data[network + (ip_version_at(frame, network) == 4 ? 8u : 7u)]); };
  note(layers.outer_network);
  if (layers.tunnels == 1) return least;
  TunnelPath path;
  (void)decode(frame, path);
  for (const TunnelStep& step : path.all())
    if (step.network != TunnelStep::kOnLink) note(step.network);
  return least;
}

FragmentTable::Part Fragments::part_of(const Frame& frame, const Layers& layers, const FragmentHeader& header, Bytes bytes) {
  constexpr std::size_t kHeader = 20, kHeaderIpv6 = 40 + 8;
  FragmentTable::Part part{.header = header, .bytes = bytes, .hops = least_hops_left(frame, layers)};
  part.is_plain = layers.transport_at - std::size_t{layers.network} == (layers.ip_version == 4 ? kHeader : kHeaderIpv6);
  if (layers.tunnels != 0 && layers.outer_network != layers.network) {
    const std::uint8_t* const around = frame.data + layers.outer_network;
    part.hops_around = around[around[0] >> 4 == 4 ? 8 : 7];
  }
  // A bearer's ends may have labels in front of them. Who has a PPPoE session is a user, who cuts packets himself.
  const bool is_outermost = layers.tunnels == 0 || (layers.outer_network == layers.network && !layers.is_in(TunnelKind::kPppoe));
  part.is_bearer = is_outermost && begins_bearer(header, bytes, layers.ip_version);
  return part;
}

// False for a part that no receiver takes: its packet must not be made of it.
bool Fragments::is_taken(std::size_t index, const FragmentHeader& header, Bytes part) {
  const Layers& layers = burst_.layers[index];
  if (!header_checksum_holds(burst_.frames[index], layers)) {
    burst_.fates[index] = Fate::kForwardedBadChecksum;
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return false;
  }
  if (is_cut_short(burst_.frames[index], layers)) {
    burst_.fates[index] = Fate::kForwardedBadHeader;
    return false;
  }
  // RFC 8200, 4.5: discarded. Over IPv4 receivers cut it (FragmentTable::put).
  const bool is_odd = layers.ip_version == 6 && !header.is_last && part.size() % 8 != 0;
  if (is_odd) stats_.fragments_given_up.add(1);
  return !is_odd;
}

bool Fragments::join(std::size_t index, const Classifier& classifier) {
  classifier_ = &classifier;
  return join_part(index);
}

bool Fragments::join_part(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  const FragmentHeader header = fragment_header(frame, layers);
  const Bytes part = fragment_payload(frame, layers);
  if (!is_taken(index, header, part)) return false;
  const std::uint64_t key = key_of(index, header.identification);
  if (joined_count_ != 0) note_again(index, key, header.offset, part);
  const FragmentTable::Done put = table_.put(key, part_of(frame, layers, header, part), burst_.now_ns);
  if (is_followed(index, header, part)) {
    table_.absorb(key);
    burst_.fates[index] = Fate::kDroppedCopy;  // its bytes leave in other frames, if they do
  } else if (burst_.may_change && table_.is_absorbed(key)) {
    burst_.fates[index] = Fate::kDroppedCopy;
  }
  const bool is_other_whole = put.is_other_whole && burst_.fates[index] != Fate::kDroppedCopy;
  return is_other_whole ? go_on_with_other(index, key, put.put) : go_on(index, key, put.put);
}

bool Fragments::go_on(std::size_t index, std::uint64_t key, FragmentTable::Put put) {
  using Put = FragmentTable::Put;
  switch (put) {
    case Put::kWaits: return false;
    case Put::kNoRoom: stats_.fragments_given_up.add(1); return false;
    case Put::kUnjudged: note_overlap(index); return leave_unread(index, key);
    case Put::kContradicts: note_overlap(index); return false;
    case Put::kRefused: burst_.fates[index] = Fate::kDroppedByVerdict; return false;
    case Put::kReplaced: burst_.fates[index] = Fate::kDroppedCopy; return false;
    case Put::kWholeContradicts: note_overlap(index); return take(index, key);
    case Put::kWhole: return take(index, key);
  }
  return false;
}

// The same when what goes farthest is whole as well. Which of the two its receiver has nobody knows here, and one frame is read as one packet
// only: where both may be a message the part that completes them does not go on, and nothing under its number for a minute. Senders reuse
// numbers, but of messages that tells hardly one.
bool Fragments::go_on_with_other(std::size_t index, std::uint64_t key, FragmentTable::Put put) {
  using Put = FragmentTable::Put;
  const bool is_first_whole = put == Put::kWhole || put == Put::kWholeContradicts;
  const std::size_t room_before = room_used_;
  const FragmentTable::Whole other = table_.other(key, may_read_again(key) ? room() : MutableBytes());
  if (other.bytes.empty()) {
    if (!other.is_surely_bearer && burst_.may_change) return leave_unread(index, key);
    stats_.fragments_given_up.add(1);
    return go_on(index, key, put);
  }
  note_read_again(key, other.bytes.size());
  room_used_ += other.bytes.size();
  const Says other_says = says(index, key, other);
  const FragmentTable::Whole first = is_first_whole && other_says != Says::kWrong ? table_.whole(key, room()) : FragmentTable::Whole{};
  const bool is_same = first.protocol == other.protocol && std::equal(first.bytes.begin(), first.bytes.end(), other.bytes.begin(), other.bytes.end());
  room_used_ += first.bytes.size();
  const bool lacks_room = other_says == Says::kNoRoom || (is_first_whole && other_says != Says::kWrong && first.bytes.empty());
  Says first_says = lacks_room ? Says::kNoRoom : Says::kWrong;
  if (!lacks_room && !first.bytes.empty() && !is_same) first_says = says(index, key, first);
  room_used_ = room_before;
  if (first_says == Says::kNoRoom) return burst_.may_change ? leave_unread(index, key) : go_on(index, key, put);
  // A bearer carries all its users' packets under few numbers, and they can't cut it.
  const bool are_two = first_says == Says::kMessage && (other_says == Says::kMessage || (other_says == Says::kPart && !other.is_bearer));
  const bool is_first_only = first_says == Says::kMessage && other_says == Says::kMute;
  if (other_says == Says::kWrong || is_same || is_first_only || (are_two && !burst_.may_change)) return go_on(index, key, put);
  if (put == Put::kContradicts || put == Put::kWholeContradicts) note_overlap(index);
  if (are_two) return give_up(index, key, other.is_bearer ? FragmentTable::kBriefly : FragmentTable::kRefusedForIpv6);
  if (is_first_whole) {
    table_.take(key, false, burst_.now_ns);
    if (first_says != Says::kWrong) stats_.fragments_joined.add(1);
  }
  room_used_ += other.bytes.size();
  return read(index, key, other, Source::kOther);
}

// So that whoever changes a few octets of a long packet, again and again, keeps the worker neither from its others nor from theirs.
bool Fragments::may_read_again(std::uint64_t key) const {
  if (again_bytes_ > kMostAgain) return false;
  const auto of_burst = std::span(read_again_).first(read_again_count_);
  const auto one = std::find_if(of_burst.begin(), of_burst.end(), [&](const ReadAgain& known) { return known.key == key; });
  return one == of_burst.end() || one->bytes < kMostAgainOfOne;
}

void Fragments::note_read_again(std::uint64_t key, std::size_t bytes) {
  again_bytes_ += bytes;
  for (ReadAgain& one : std::span(read_again_).first(read_again_count_)) {
    if (one.key != key) continue;
    one.bytes += bytes;
    return;
  }
  if (read_again_count_ < read_again_.size()) read_again_[read_again_count_++] = {key, bytes};
}

// The first part of a segment of a connection that many share, of which bytes were seen here: such a segment goes on uncut. Its receiver never gets
// this part, however often and under whatever number it comes, and so can't make anything of the others.
bool Fragments::is_followed(std::size_t index, const FragmentHeader& header, Bytes part) {
  constexpr std::uint8_t kTcp = 6;
  if (!burst_.may_change || header.offset != 0) return false;
  const WholePayload begin = read_whole_payload(part, header.protocol, burst_.layers[index].ip_version);
  if (begin.transport != Transport::kTcp) return false;
  const Frame& frame = burst_.frames[index];
  Layers layers = burst_.layers[index];
  if (layers.is_sealed() || !admits_more(frame, layers)) return false;
  layers.ip_protocol = kTcp;
  layers.source_port = begin.source_port;
  layers.destination_port = begin.destination_port;
  return lane_.knows(sessions_.key_of(frame, layers), layers);
}

void Fragments::note_overlap(std::size_t index) {
  if (overlap_noted_ == index) return;
  overlap_noted_ = index;
  stats_.fragments_overlapping.add(1);
  note_evasion(burst_, stats_, index, EvasionKind::kOverlappingFragments);
}

// A part under the identification of a packet that became whole in this burst: once more the same, or something else. It must not make that
// one whole at its receiver when it is refused. It is put like any other all the same: maybe it is of the next packet.
void Fragments::note_again(std::size_t index, std::uint64_t key, std::uint32_t offset, Bytes part) {
  for (std::size_t i = joined_count_; i-- > 0;) {
    const Joined& one = joined_[i];
    if (one.key != key || one.index == index) continue;
    const Bytes there = one.bytes.subspan(std::min<std::size_t>(offset, one.bytes.size()));
    const std::size_t both = std::min(there.size(), part.size());
    if (!std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(both), there.begin())) note_overlap(index);
    if (again_count_ < again_.size()) again_[again_count_++] = {static_cast<std::uint16_t>(index), one.index};
    return;
  }
}

// True for what no receiver takes: they are of two packets under one number, the first of which never became whole, or some are decoys that
// go no further than here. What may lack a checksum tells nothing.
bool Fragments::lacks_sum(std::size_t index, const WholePayload& whole) const {
  return !burst_.frames[index].may_lack_checksum && has_wrong_sum(index, whole);
}

bool Fragments::has_wrong_sum(std::size_t index, const WholePayload& whole) const {
  if (whole.transport == Transport::kNone) return false;
  if (!whole.is_known) return true;
  Layers layers = burst_.layers[index];
  layers.ip_protocol = whole.protocol;
  layers.transport = whole.transport;
  return !segment_checksum_holds(burst_.frames[index], layers, whole.segment);
}

// A packet may be a segment, or a tunnel's with another packet inside. Who cuts a packet makes its checksum first, whatever is left to his NIC
// (Linux, ip_do_fragment()), so a wrong one counts on every port.
Fragments::Says Fragments::says(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet) {
  const WholePayload whole = read_whole_payload(packet.bytes, packet.protocol, burst_.layers[index].ip_version);
  if (whole.extensions != 0) note_read_again(key, kPerExtension * whole.extensions);
  const Standing made = burst_.is_rebuilt[index] || may_be_tunnel(whole) ? stand_up(index, packet) : Standing{};
  if (made.lacks_room) return Says::kNoRoom;
  if (made.is_beyond) return Says::kMessage;
  if (made.is_wrong || (made.size == 0 && has_wrong_sum(index, whole))) return Says::kWrong;
  const Layers& layers = made.layers;
  if (made.size != 0 && layers.end == DecodeEnd::kFragment) return Says::kPart;
  const bool is_read = made.size != 0 ? layers.end == DecodeEnd::kPayload : whole.is_known;
  if (!is_read) return Says::kMute;
  Payload payload{whole.bytes, whole.transport, whole.source_port, whole.destination_port, Payload::Begins::kPacket};
  if (made.size != 0) payload = {payload_of(made.frame, layers), layers.transport, layers.source_port, layers.destination_port, Payload::Begins::kPacket};
  if (payload.transport == Transport::kTcp) return Says::kMessage;
  const std::uint8_t protocol = classifier_->classify(payload);
  const bool is_message = (protocol != kNoProtocol && classifier_->is_enabled(protocol)) || classifier_->next_by_content(payload, protocol) != kNoProtocol;
  return is_message ? Says::kMessage : Says::kMute;
}

void Fragments::accept(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet, Source source) {
  const bool is_absorbed = table_.is_absorbed(key);
  if (source == Source::kFirst) table_.take(key, false, burst_.now_ns);
  const bool is_ipv6 = burst_.layers[index].ip_version == 6;
  joined_[joined_count_++] = {static_cast<std::uint16_t>(index), packet.is_bearer, false, is_absorbed, is_ipv6, key, packet.bytes};
  stats_.fragments_joined.add(1);
  burst_.is_contradictory[index] = packet.is_contradictory || (burst_.is_rebuilt[index] && burst_.is_contradictory[index]);
}

// The packet that this fragment made whole.
bool Fragments::take(std::size_t index, std::uint64_t key) {
  const FragmentTable::Whole packet = table_.whole(key, room());
  if (packet.bytes.empty()) return leave_unread(index, key);
  room_used_ += packet.bytes.size();
  return read(index, key, packet, Source::kFirst);
}

bool Fragments::read(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet, Source source) {
  Layers& layers = burst_.layers[index];
  const WholePayload whole = read_whole_payload(packet.bytes, packet.protocol, layers.ip_version);
  const bool is_segment = whole.is_known && whole.transport == Transport::kTcp;
  const Made made = burst_.is_rebuilt[index] || is_segment || may_be_tunnel(whole) ? rebuild(index, key, packet, source) : Made::kNothing;
  if (made == Made::kFrame) return read_inside(index);
  if (made == Made::kNoRoom) return leave_unread(index, key);
  if (made == Made::kBeyond) return give_up(index, key);
  // What contradicts itself is judged as it is: a receiver may make a sound one of it (Enforcer::carry_out).
  if (!packet.is_contradictory && (made == Made::kWrong || lacks_sum(index, whole))) {
    room_used_ -= packet.bytes.size();
    if (source == Source::kFirst) table_.take(key, true, burst_.now_ns);
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return false;
  }
  if (is_segment) return give_up(index, key);
  accept(index, key, packet, source);
  if (!whole.is_known || whole.bytes.empty()) return false;
  layers.ip_protocol = whole.protocol;
  layers.transport = whole.transport;
  layers.source_port = whole.source_port;
  layers.destination_port = whole.destination_port;
  burst_.payloads[index] = {whole.bytes, whole.transport, whole.source_port, whole.destination_port, Payload::Begins::kPacket};
  burst_.is_joined[index] = burst_.any_joined = true;
  burst_.joined[index] = whole.segment;
  return true;
}

// A segment that is longer than any packet, or than the tunnels around it can say, or behind more headers than are read: nobody's. Or two packets
// at once.
bool Fragments::give_up(std::size_t index, std::uint64_t key, std::uint64_t for_ns) {
  stats_.fragments_given_up.add(1);
  if (burst_.may_change) {
    burst_.fates[index] = Fate::kDroppedStreamFull;
    table_.refuse(key, FragmentTable::Gone::kRefused, for_ns, burst_.now_ns);
  } else {
    table_.drop(key);
  }
  return false;
}

// There is no room for it in this burst: its part may come once more, and must not complete unread what is kept of it.
bool Fragments::leave_unread(std::size_t index, std::uint64_t key) {
  stats_.fragments_given_up.add(1);
  if (!burst_.may_change) return false;
  table_.leave_unread(key);
  burst_.fates[index] = Fate::kDroppedStreamFull;
  return false;
}

// The packet as a frame in one piece, written behind what is used of the room. size: 0 when there is no segment or tunnel in it after all, or it is
// longer than a packet or the tunnels around it can say.
Fragments::Standing Fragments::stand_up(std::size_t index, const FragmentTable::Whole& packet) const {
  const Layers& layers = burst_.layers[index];
  Standing made;
  made.frame = burst_.frames[index];
  const MutableBytes place = room();
  made.lacks_room = place.size() < layers.transport_at + packet.bytes.size();
  const std::size_t size = write_whole_packet(made.frame, layers, packet.protocol, packet.bytes, place);
  if (size == 0) return made;
  made.frame.data = place.data();
  made.frame.length = static_cast<std::uint32_t>(size);
  made.frame.headroom = made.frame.tailroom = 0;
  made.frame.owner = nullptr;
  made.layers = decode(made.frame);
  const bool is_deeper = made.layers.tunnels > layers.tunnels;
  made.is_beyond = made.layers.transport_at > kFollowed;
  if (made.is_beyond) return made;
  if (made.layers.ip_version == 0 || (!is_deeper && made.layers.transport != Transport::kTcp && !burst_.is_rebuilt[index])) return made;
  made.size = size;
  const bool has_sum = !made.frame.may_lack_checksum && made.layers.transport != Transport::kNone;
  made.is_wrong = has_sum && !checksums_hold(made.frame, made.layers);
  return made;
}

// kFrame: the packet stands in the burst as a frame. kNothing: as stand_up().
Fragments::Made Fragments::rebuild(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet, Source source) {
  const Layers& layers = burst_.layers[index];
  const Standing made = stand_up(index, packet);
  if (made.lacks_room) return Made::kNoRoom;
  if (made.is_beyond) return Made::kBeyond;
  if (made.size == 0) return Made::kNothing;
  if (made.is_wrong && !packet.is_contradictory) return Made::kWrong;
  const bool is_deeper = made.layers.tunnels > layers.tunnels;
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind)
    if (made.layers.is_in(static_cast<TunnelKind>(kind)) && !layers.is_in(static_cast<TunnelKind>(kind))) stats_.tunnels[kind].add(1);
  room_used_ += made.size;
  accept(index, key, packet, source);
  joined_[joined_count_ - 1].is_tunnel = is_deeper;
  burst_.stand_in(index, made.frame, made.layers);
  return Made::kFrame;
}

// True when so many packets were made whole by this fragment, one in another, as there may be.
bool Fragments::is_too_deep(std::size_t index) const {
  return joined_count_ >= kMostNested && joined_[joined_count_ - kMostNested].index == index;
}

// What the innermost packet of the frame that was put together says, which may be the last part of another one.
bool Fragments::read_inside(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (layers.end == DecodeEnd::kFragment) return !is_too_deep(index) && is_read(index) && join_part(index);
  const bool is_bare = layers.end == DecodeEnd::kNoPayload && layers.transport == Transport::kTcp;
  if (layers.end != DecodeEnd::kPayload && !is_bare) return false;
  burst_.payloads[index] = {payload_of(frame, layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  return true;
}

bool Fragments::replace(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (!checksums_hold(frame, layers)) return false;
  // Headers may be longer than anybody makes them.
  const std::size_t outermost = layers.tunnels != 0 ? layers.outer_network : layers.network;
  const std::size_t end = std::clamp(outermost + kLongestMade, layers.payload + kLeastMade, std::max(layers.payload + kLeastMade, kFrameRoom));
  const std::size_t most = end - layers.payload;
  if (layers.payload_length > most && !admits_more(frame, layers)) return false;
  if (end > kFrameRoom || !make_segments(index, most)) {
    burst_.fates[index] = Fate::kDroppedStreamFull;
    return true;
  }
  burst_.held[index] = burst_.any_held = true;  // the last of them has its fate
  is_replaced_[index] = any_replaced_ = true;
  stats_.fragments_replaced.add(1);
  return true;
}

bool Fragments::is_admitted(std::size_t index) {
  if ((told_ <= EventList::kJoinedEvents && told_text_ <= EventList::kJoinedText) || !burst_.may_change) [[likely]] return true;
  stats_.fragments_given_up.add(1);
  burst_.fates[index] = Fate::kDroppedStreamFull;
  return false;
}

// Each recipient and each path takes room behind the list, too.
void Fragments::note_told(const Told& before) {
  const auto events = burst_.events.events().subspan(before.events);
  told_ += events.size() + burst_.events.responses().size() - before.responses;
  told_text_ += burst_.events.arena().size() - before.text;
  for (const Event& event : events) {
    if (const Sms* const sms = std::get_if<Sms>(&event.what)) told_ += sms->called.size(), told_text_ += sms->body.size();
    if (const UrlVisit* const visit = std::get_if<UrlVisit>(&event.what)) told_text_ += visit->host.size() + visit->path.size();
  }
}

// With `most` octets of payload each. False, and nothing is done, when there is no place or no buffer for them, or when what stands under a label
// would look like something else once it is shorter.
bool Fragments::make_segments(std::size_t index, std::size_t most) {
  Frame rest = burst_.frames[index];
  Layers layers = burst_.layers[index];
  const std::size_t count = std::max<std::size_t>((layers.payload_length + most - 1) / most, 1);
  const std::size_t bytes = count * layers.payload + layers.payload_length;
  if (count > burst_.made.size() - burst_.made_count || made_bytes_ + bytes > EventList::kBurstBytes) return false;
  const auto made = std::span(burst_.made).subspan(burst_.made_count, count);
  const std::size_t taken = pool_.take_some(made);
  if (taken < count) {
    pool_.release(made.first(taken));
    return false;
  }
  bool is_done = true;
  for (Frame& front : made.first(count - 1)) {
    Layers unused;
    is_done = is_done && split_segment(rest, layers, static_cast<std::uint32_t>(most), front, unused);
    front.is_made = true;
  }
  is_done = is_done && copy_segment(rest, layers, made.back());
  for (const Frame& one : made) is_done = is_done && is_alike(decode(one), layers);
  if (!is_done) {
    pool_.release(made);
    return false;
  }
  std::fill_n(burst_.made_flows.begin() + static_cast<std::ptrdiff_t>(burst_.made_count), count, burst_.flow_of(index, sessions_).both);
  burst_.made_count += count;
  made_bytes_ += bytes;
  return true;
}

// See FragmentTable.
std::uint64_t Fragments::remembered_for(const Joined& one) {
  if (one.is_tunnel && one.is_bearer) return FragmentTable::kBriefly;
  return one.is_ipv6 ? FragmentTable::kRefusedForIpv6 : FragmentTable::kRefusedFor;
}

// Of a copy nothing is kept from anybody.
void Fragments::settle() {
  if (joined_count_ == 0) [[likely]] return;
  const auto is_refused = [&](std::size_t index) { return !burst_.is_copy && !leaves(burst_.fates[index]); };
  for (const Again& one : std::span(again_).first(again_count_)) {
    if ((!is_refused(one.first) && !is_replaced_[one.first]) || !leaves(burst_.fates[one.index])) continue;
    burst_.fates[one.index] = is_replaced_[one.first] ? Fate::kDroppedCopy : Fate::kDroppedByVerdict;
  }
  for (const Joined& one : std::span(joined_).first(joined_count_)) {
    using Gone = FragmentTable::Gone;
    if (one.is_absorbed) continue;  // nobody can make anything of its other parts
    const bool is_replaced = is_replaced_[one.index] || burst_.fates[one.index] == Fate::kDroppedCopy;
    if (is_replaced || is_refused(one.index))
      table_.refuse(one.key, is_replaced ? Gone::kReplaced : Gone::kRefused, remembered_for(one), burst_.now_ns);
  }
  if (burst_.any_rebuilt) [[unlikely]] burst_.put_back();
}

void Fragments::end_of_burst() {
  for (std::size_t i = 0; any_replaced_ && i < burst_.count; ++i)
    if (is_replaced_[i]) pool_.release({&burst_.frames[i], 1});
  if (any_replaced_) is_replaced_.fill(false);
  any_replaced_ = false;
  made_bytes_ = told_ = told_text_ = 0;
  overlap_noted_ = Burst::kFrames;
  joined_count_ = again_count_ = room_used_ = again_bytes_ = read_again_count_ = 0;
  table_.end_of_burst();
  stats_.fragments_evicted.set(table_.evicted());
}

}  // namespace telefence
