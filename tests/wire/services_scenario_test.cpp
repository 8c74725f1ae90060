#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

TEST(ChatScenario, over_ipv4) { test::Play(chat_scenario()).expect_all_hold(18); }

TEST(ChatScenario, over_ipv6_with_epoll_and_other_lines) {
  const Settings settings{.count = 5, .size = 4096, .interval = std::chrono::milliseconds(1), .ipv6 = true};
  test::Play(chat_scenario(), settings, {.poller = Poller::epoll}).expect_all_hold(17);
}

TEST(ChatScenario, takes_no_line_that_its_room_would_not) {
  EXPECT_THROW(chat_scenario().topology({.size = 4097}), BadInput);
}

TEST(RegistryScenario, over_ipv4) { test::Play(registry_scenario()).expect_all_hold(16); }

TEST(RegistryScenario, over_ipv6_with_poll) {
  test::Play(registry_scenario(), {.ipv6 = true}, {.poller = Poller::poll}).expect_all_hold(15);
}

}  // namespace
}  // namespace wirelab::scenarios
