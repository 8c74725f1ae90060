#include <gmock/gmock.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

TEST(EchoScenario, over_ipv4) { test::Play(echo_scenario()).expect_all_hold(14); }

TEST(EchoScenario, over_ipv6_with_epoll) {
  test::Play(echo_scenario(), {.ipv6 = true}, {.poller = Poller::epoll}).expect_all_hold(14);
}

// What A waits for takes longer than anything else does.
TEST(EchoScenario, with_long_pauses_between_messages) {
  test::Play(echo_scenario(), {.count = 2, .interval = std::chrono::milliseconds(600)}).expect_all_hold(14);
}

TEST(EchoScenario, without_a_pause_between_messages) {
  test::Play(echo_scenario(), {.count = 20, .interval = {}}, {.poller = Poller::poll}).expect_all_hold(14);
}

}  // namespace
}  // namespace wirelab::scenarios
