// Random doings on many descriptors, with fixed seeds: the three backends must give the same answers, and the answers
// must be those of a plain poll of each descriptor.
#include <algorithm>
#include <csignal>
#include <map>
#include <random>
#include <vector>

#include <poll.h>

#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {
namespace {

using namespace std::chrono_literals;

constexpr Interest interests[] = {paused, reading, writing, both};
constexpr std::size_t count = 40;

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937 engine_;
};

Pair any_pair(Random& random) {
  switch (random.below(4)) {
    case 0:
      return pipe_pair();
    case 1: {
      auto pair = pipe_pair();
      std::swap(pair.here, pair.there);  // the writing end is watched
      return pair;
    }
    case 2:
      return socket_pair(SOCK_DGRAM);
    default:
      return socket_pair();
  }
}

// What changes a descriptor's state from outside.
void disturb(Pair& pair, Random& random) {
  switch (random.below(6)) {
    case 0:
      drain(pair.here.get());
      break;
    case 1:
      fill(pair.here.get());
      break;
    case 2:
      if (pair.there) drain(pair.there.get());
      break;
    case 3:
      if (pair.there && random.one_in(4)) ::shutdown(pair.there.get(), SHUT_WR);
      break;
    case 4:
      if (random.one_in(4)) pair.there.reset();
      break;
    default:
      if (pair.there) (void)!::write(pair.there.get(), "x", 1);
  }
}

// The answer of `poller`, told from a plain poll.
Ready expected(int fd, Interest interest, Poller poller) {
  const auto asked = (interest.read ? POLLIN | POLLRDHUP : 0) | (interest.write ? POLLOUT : 0);
  pollfd entry{.fd = asked == 0 ? -1 : fd, .events = static_cast<short>(asked), .revents = 0};
  ::poll(&entry, 1, 0);
  const auto has = [&](int bits) { return (entry.revents & bits) != 0; };
  const bool select = poller == Poller::select;
  return {.readable = interest.read && has(POLLIN | POLLHUP | POLLERR),
          .writable = interest.write && has(select ? POLLOUT | POLLERR : POLLOUT | POLLERR | POLLHUP),
          .error = !select && has(POLLERR),
          .hang_up = !select && has(POLLHUP | POLLRDHUP)};
}

// One backend, with what it reported in the last turn.
struct Candidate {
  std::unique_ptr<Selector> loop;
  std::map<std::size_t, Selector::Token> tokens;
  std::map<std::size_t, Ready> seen;

  void add(std::size_t i, int fd, Interest interest) {
    tokens[i] = loop->add(fd, interest, [this, i](Ready ready) {
      EXPECT_TRUE(seen.emplace(i, ready).second) << "called twice in a turn";
    });
  }
};

struct Contest {
  explicit Contest(unsigned seed) : random(seed) {
    for (const auto poller : {Poller::select, Poller::poll, Poller::epoll}) {
      candidates.push_back({.loop = Selector::make(poller)});
    }
    for (std::size_t i = 0; i < count; ++i) renew(i);
  }

  void renew(std::size_t i) {
    for (auto& candidate : candidates) candidate.loop->remove(candidate.tokens[i]);
    pairs[i] = any_pair(random);
    asked[i] = interests[random.below(4)];
    for (auto& candidate : candidates) candidate.add(i, pairs[i].here.get(), asked[i]);
  }
  void change(std::size_t i) {
    asked[i] = interests[random.below(4)];
    for (auto& candidate : candidates) candidate.loop->modify(candidate.tokens[i], asked[i]);
  }
  void step() {
    const auto i = random.below(count);
    switch (random.below(8)) {
      case 0:
        renew(i);
        break;
      case 1:
      case 2:
        change(i);
        break;
      default:
        disturb(pairs[i], random);
    }
  }

  [[nodiscard]] std::map<std::size_t, Ready> truth(Poller poller) const {
    std::map<std::size_t, Ready> all;
    for (const auto& [i, pair] : pairs) {
      const auto ready = expected(pair.here.get(), asked.at(i), poller);
      if (ready.readable || ready.writable) all[i] = ready;
    }
    return all;
  }
  void compare() {
    for (auto& candidate : candidates) {
      candidate.seen.clear();
      candidate.loop->turn(0ns);
      const auto poller = candidate.loop->poller();
      EXPECT_EQ(candidate.seen, truth(poller)) << name_of(poller);
    }
  }

  Random random;
  std::vector<Candidate> candidates;
  std::map<std::size_t, Pair> pairs;
  std::map<std::size_t, Interest> asked;
};

struct RandomTest : ::testing::TestWithParam<unsigned> {
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }  // EPIPE is enough
};

TEST_P(RandomTest, AllBackendsGiveTheAnswersOfPoll) {
  Contest contest(GetParam());
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    contest.step();
    contest.compare();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTest, ::testing::Values(1U, 2U, 3U));

// Callbacks that do anything to anyone. What must hold whatever the order: who is called is registered, is told only
// what is asked, and once peace returns every byte is read.
struct ChaosTest : SelectorTest {
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }

  void add(std::size_t i) {
    const auto generation = ++generations[i];
    asked[i] = interests[random.below(4)];
    tokens[i] = loop.add(pairs[i].here.get(), asked[i], [this, i, generation](Ready ready) {
      EXPECT_EQ(generation, generations[i]) << "the callback of a registration that is gone";
      EXPECT_FALSE(ready.invalid);
      EXPECT_TRUE(!ready.readable || asked[i].read);
      EXPECT_TRUE(!ready.writable || asked[i].write);
      if (random.one_in(2)) received += drain(pairs[i].here.get());
      act();
    });
  }
  void act() {
    const auto i = random.below(count);
    switch (random.below(5)) {
      case 0:
        loop.remove(tokens[i]);
        if (random.one_in(2)) {
          received += drain(pairs[i].here.get());
          pairs[i] = socket_pair();
        }
        add(i);
        break;
      case 1:
        asked[i] = interests[random.below(4)];
        loop.modify(tokens[i], asked[i]);
        break;
      case 2:
        loop.post([this] { act_quietly(); });
        break;
      case 3:
        timers.push_back(loop.after(1us, [this] { act_quietly(); }));
        if (random.one_in(3)) loop.cancel(timers[random.below(timers.size())]);
        break;
      default:
        send(i);
    }
  }
  void act_quietly() { send(random.below(count)); }
  void send(std::size_t i) {
    if (::write(pairs[i].there.get(), "x", 1) == 1) ++sent;
  }

  Random random{7};
  std::map<std::size_t, Pair> pairs;
  std::map<std::size_t, Selector::Token> tokens;
  std::map<std::size_t, Interest> asked;
  std::map<std::size_t, int> generations;
  std::vector<Selector::TimerId> timers;
  std::size_t sent = 0;
  std::size_t received = 0;
};

TEST_P(ChaosTest, CallbacksMayDoAnythingToAnyone) {
  for (std::size_t i = 0; i < count; ++i) {
    pairs[i] = socket_pair();
    add(i);
  }
  for (int i = 0; i < 2000 && !HasFailure(); ++i) {
    act();
    loop.turn(0ns);
  }
  EXPECT_GT(loop.stats().events, 5000U);
  for (std::size_t i = 0; i < count; ++i) {
    loop.remove(tokens[i]);
    tokens[i] = loop.add(pairs[i].here.get(), reading, [&, i](Ready) { received += drain(pairs[i].here.get()); });
  }
  EXPECT_TRUE(loop.run_until([&] { return received == sent; }, soon)) << received << " of " << sent;
}

INSTANTIATE_TEST_SUITE_P(All, ChaosTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
