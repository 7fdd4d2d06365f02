// SPDX-License-Identifier: Apache-2.0
#include "sample/ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace telefence {
namespace {

std::u16string text_in(const SampledKey& key) {
  std::u16string out(key.units(), u'\0');
  std::memcpy(out.data(), key.octets.data(), key.size);
  return out;
}

TEST(SampleRing, GivesBackWhatWasPutInOrder) {
  SampleRing ring;
  EXPECT_EQ(ring.front(), nullptr);
  ring.put(SampledKind::kName, "a.example");
  ring.put(SampledKind::kCalled, PhoneDigits{8613800138000, 13, true});
  ASSERT_NE(ring.front(), nullptr);
  EXPECT_EQ(ring.front()->text(), "a.example");
  ring.release();
  EXPECT_EQ(ring.front()->kind, SampledKind::kCalled);
  EXPECT_EQ(ring.front()->digits, (PhoneDigits{8613800138000, 13, true}));
  ring.release();
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(SampleRing, DropsAndCountsWhenFull) {
  SampleRing ring;
  for (std::size_t i = 0; i < SampleRing::kSlots + 3; ++i) ring.put(SampledKind::kName, "n" + std::to_string(i));
  EXPECT_EQ(ring.taken(), SampleRing::kSlots);
  EXPECT_EQ(ring.dropped(), 3u);
  EXPECT_EQ(ring.front()->text(), "n0");
  ring.release();
  ring.put(SampledKind::kName, "last");
  for (std::size_t i = 1; i < SampleRing::kSlots; ++i) ring.release();
  EXPECT_EQ(ring.front()->text(), "last");
}

TEST(SampleRing, CutsWhatIsTooLong) {
  SampleRing ring;
  ring.put(SampledKind::kUrl, std::string(2000, 'u'));
  EXPECT_EQ(ring.front()->text(), std::string(SampledKey::kOctets, 'u'));
  ring.release();
  const std::u16string text(1000, u'文');
  ring.put(TextKey{.text = text});
  EXPECT_EQ(text_in(*ring.front()), text.substr(0, SampledKey::kOctets / 2));
}

TEST(SampleRing, TurnsSwappedTexts) {
  SampleRing ring;
  const std::u16string swapped = {u'\x6500', u'\x8765'};
  ring.put(TextKey{.text = swapped, .is_swapped = true});
  EXPECT_EQ(text_in(*ring.front()), (std::u16string{u'\x0065', u'\x6587'}));
}

// Under ThreadSanitizer this is the proof; without it, that nothing is lost or torn.
TEST(SampleRing, OneFillsWhileOneEmpties) {
  SampleRing ring;
  constexpr std::uint64_t kCount = 200'000;
  std::thread filler([&] {
    for (std::uint64_t i = 1; i <= kCount; ++i) ring.put(SampledKind::kCalling, PhoneDigits{i, static_cast<std::uint8_t>(i % 20), i % 2 == 0});
  });
  std::uint64_t last = 0, seen = 0;
  while (ring.taken() + ring.dropped() < kCount || ring.front() != nullptr) {
    const SampledKey* const key = ring.front();
    if (key == nullptr) {
      std::this_thread::yield();
      continue;
    }
    EXPECT_GT(key->digits.value, last);
    EXPECT_EQ(key->digits.length, key->digits.value % 20);
    last = key->digits.value;
    ++seen;
    ring.release();
  }
  filler.join();
  EXPECT_EQ(seen, ring.taken());
  EXPECT_EQ(seen + ring.dropped(), kCount);
}

}  // namespace
}  // namespace telefence
