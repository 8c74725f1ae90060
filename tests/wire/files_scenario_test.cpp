#include <gtest/gtest.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

TEST(FilesScenario, over_ipv4) { test::Play(files_scenario()).expect_all_hold(12); }

TEST(FilesScenario, over_ipv6_with_epoll) {
  test::Play(files_scenario(), {.ipv6 = true}, {.poller = Poller::epoll}).expect_all_hold(12);
}

TEST(FilesScenario, with_poll_and_another_seed) {
  test::Play(files_scenario(), {}, {.poller = Poller::poll, .seed = 7}).expect_all_hold(12);
}

}  // namespace
}  // namespace wirelab::scenarios
