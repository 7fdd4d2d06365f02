// SPDX-License-Identifier: Apache-2.0
#include "pipeline/payload_reader.h"

#include "base/check.h"

namespace telefence {
namespace {

Fate fate_of(Progress progress) {
  switch (progress) {
    case Progress::kDone: return Fate::kForwardedInspected;
    case Progress::kNeedMore: return Fate::kForwardedNeedMore;
    case Progress::kNotMine: return Fate::kForwardedNotRecognised;
    case Progress::kMalformed: return Fate::kForwardedMalformed;
  }
  return Fate::kForwardedMalformed;
}

}  // namespace

[[gnu::always_inline]] inline Progress PayloadReader::read_as(std::uint8_t protocol, std::size_t index) {
  EventList& events = burst_.events;
  events.begin_frame(static_cast<std::uint16_t>(index), protocol);
  DatagramReader* const reader = datagrams_.reader(protocol, burst_.layers[index].transport);
  // A Step comes in two registers; kept as a whole it goes through memory, and whoever takes it from there waits.
  const auto note = [&](const Step& step) {
    step_.consumed = step.consumed;
    step_.need = step.need;
    step_.then = step.then;
    return step.progress;
  };
  const Progress progress = reader == nullptr ? note(registered_protocols()[protocol]->extract(burst_.payloads[index], events))
                                              : note(datagrams_.read(index, *reader));
  stats_.parsed[protocol][static_cast<std::size_t>(progress)].add(1);
  if (progress == Progress::kNotMine || progress == Progress::kMalformed) events.undo_frame();
  return progress;
}

// The port suggested `tried`, and it is not that; the content may still be another's. Returns which.
[[gnu::noinline]] std::uint8_t PayloadReader::read_as_other(std::uint8_t tried, std::size_t index, const Classifier& classifier, Progress& progress) {
  const std::uint8_t other = classifier.next_by_content(burst_.payloads[index], tried);
  if (other == kNoProtocol || !classifier.is_enabled(other)) return tried;
  progress = read_as(other, index);
  return other;
}

// Reads burst.payloads[index] as `protocol`, or as the one that it is in truth. Inlined where whole datagrams are read.
[[gnu::always_inline]] inline Progress PayloadReader::read_here(std::size_t index, const Classifier& classifier, std::uint8_t protocol) {
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) {
    burst_.events.begin_frame(static_cast<std::uint16_t>(index), protocol);  // who takes back what was read takes nothing of the frame before
    burst_.fates[index] = protocol == kNoProtocol ? Fate::kForwardedNotRecognised : Fate::kForwardedNotInspected;
    return Progress::kNotMine;
  }
  Progress progress = read_as(protocol, index);
  if (progress == Progress::kNotMine && !registered_protocols()[protocol]->keeps_its_ports) [[unlikely]]
    protocol = read_as_other(protocol, index, classifier, progress);
  burst_.protocol[index] = protocol;
  if (burst_.events.frame_has_none() && registered_protocols()[protocol]->acknowledges != nullptr) {
    DCHECK(index < Burst::kFrames);  // streams are read elsewhere, at places of their own
    burst_.may_acknowledge[index] = burst_.any_may_acknowledge = true;
  }
  burst_.fates[index] = fate_of(progress);
  if (burst_.events.overflowed()) [[unlikely]] {
    burst_.events.undo_frame();
    burst_.fates[index] = Fate::kForwardedEventLimit;
  }
  return progress;
}

Progress PayloadReader::read(std::size_t index, const Classifier& classifier, std::uint8_t protocol) {
  return read_here(index, classifier, protocol);
}

// True when the worker has fallen too far behind to read this payload of `protocol`.
bool PayloadReader::is_shed(std::size_t index, const Classifier& classifier, std::uint8_t protocol) {
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) return false;
  const Protocol& one = *registered_protocols()[protocol];
  const Transport transport = burst_.layers[index].transport;
  if (one.shares_connections && transport == Transport::kTcp) return false;
  const bool is_quic = datagrams_.reader(protocol, transport) != nullptr;
  const ShedCause cause = is_quic ? ShedCause::kQuic : ShedCause::kNames;
  if (!shedder_.sheds(cause)) return false;
  // A port alone says little: connections that stand, with data of any kind, must not be dropped, nor be counted as hellos.
  const bool must_be_sure = is_quic || shedder_.drops(cause);
  if (must_be_sure && one.recognise != nullptr && !one.recognise(burst_.payloads[index])) return false;
  burst_.fates[index] = shedder_.shed(cause);
  return true;
}

void PayloadReader::datagram(std::size_t index, const Classifier& classifier) {
  const Layers& layers = burst_.layers[index];
  burst_.payloads[index] = {payload_of(burst_.frames[index], layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  if (shedder_.is_shedding() && is_shed(index, classifier, protocol)) [[unlikely]] return;
  if (read_here(index, classifier, protocol) != Progress::kNeedMore) return;
  if (datagrams_.reader(burst_.protocol[index], layers.transport) != nullptr) burst_.fates[index] = datagrams_.fate_of_waiting();
}

}  // namespace telefence
