// Timers, posts, and how a run ends.
#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>

#include <sys/time.h>

#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {
namespace {

using namespace std::chrono_literals;

TEST_P(SelectorTest, ATimerIsNeverEarly) {
  for (const auto delay : {Duration(1us), Duration(200us), Duration(1ms), Duration(1100us), Duration(3ms)}) {
    const auto due = now() + delay;
    std::optional<SteadyTime> ran;
    loop.at(due, [&] { ran = now(); });
    ASSERT_TRUE(loop.run_until([&] { return ran.has_value(); }, soon));
    EXPECT_GE(*ran, due);
  }
}

TEST_P(SelectorTest, ATimerIsFinerThanAMillisecond) {
  // The best of many, since the machine may be busy.
  auto best = Duration::max();
  for (int i = 0; i < 50; ++i) {
    const auto start = now();
    bool ran = false;
    loop.after(100us, [&] { ran = true; });
    ASSERT_TRUE(loop.run_until([&] { return ran; }, soon));
    best = std::min(best, Duration(now() - start));
  }
  EXPECT_LT(best, 900us);
}

TEST_P(SelectorTest, TheLimitEndsATurnThatHasNothingToRun) {
  const auto start = now();
  loop.after(1h, [] { FAIL(); });
  EXPECT_FALSE(loop.turn(5ms));
  EXPECT_GE(now() - start, 5ms);
}

TEST_P(SelectorTest, TimesFarAwayAreNoTrouble) {
  int ran = 0;
  loop.after(Duration::max(), [&] { ran += 100; });
  loop.at(SteadyTime::max(), [&] { ran += 100; });
  loop.at(SteadyTime::min(), [&] { ++ran; });
  loop.after(Duration::min(), [&] { ++ran; });
  EXPECT_TRUE(loop.turn(Duration::max()));
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(loop.turn(Duration::min()));
  EXPECT_TRUE(loop.run_until([] { return true; }, Duration::max()));
}

TEST_P(SelectorTest, EveryRepeatsUntilCancelled) {
  int beats = 0;
  Selector::TimerId id;
  id = loop.every(100us, [&] {
    if (++beats == 3) loop.cancel(id);
  });
  EXPECT_TRUE(loop.run_until([&] { return beats == 3; }, soon));
  EXPECT_FALSE(loop.turn(1ms));
}

TEST_P(SelectorTest, ATimerThatAlwaysRenewsItselfStarvesNobody) {
  const auto pair = socket_pair();
  write_to(pair.there.get(), "x");
  bool read = false;
  (void)loop.add(pair.here.get(), reading, [&](Ready) { read = true; });
  std::function<void()> again = [&] { loop.at(SteadyTime::min(), again); };
  again();
  EXPECT_TRUE(loop.run_until([&] { return read; }, soon));
}

TEST_P(SelectorTest, APostFromAnotherThreadWakesTheLoop) {
  int posted = 0;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&] { ++posted; });
  });
  EXPECT_TRUE(loop.run_until([&] { return posted == 1000; }, soon));
  other.join();
  EXPECT_EQ(loop.stats().posts, 1000U);
  EXPECT_FALSE(loop.turn(0ns)) << "nothing is left that would wake it";
}

TEST_P(SelectorTest, APostInsideAPostRunsInTheNextTurn) {
  int ran = 0;
  loop.post([&] { loop.post([&] { ++ran; }); });
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_EQ(ran, 1);
}

TEST_P(SelectorTest, RunEndsByStop) {
  int beats = 0;
  loop.every(100us, [&] {
    if (++beats % 2 == 0) loop.stop();
  });
  loop.run();
  EXPECT_EQ(beats, 2);
  loop.run();
  EXPECT_EQ(beats, 4) << "stop() ended the first run only";
}

TEST_P(SelectorTest, AStopBeforeRunIsNotLost) {
  loop.stop();
  loop.run();
  EXPECT_EQ(loop.stats().waits, 0U);
}

TEST_P(SelectorTest, RunUntilGivesUpAtItsLimit) {
  const auto start = now();
  EXPECT_FALSE(loop.run_until([] { return false; }, 3ms));
  EXPECT_GE(now() - start, 3ms);
}

volatile std::sig_atomic_t alarms = 0;

TEST_P(SelectorTest, ASignalEndsTheWaitButNotTheLoop) {
  alarms = 0;
  struct sigaction action {};
  struct sigaction old {};
  action.sa_handler = [](int) { alarms = alarms + 1; };
  ASSERT_EQ(::sigaction(SIGALRM, &action, &old), 0);
  const itimerval soonish{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 2000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soonish, nullptr), 0);
  EXPECT_TRUE(loop.run_until([] { return alarms > 0; }, soon)) << "seen without anything becoming ready";
  ::sigaction(SIGALRM, &old, nullptr);
}

}  // namespace
}  // namespace wirelab::testing
