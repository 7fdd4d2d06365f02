// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words that people read at the screen, in English and 简体中文. One table; JSON output is never translated.

#include <cstdint>
#include <string_view>

#include "verdict/verdict.h"

namespace telefence {

enum class Language : std::uint8_t { kEnglish, kChinese };

// `wanted`: "en", "zh" or "" (then LC_ALL, LC_MESSAGES, LANG in this order; Chinese when it starts with zh).
Language language_of(std::string_view wanted);

enum class Word : std::uint8_t {
  kNormalised, kHits, kNoHit, kVerdict, kWouldBlock, kWouldPass, kOnlyMonitored, kShadow, kAllowed, kNeverBlock, kNoEntry,
  kBlocks, kAllows, kWins, kSource, kCategory, kTier, kAction, kExpires, kPublicSuffix, kPublicSuffixRefused,
  kFromDaemon, kFromFiles, kPushed, kNode, kMode, kUptime, kPorts, kPort, kReceived, kSent, kLost, kSignatures, kDomains,
  kUrls, kNumbers, kPatterns, kFeed, kFeedOff, kConnected, kNotConnected, kSequence, kRecords, kWritten, kProblem, kPackets,
  kForwarded, kTouched, kFate, kChannel, kInspected, kBlocked, kTagged, kWouldBe, kMonitor, kEnforce, kSeconds, kComplaints,
  kWorkers, kReady, kNotReady, kCount_,
};
std::string_view say(Language language, Word word);

// The category as people of this language call it.
std::string_view say(Language language, Category category);

// How many columns the text takes on a terminal: Chinese characters take two.
std::size_t columns(std::string_view utf8);

}  // namespace telefence
