#include "lab/loop/timer_queue.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace wirelab {
namespace {

using namespace std::chrono_literals;

// Time is a number here: nothing waits.
SteadyTime at(Duration since_start) { return SteadyTime{} + since_start; }

struct TimerQueueTest : testing::Test {
  TimerQueue::Task note(char name) {
    return [this, name] { ran += name; };
  }
  TimerQueue queue;
  std::string ran;
};

TEST_F(TimerQueueTest, NothingIsNextInAnEmptyQueue) { EXPECT_EQ(queue.next(), std::nullopt); }

TEST_F(TimerQueueTest, RunsNothingBeforeItsTime) {
  queue.add(at(10ms), {}, note('a'));
  EXPECT_EQ(queue.next(), at(10ms));
  queue.run(at(10ms) - 1ns);
  EXPECT_EQ(ran, "");
  queue.run(at(10ms));
  EXPECT_EQ(ran, "a");
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST_F(TimerQueueTest, RunsInTheOrderOfTimeThenOfMaking) {
  queue.add(at(2ms), {}, note('c'));
  queue.add(at(1ms), {}, note('a'));
  queue.add(at(2ms), {}, note('d'));
  queue.add(at(1ms), {}, note('b'));
  queue.run(at(5ms));
  EXPECT_EQ(ran, "abcd");
  EXPECT_EQ(queue.ran(), 4U);
}

TEST_F(TimerQueueTest, ACancelledOneNeverRuns) {
  const auto a = queue.add(at(1ms), {}, note('a'));
  queue.cancel(a);
  queue.cancel(a);
  queue.cancel({});
  queue.run(at(1s));
  EXPECT_EQ(ran, "");
}

TEST_F(TimerQueueTest, OneThatIsDueMayCancelAnother) {
  TimerQueue::Id second;
  queue.add(at(1ms), {}, [&] { queue.cancel(second); });
  second = queue.add(at(1ms), {}, note('b'));
  queue.run(at(1ms));
  EXPECT_EQ(ran, "");
}

TEST_F(TimerQueueTest, WhatIsAddedMeanwhileWaitsForTheNextRun) {
  queue.add(at(1ms), {}, [&] { queue.add(at(0ms), {}, note('b')); });
  queue.run(at(1ms));
  EXPECT_EQ(ran, "");
  queue.run(at(1ms));
  EXPECT_EQ(ran, "b");
}

TEST_F(TimerQueueTest, ARepeatedOneKeepsItsBeatAndSkipsWhatItMissed) {
  queue.add(at(10ms), 10ms, note('t'));
  queue.run(at(10ms));
  queue.run(at(19ms));
  EXPECT_EQ(ran, "t");
  queue.run(at(23ms));
  EXPECT_EQ(queue.next(), at(30ms)) << "late by 3 ms, and the beat stays";
  queue.run(at(75ms));
  EXPECT_EQ(ran, "ttt") << "five beats late is one call";
  EXPECT_EQ(queue.next(), at(80ms));
}

TEST_F(TimerQueueTest, ARepeatedOneMayCancelItself) {
  auto alive = std::make_shared<int>(0);
  TimerQueue::Id id;
  id = queue.add(at(1ms), 1ms, [&, alive] {
    queue.cancel(id);
    ++*alive;  // what it captured is still there
  });
  queue.run(at(1ms));
  queue.run(at(2ms));
  EXPECT_EQ(*alive, 1);
  EXPECT_EQ(alive.use_count(), 1) << "and is gone afterwards";
}

TEST_F(TimerQueueTest, AfterAnExceptionTheOthersAreStillDue) {
  queue.add(at(1ms), {}, [] { throw std::runtime_error("boom"); });
  queue.add(at(1ms), {}, note('b'));
  EXPECT_THROW(queue.run(at(1ms)), std::runtime_error);
  queue.run(at(1ms));
  EXPECT_EQ(ran, "b");
}

TEST_F(TimerQueueTest, WithoutATaskIsTheCallersMistake) {
  EXPECT_THROW(queue.add(at(1ms), {}, nullptr), std::logic_error);
}

}  // namespace
}  // namespace wirelab
