#include "lab/net/emulated_line.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using testing::DoubleNear;
using testing::ElementsAre;
using End = Passage::End;

constexpr std::size_t size = 1000;
const SteadyTime start(1h);

// What becomes of `count` frames of 1000 bytes that arrive one each `every`.
std::vector<Passage> passages(const Impairment& impairment, std::size_t count, Duration every = 1ms,
                              std::string_view name = "A:eth0", std::uint64_t seed = 7) {
  EmulatedLine line(impairment, name, seed);
  std::vector<Passage> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(line.enter(start + every * i, size));
  return result;
}

// How long each frame that arrives is under way.
std::vector<Duration> delays(const std::vector<Passage>& passages, Duration every = 1ms) {
  std::vector<Duration> result;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    if (passages[i].end == End::arrives) result.push_back(passages[i].departure - (start + every * i));
  }
  return result;
}

std::vector<std::size_t> positions(const std::vector<Passage>& passages,
                                   const std::function<bool(const Passage&)>& fits) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    if (fits(passages[i])) result.push_back(i);
  }
  return result;
}

std::vector<std::size_t> lost(const std::vector<Passage>& all) {
  return positions(all, [](const Passage& passage) { return passage.end == End::lost; });
}
std::vector<std::size_t> duplicated(const std::vector<Passage>& all) {
  return positions(all, [](const Passage& passage) { return passage.duplicated; });
}
std::vector<std::size_t> held_back(const std::vector<Passage>& all) {
  return positions(all, [](const Passage& passage) { return passage.held_back; });
}

TEST(EmulatedLine, WithoutImpairmentPassesAtOnce) { EXPECT_THAT(delays(passages({}, 3)), ElementsAre(0ns, 0ns, 0ns)); }

TEST(EmulatedLine, DelaysEachFrameAlike) {
  EXPECT_THAT(delays(passages({.delay = 25ms}, 3)), ElementsAre(25ms, 25ms, 25ms));
}

TEST(EmulatedLine, AFrameTakesItsTimeOnTheWire) {
  // 1000 bytes at 1 Mbit/s take 8 ms; the second arrives after 1 ms and waits for 7.
  EXPECT_THAT(delays(passages({.rate = 1'000'000}, 3)), ElementsAre(8ms, 15ms, 22ms));
  EXPECT_THAT(delays(passages({.delay = 5ms, .rate = 1'000'000}, 2, 1s), 1s), ElementsAre(13ms, 13ms));
}

TEST(EmulatedLine, DropsWhatFindsTheQueueFull) {
  // 3000 bytes of queue: the frame on the wire counts for what is left of it.
  const auto all = passages({.rate = 8'000, .queue = 3000}, 6);
  std::vector<End> ends;
  for (const auto& passage : all) ends.push_back(passage.end);
  EXPECT_THAT(ends,
              ElementsAre(End::arrives, End::arrives, End::arrives, End::queue_full, End::queue_full, End::queue_full));
}

TEST(EmulatedLine, AFrameLargerThanTheQueuePassesAnIdleWire) {
  EXPECT_EQ(passages({.rate = 1'000'000, .queue = 10}, 1)[0].end, End::arrives);
}

TEST(EmulatedLine, ALostFrameHasUsedTheWireAndADroppedOneHasNot) {
  const auto none = passages({.loss = 1, .rate = 8'000, .queue = 3000}, 4);
  EXPECT_EQ(none[2].end, End::lost);
  EXPECT_EQ(none[3].end, End::queue_full);
}

TEST(EmulatedLine, JitterStaysWithinItsBoundsAndKeepsTheOrder) {
  const auto all = passages({.delay = 20ms, .jitter = 5ms}, 10'000, 20ms);
  auto times = delays(all, 20ms);
  const auto [least, most] = std::minmax_element(times.begin(), times.end());
  EXPECT_GE(*least, 15ms);
  EXPECT_LE(*least, 15100us);
  EXPECT_LE(*most, 25ms);
  EXPECT_GE(*most, 24900us);
  Duration sum{};
  for (const auto time : times) sum += time;
  EXPECT_THAT(static_cast<double>((sum / times.size()).count()), DoubleNear(20e6, 0.2e6));
  const auto dense = passages({.delay = 20ms, .jitter = 5ms}, 1000, 10us);
  EXPECT_TRUE(std::is_sorted(dense.begin(), dense.end(),
                             [](const auto& a, const auto& b) { return a.departure < b.departure; }));
}

TEST(EmulatedLine, TheSharesAreWhatWasAskedFor) {
  constexpr std::size_t count = 100'000;
  for (const double share : {0.01, 0.05, 0.5}) {
    const auto all = passages({.loss = share, .duplicate = share, .reorder = share}, count);
    // Five standard deviations of a binomial count.
    const double tolerance = 5 * std::sqrt(share * (1 - share) / count);
    EXPECT_THAT(static_cast<double>(lost(all).size()) / count, DoubleNear(share, tolerance));
    EXPECT_EQ(lost(passages({.loss = share}, count)), lost(all));
    const auto arriving = passages({.duplicate = share, .reorder = share}, count);
    EXPECT_THAT(static_cast<double>(duplicated(arriving).size()) / count, DoubleNear(share, tolerance));
    EXPECT_THAT(static_cast<double>(held_back(arriving).size()) / count, DoubleNear(share, tolerance));
  }
}

TEST(EmulatedLine, AllAndNothingAreExact) {
  EXPECT_EQ(lost(passages({.loss = 1}, 1000)).size(), 1000U);
  EXPECT_EQ(lost(passages({.delay = 1ms, .loss = 0}, 1000)).size(), 0U);
  EXPECT_EQ(duplicated(passages({.duplicate = 1}, 1000)).size(), 1000U);
}

TEST(EmulatedLine, WhatIsHeldBackIsOvertakenAndHoldsNobodyUp) {
  const auto all = passages({.reorder = 0.2, .hold = 10ms}, 100);
  ASSERT_FALSE(held_back(all).empty());
  const auto times = delays(all);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(times[i], all[i].held_back ? 10ms : 0ms) << i;
}

TEST(EmulatedLine, OneImpairmentDoesNotChangeAnother) {
  const auto alone = lost(passages({.loss = 0.1}, 1000));
  const Impairment all{.delay = 25ms, .jitter = 5ms, .loss = 0.1, .duplicate = 0.1, .reorder = 0.1, .rate = 10'000'000};
  EXPECT_EQ(lost(passages(all, 1000)), alone);
  const auto twice = duplicated(passages({.duplicate = 0.1}, 1000));
  std::vector<std::size_t> expected;
  std::set_difference(twice.begin(), twice.end(), alone.begin(), alone.end(), std::back_inserter(expected));
  EXPECT_EQ(duplicated(passages({.loss = 0.1, .duplicate = 0.1}, 1000)), expected);
}

TEST(EmulatedLine, TheSeedAndTheNameTellTheFate) {
  const Impairment impairment{.loss = 0.3};
  const auto once = lost(passages(impairment, 200));
  EXPECT_EQ(lost(passages(impairment, 200)), once);
  EXPECT_NE(lost(passages(impairment, 200, 1ms, "A:eth0", 8)), once);
  EXPECT_NE(lost(passages(impairment, 200, 1ms, "B:eth0", 7)), once);
  // The same on every machine and with every library.
  EXPECT_THAT(lost(passages(impairment, 10)), ElementsAre(2, 4, 8));
}

}  // namespace
}  // namespace wirelab
