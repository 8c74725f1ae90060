#include "lab/base/error.hpp"
#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

constexpr std::size_t checks = 18;

using Row = std::vector<std::string>;

TEST(ForgeTcpScenario, tells_what_the_clients_put_on_the_wire) {
  const test::Play play(forge_tcp_scenario(), forge_tcp_scenario().usual);
  play.expect_all_hold(checks);
  EXPECT_EQ(play.row("made by"), (Row{"made by", "stack", "raw", "raw", "raw"}));
  EXPECT_EQ(play.row("who reset"), (Row{"who reset", "nobody", "both kernels", "nobody", "nobody"}));
  EXPECT_EQ(play.row("FINs"), (Row{"FINs", "2", "0", "2", "2"}));
  const auto address = play.row("link address");
  EXPECT_EQ(address[1], address[3]) << "A's own";
  EXPECT_EQ(address[4], "02:66:00:00:00:09");
  EXPECT_EQ(play.row("  with octets")[1], "0-1447, 1448-2021");
  EXPECT_EQ(play.row("  with octets")[4], "1011-2021, 0-1010");
}

TEST(ForgeTcpScenario, by_every_poller) {
  for (const auto poller : {Poller::poll, Poller::epoll})
    test::Play(forge_tcp_scenario(), forge_tcp_scenario().usual, {.poller = poller}).expect_all_hold(checks);
}

TEST(ForgeTcpScenario, with_the_smallest_and_the_largest_message) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{2800}})
    test::Play(forge_tcp_scenario(), {.size = size}).expect_all_hold(checks);
}

TEST(ForgeTcpScenario, takes_no_message_that_needs_a_third_segment) {
  EXPECT_THROW((void)forge_tcp_scenario().topology({.size = 2801}), BadInput);
}

}  // namespace
}  // namespace wirelab::scenarios
