// Descriptors in the selector: the same for every backend.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const auto ignore = [](Ready) {};

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

INSTANTIATE_TEST_SUITE_P(All, SelectorTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
