#include <ctime>

#include "lab/base/error.hpp"
#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

TEST(PingScenario, over_ipv4) { test::Play(ping_scenario()).expect_all_hold(15); }

TEST(PingScenario, over_ipv6_with_epoll) {
  test::Play(ping_scenario(), {.count = 1, .size = 0, .ipv6 = true}, {.poller = Poller::epoll}).expect_all_hold(14);
}

TEST(PingScenario, with_many_large_requests_one_after_the_other) {
  test::Play(ping_scenario(), {.count = 20, .size = 1372, .interval = {}}, {.poller = Poller::poll})
      .expect_all_hold(15);
}

TEST(PingScenario, its_time_grows_with_the_count_and_not_with_its_square) {
  const auto processor_time = [](std::size_t count) {
    const auto before = std::clock();
    test::Play(ping_scenario(), {.count = count, .interval = {}}).expect_all_hold(15);
    return std::clock() - before;
  };
  const auto few = processor_time(100);
  EXPECT_LT(processor_time(800), 16 * few);  // some 64 by the square
}

TEST(PingScenario, takes_no_request_that_the_second_link_would_not) {
  EXPECT_THROW((void)ping_scenario().topology({.size = 1373}), BadInput);
  EXPECT_THROW((void)ping_scenario().topology({.size = 1353, .ipv6 = true}), BadInput);
}

}  // namespace
}  // namespace wirelab::scenarios
