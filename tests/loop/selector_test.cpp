// What holds for every backend: the same tests over select, poll and epoll.
#include "lab/loop/selector.hpp"

#include <csignal>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "tests/loop/sockets.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using wirelab::testing::drain;
using wirelab::testing::fill;
using wirelab::testing::Pair;
using wirelab::testing::pipe_pair;
using wirelab::testing::socket_pair;
using wirelab::testing::write_to;

constexpr auto soon = 2s;  // a limit, not a wait: reached only by a failure
constexpr Interest reading{.read = true};
constexpr Interest writing{.write = true};
constexpr Interest both{.read = true, .write = true};
constexpr Interest paused{};
const auto ignore = [](Ready) {};

SteadyTime now() { return std::chrono::steady_clock::now(); }

struct SelectorTest : ::testing::TestWithParam<Poller> {
  const std::unique_ptr<Selector> selector = Selector::make(GetParam());
  Selector& loop = *selector;
};

TEST(PollerTest, HasANameThatCanBeReadBack) {
  for (const auto poller : {Poller::select, Poller::poll, Poller::epoll}) {
    EXPECT_EQ(parse_poller(name_of(poller)), poller);
  }
  EXPECT_EQ(name_of(Poller::epoll), "epoll");
  EXPECT_EQ(parse_poller("kqueue"), std::nullopt);
  EXPECT_EQ(parse_poller("Select"), std::nullopt);
  EXPECT_EQ(Selector::make()->poller(), Poller::select) << "the default and the reference";
}

TEST_P(SelectorTest, TellsItsPoller) { EXPECT_EQ(loop.poller(), GetParam()); }

TEST_P(SelectorTest, RunsNothingWhenNothingIsThere) { EXPECT_FALSE(loop.turn(0ns)); }

TEST_P(SelectorTest, ReportsWhatCanBeRead) {
  const auto pair = socket_pair();
  std::vector<Ready> seen;
  (void)loop.add(pair.here.get(), reading, [&](Ready ready) { seen.push_back(ready); });
  EXPECT_FALSE(loop.turn(0ns));
  write_to(pair.there.get(), "x");
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_THAT(seen, ElementsAre(Ready{.readable = true}));
}

TEST_P(SelectorTest, ReportsAgainWhatIsNotRead) {
  const auto pair = socket_pair();
  int calls = 0;
  (void)loop.add(pair.here.get(), reading, [&](Ready) { ++calls; });
  write_to(pair.there.get(), "x");
  loop.turn(soon);
  loop.turn(soon);
  EXPECT_EQ(calls, 2);
  drain(pair.here.get());
  EXPECT_FALSE(loop.turn(0ns));
}

TEST_P(SelectorTest, ReportsRoomToWriteOnlyWhenAsked) {
  const auto pair = socket_pair();
  std::vector<Ready> seen;
  const auto token = loop.add(pair.here.get(), reading, [&](Ready ready) { seen.push_back(ready); });
  EXPECT_FALSE(loop.turn(0ns));
  loop.modify(token, both);
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_THAT(seen, ElementsAre(Ready{.writable = true}));
  fill(pair.here.get());
  EXPECT_FALSE(loop.turn(0ns));
  drain(pair.there.get());
  EXPECT_TRUE(loop.turn(soon));
}

TEST_P(SelectorTest, APausedDescriptorIsSilentEvenAtItsEnd) {
  auto pair = socket_pair();
  int calls = 0;
  const auto token = loop.add(pair.here.get(), paused, [&](Ready) { ++calls; });
  write_to(pair.there.get(), "x");
  pair.there.reset();
  EXPECT_FALSE(loop.turn(0ns));
  loop.modify(token, reading);
  EXPECT_TRUE(loop.turn(soon));
  loop.modify(token, paused);
  EXPECT_FALSE(loop.turn(0ns));
  EXPECT_EQ(calls, 1);
}

TEST_P(SelectorTest, TheEndOfAPeerIsReadable) {
  auto pair = socket_pair();
  std::vector<Ready> seen;
  (void)loop.add(pair.here.get(), reading, [&](Ready ready) { seen.push_back(ready); });
  pair.there.reset();
  loop.turn(soon);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].readable);
  EXPECT_EQ(seen[0].hang_up, GetParam() != Poller::select) << "select cannot tell";
}

TEST_P(SelectorTest, ABrokenPipeIsWritable) {
  auto pair = pipe_pair();
  std::vector<Ready> seen;
  (void)loop.add(pair.there.get(), writing, [&](Ready ready) { seen.push_back(ready); });
  fill(pair.there.get());
  EXPECT_FALSE(loop.turn(0ns));
  pair.here.reset();
  loop.turn(soon);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].writable) << "so that the next write tells EPIPE";
  EXPECT_FALSE(seen[0].readable) << "not asked for";
  EXPECT_EQ(seen[0].error, GetParam() != Poller::select);
}

TEST_P(SelectorTest, WorksBeyondDescriptor1024) {
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  if (old.rlim_max < 5000) GTEST_SKIP() << "at most " << old.rlim_max << " descriptors here";
  const rlimit more{std::max<rlim_t>(old.rlim_cur, 5000), old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &more), 0);

  auto pair = socket_pair();
  std::vector<UniqueFd> copies;
  std::vector<int> ready;
  for (const int wished : {1022, 1023, 1024, 1025, 1087, 1088, 4095, 4096}) {
    copies.emplace_back(check_errno(::fcntl(pair.here.get(), F_DUPFD_CLOEXEC, wished), "dup"));
    (void)loop.add(copies.back().get(), reading, [&, fd = copies.back().get()](Ready) { ready.push_back(fd); });
  }
  EXPECT_FALSE(loop.turn(0ns));
  write_to(pair.there.get(), "x");
  loop.turn(soon);
  std::vector<int> wanted;
  for (const auto& copy : copies) wanted.push_back(copy.get());
  EXPECT_THAT(ready, ::testing::UnorderedElementsAreArray(wanted));
  EXPECT_GT(copies.back().get(), 4000);
  ::setrlimit(RLIMIT_NOFILE, &old);
}

TEST_P(SelectorTest, ARegularFileIsAlwaysReady) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  std::vector<Ready> seen;
  const auto token = loop.add(file.get(), both, [&](Ready ready) { seen.push_back(ready); });
  EXPECT_TRUE(loop.turn(soon));
  loop.modify(token, reading);
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_THAT(seen, ElementsAre(Ready{.readable = true, .writable = true}, Ready{.readable = true}));
  loop.modify(token, paused);
  EXPECT_FALSE(loop.turn(0ns));
  loop.modify(token, writing);
  EXPECT_TRUE(loop.turn(soon));
  loop.remove(token);
  EXPECT_FALSE(loop.turn(0ns));
}

TEST_P(SelectorTest, ACallersMistakes) {
  const auto pair = socket_pair();
  const auto token = loop.add(pair.here.get(), reading, ignore);
  EXPECT_THROW((void)loop.add(pair.here.get(), writing, ignore), std::logic_error) << "registered twice";
  EXPECT_THROW((void)loop.add(-1, reading, ignore), std::logic_error);
  EXPECT_THROW((void)loop.add(pair.there.get(), reading, nullptr), std::logic_error);
  EXPECT_THROW(loop.every(0ns, [] {}), std::logic_error);
  EXPECT_THROW(loop.after(1ns, nullptr), std::logic_error);
  EXPECT_THROW(loop.post(nullptr), std::logic_error);
  loop.remove(token);
  EXPECT_THROW(loop.modify(token, writing), std::logic_error);
  loop.remove(token);
  loop.remove({});
  (void)loop.add(pair.here.get(), reading, ignore);
}

TEST_P(SelectorTest, OnlyEpollCanBeEdgeTriggered) {
  const auto pair = socket_pair();
  const Interest edge{.read = true, .edge = true};
  if (GetParam() != Poller::epoll) {
    EXPECT_THROW((void)loop.add(pair.here.get(), edge, ignore), std::logic_error);
    const auto token = loop.add(pair.here.get(), reading, ignore);
    EXPECT_THROW(loop.modify(token, edge), std::logic_error);
    return;
  }
  int calls = 0;
  (void)loop.add(pair.here.get(), edge, [&](Ready) { ++calls; });
  write_to(pair.there.get(), "x");
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_FALSE(loop.turn(0ns)) << "told once, though nothing was read";
  write_to(pair.there.get(), "y");
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_EQ(calls, 2);
}

TEST_P(SelectorTest, ADescriptorThatIsNotOpenCannotBeAdded) {
  auto pair = socket_pair();
  const int fd = pair.here.get();
  pair.here.reset();
  try {
    (void)loop.add(fd, reading, ignore);
    FAIL() << "added";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EBADF);
    EXPECT_THAT(error.what(), ::testing::HasSubstr(std::to_string(fd)));
  }
}

// Closing before removing is a mistake that must not make the loop spin, nor silence the others.
TEST_P(SelectorTest, AClosedDescriptorIsReportedOnceAndDropped) {
  auto closed = socket_pair();
  const auto other = socket_pair();
  std::vector<Ready> seen;
  int others = 0;
  const auto token = loop.add(closed.here.get(), reading, [&](Ready ready) { seen.push_back(ready); });
  (void)loop.add(other.here.get(), reading, [&](Ready) { ++others; });
  write_to(other.there.get(), "x");
  closed.here.reset();
  if (GetParam() == Poller::epoll) loop.modify(token, both);  // epoll notices only now
  EXPECT_TRUE(loop.run_until([&] { return !seen.empty() && others > 0; }, soon));
  EXPECT_THAT(seen, ElementsAre(Ready{.invalid = true}));
  EXPECT_THROW(loop.modify(token, reading), std::logic_error) << "it is no longer registered";
  drain(other.here.get());
  EXPECT_FALSE(loop.turn(0ns));
  EXPECT_EQ(seen.size(), 1U);
}

TEST_P(SelectorTest, ACallbackMayRemoveItself) {
  const auto pair = socket_pair();
  auto kept = std::make_shared<int>(0);
  Selector::Token token;
  token = loop.add(pair.here.get(), reading, [&, kept](Ready) {
    loop.remove(token);
    ++*kept;  // what it captured is still there
  });
  write_to(pair.there.get(), "x");
  loop.turn(soon);
  EXPECT_FALSE(loop.turn(0ns));
  EXPECT_EQ(*kept, 1);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_P(SelectorTest, ACallbackMayRemoveAnotherThatIsReadyToo) {
  const auto a = socket_pair();
  const auto b = socket_pair();
  std::vector<Selector::Token> tokens;
  int calls = 0;
  const auto remove_all = [&](Ready) {
    ++calls;
    for (const auto token : tokens) loop.remove(token);
  };
  tokens.push_back(loop.add(a.here.get(), reading, remove_all));
  tokens.push_back(loop.add(b.here.get(), reading, remove_all));
  write_to(a.there.get(), "x");
  write_to(b.there.get(), "x");
  loop.turn(soon);
  EXPECT_EQ(calls, 1);
}

// The descriptor's number comes back at once; the event of the old one must not reach the new one.
TEST_P(SelectorTest, AStaleEventDoesNotReachANewRegistration) {
  auto a = socket_pair();
  auto b = socket_pair();
  std::map<int, Selector::Token> tokens;
  int fresh = 0;
  Pair replacement;
  const auto replace = [&](Pair& victim) {
    loop.remove(tokens[victim.here.get()]);
    const int number = victim.here.get();
    victim.here.reset();
    replacement = socket_pair();
    ASSERT_EQ(replacement.here.get(), number);
    (void)loop.add(number, reading, [&](Ready) { ++fresh; });
  };
  int calls = 0;
  const auto on = [&](Pair& other) {
    return [&](Ready) {
      if (++calls == 1) replace(other);
    };
  };
  tokens[a.here.get()] = loop.add(a.here.get(), reading, on(b));
  tokens[b.here.get()] = loop.add(b.here.get(), reading, on(a));
  write_to(a.there.get(), "x");
  write_to(b.there.get(), "x");
  loop.turn(soon);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(fresh, 0);
  write_to(replacement.there.get(), "x");
  loop.run_until([&] { return fresh > 0; }, soon);
  EXPECT_EQ(fresh, 1);
}

TEST_P(SelectorTest, AnEventThatIsNoLongerAskedForIsDropped) {
  const auto a = socket_pair();
  const auto b = socket_pair();
  Selector::Token ta;
  Selector::Token tb;
  int calls = 0;
  ta = loop.add(a.here.get(), reading, [&](Ready) { ++calls, loop.modify(tb, paused); });
  tb = loop.add(b.here.get(), reading, [&](Ready) { ++calls, loop.modify(ta, paused); });
  write_to(a.there.get(), "x");
  write_to(b.there.get(), "x");
  loop.turn(soon);
  EXPECT_EQ(calls, 1);
}

TEST_P(SelectorTest, ManyMayBeAddedInsideACallback) {
  const auto first = socket_pair();
  std::vector<Pair> pairs;
  int calls = 0;
  Selector::Token token;
  token = loop.add(first.here.get(), reading, [&](Ready) {
    loop.remove(token);
    for (int i = 0; i < 200; ++i) {
      pairs.push_back(socket_pair());
      write_to(pairs.back().there.get(), "x");
      (void)loop.add(pairs.back().here.get(), reading, [&](Ready) { ++calls; });
    }
  });
  write_to(first.there.get(), "x");
  loop.turn(soon);
  EXPECT_EQ(calls, 0) << "they were not ready when the turn began";
  loop.turn(soon);
  EXPECT_EQ(calls, 200);
}

TEST_P(SelectorTest, TheLoopCannotBeTurnedInsideACallback) {
  int refused = 0;
  const auto try_all = [&] {
    EXPECT_THROW(loop.turn(0ns), std::logic_error);
    EXPECT_THROW(loop.run_until([] { return true; }, 0ns), std::logic_error);
    EXPECT_THROW(loop.run(), std::logic_error);
    ++refused;
  };
  const auto pair = socket_pair();
  write_to(pair.there.get(), "x");
  (void)loop.add(pair.here.get(), reading, [&](Ready) { try_all(), drain(pair.here.get()); });
  loop.after(0ns, try_all);
  loop.post(try_all);
  EXPECT_TRUE(loop.run_until([&] { return refused == 3; }, soon));
}

TEST_P(SelectorTest, AfterAnExceptionEverythingElseStillRuns) {
  const auto bad = socket_pair();
  const auto good = socket_pair();
  int calls = 0;
  int timers = 0;
  int posts = 0;
  const auto boom = [] { throw std::runtime_error("boom"); };
  (void)loop.add(bad.here.get(), reading, [&](Ready) { drain(bad.here.get()), boom(); });
  (void)loop.add(good.here.get(), reading, [&](Ready) { drain(good.here.get()), ++calls; });
  write_to(bad.there.get(), "x");
  write_to(good.there.get(), "x");
  loop.after(0ns, boom);
  loop.after(0ns, [&] { ++timers; });
  loop.post(boom);
  loop.post([&] { ++posts; });
  int thrown = 0;
  const auto all_done = [&] { return thrown == 3 && calls == 1 && timers == 1 && posts == 1; };
  const auto deadline = now() + soon;
  while (!all_done() && now() < deadline) {
    try {
      loop.turn(soon);
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_TRUE(all_done()) << thrown << calls << timers << posts;
  write_to(bad.there.get(), "x");
  EXPECT_THROW(loop.turn(soon), std::runtime_error) << "the one that threw is still registered";
}

TEST(EpollSelectorTest, AnEdgeIsNotLostByAnExceptionOfAnother) {
  const auto selector = Selector::make(Poller::epoll);
  auto& loop = *selector;
  const auto a = socket_pair();
  const auto b = socket_pair();
  std::vector<char> seen;
  const auto note = [&](char name) {
    return [&, name](Ready) {
      seen.push_back(name);
      if (seen.size() == 1) throw std::runtime_error("boom");
    };
  };
  (void)loop.add(a.here.get(), {.read = true, .edge = true}, note('a'));
  (void)loop.add(b.here.get(), {.read = true, .edge = true}, note('b'));
  write_to(a.there.get(), "x");
  write_to(b.there.get(), "x");
  EXPECT_THROW(loop.turn(soon), std::runtime_error);
  EXPECT_TRUE(loop.turn(soon));
  EXPECT_THAT(seen, UnorderedElementsAre('a', 'b'));
}

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

TEST_P(SelectorTest, StatisticsTellWhatTheWaitCosts) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 100; ++i) {
    pairs.push_back(socket_pair());
    (void)loop.add(pairs.back().here.get(), reading, ignore);
  }
  write_to(pairs[0].there.get(), "x");
  loop.after(0ns, [] {});
  loop.turn(soon);
  const auto stats = loop.stats();
  EXPECT_EQ(stats.waits, 1U);
  EXPECT_EQ(stats.events, 1U);
  EXPECT_EQ(stats.timers, 1U);
  EXPECT_EQ(stats.posts, 0U);
  // With the descriptor by which post() wakes the loop.
  EXPECT_EQ(stats.scanned, GetParam() == Poller::epoll ? 1U : 101U);
}

INSTANTIATE_TEST_SUITE_P(All, SelectorTest, ::testing::Values(Poller::select, Poller::poll, Poller::epoll),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace wirelab
