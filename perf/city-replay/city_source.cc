// SPDX-License-Identifier: Apache-2.0
#include "city_source.h"

#include <algorithm>

namespace telefence::perf {

namespace {

// None of the events is one.
bool is_reset(const Frame& frame) { return frame.length > 47 && frame.data[23] == 6 && (frame.data[47] & 4) != 0; }

}  // namespace

void CitySource::play(Events& events, std::uint64_t frauds) {
  events_ = &events;
  next_ = innocent_ = fraud_ = 0;
  most_frauds_ = frauds;
}

std::size_t CitySource::receive(std::span<Frame> frames) {
  std::size_t count = 0;
  for (; count < frames.size() && !is_over() && pool_.take(frames[count]); ++count) {
    Frame& frame = frames[count];
    const std::uint64_t n = next_++;
    const bool is_fraud = events_->write(n, frame);
    ++(is_fraud ? fraud_ : innocent_);
    frame.number = (n + 1) << 1 | (is_fraud ? 1 : 0);
    frame.time_ns = now_ns_;
    if (is_fraud || (n + 1) % kCompared != 0) continue;
    Copy& copy = copies_[(n + 1) / kCompared % copies_.size()];
    copy.number = n + 1;
    copy.bytes.assign(frame.data, frame.data + frame.length);
  }
  now_ns_ += 10'000;  // so that what sessions remember expires as it does at 6 Mpps
  return count;
}

std::size_t CitySink::transmit(std::span<Frame> frames) {
  for (const Frame& frame : frames) {
    if (frame.number == 0 || is_reset(frame)) continue;  // what the worker itself says to an end
    ++((frame.number & 1) != 0 ? fraud : innocent);
    const std::uint64_t n = frame.number >> 1;
    if ((frame.number & 1) != 0 || n % CitySource::kCompared != 0) continue;
    const CitySource::Copy& copy = source_.copy_of(n);
    ++compared;
    if (copy.number != n || !std::equal(copy.bytes.begin(), copy.bytes.end(), frame.data, frame.data + frame.length))
      ++changed;
  }
  return port_.transmit(frames);  // net_null takes everything
}

}  // namespace telefence::perf
