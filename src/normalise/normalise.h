// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events to keys: the one place that makes canonical forms of what traffic carries. Worker thread, no allocation. The same
// functions (domain.h, phone.h, sms_text.h) make the canonical forms of signatures.

#include <span>
#include <string>

#include "event/event.h"
#include "event/keys.h"

namespace telefence {

struct NormaliseOptions {
  std::string home_country = "86";  // E.164 country code for national numbers
};

class Normaliser {
 public:
  explicit Normaliser(const NormaliseOptions& options) : options_(options) {}
  // Appends the keys of all events. An event whose value can't be normalised gets no key (and so no hit). with_texts: also of what
  // short messages say, which costs most by far.
  void normalise(std::span<const Event> events, KeyList& keys, bool with_texts = true) const;
  const NormaliseOptions& options() const { return options_; }

 private:
  NormaliseOptions options_;
};

}  // namespace telefence
