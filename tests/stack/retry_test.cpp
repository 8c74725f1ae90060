#include "lab/stack/retry.hpp"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace wirelab {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime start{1000s};

// What an attempt takes no time over: every pause until there are no more.
std::vector<Duration> pauses_of(const Retry& retry) {
  Patience patience(retry, start);
  std::vector<Duration> pauses;
  auto now = start;
  while (const auto pause = patience.next_pause(now)) {
    pauses.push_back(*pause);
    now += *pause;
  }
  return pauses;
}

TEST(Patience, PausesDoubleUntilTheMostAndTheLastIsCutToTheLimit) {
  EXPECT_EQ(pauses_of({.first = 1s, .most = 5s, .limit = 15s}), (std::vector<Duration>{1s, 2s, 4s, 5s, 3s}));
  EXPECT_EQ(pauses_of({.first = 10s, .most = 5s, .limit = 7s}), (std::vector<Duration>{7s}));
  EXPECT_EQ(pauses_of({.first = 1s, .most = 5s, .limit = 0s}), (std::vector<Duration>{}));
}

TEST(Patience, WithoutALimitItNeverEnds) {
  Patience patience({.first = 1s, .most = 4s, .limit = Duration::max()}, start);
  for (int i = 0; i < 3; ++i) patience.next_pause(start);
  EXPECT_EQ(patience.next_pause(start + 100'000h), 4s);
  EXPECT_EQ(patience.attempt_limit(10s, start + 100'000h), 10s);
}

TEST(Patience, AnAttemptEndsWithTheLimitButTheLastOneGetsItsChance) {
  const Patience patience({.first = 1s, .most = 4s, .limit = 8s}, start);
  EXPECT_EQ(patience.attempt_limit(10s, start), 8s);
  EXPECT_EQ(patience.attempt_limit(5s, start), 5s);
  EXPECT_EQ(patience.attempt_limit(10s, start + 6s), 2s);
  EXPECT_EQ(patience.attempt_limit(10s, start + 8s), 250ms);
  EXPECT_EQ(patience.attempt_limit(20ms, start + 8s), 20ms);
  const Patience once({.first = 1s, .most = 4s, .limit = 0s}, start);
  EXPECT_EQ(once.attempt_limit(10s, start + 1h), 10s) << "who tries once waits as long as connecting takes";
}

TEST(Patience, ItBeginsAnewWhenSomethingMovesAndForgivesWhatIsNobodysFailure) {
  Patience patience({.first = 1s, .most = 4s, .limit = 2s}, start);
  EXPECT_EQ(patience.next_pause(start), 1s);
  EXPECT_EQ(patience.next_pause(start + 1h), std::nullopt);
  patience.forgive(1h);
  EXPECT_EQ(patience.next_pause(start + 1h), 2s);
  patience.renew(start + 2h);
  EXPECT_EQ(patience.next_pause(start + 2h), 1s);
}

TEST(Patience, APauseOfNothingIsAMistake) {
  EXPECT_THROW(Patience({.first = 0s, .most = 4s, .limit = 2s}, start), std::logic_error);
}

}  // namespace
}  // namespace wirelab
