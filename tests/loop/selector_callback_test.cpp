// What callbacks may do to the selector that calls them.
#include <map>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>

#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::UnorderedElementsAre;

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

}  // namespace
}  // namespace wirelab::testing
