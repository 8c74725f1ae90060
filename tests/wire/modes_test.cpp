#include <gmock/gmock.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

// What each mode's caller gets, a line a call; the time it took follows.
struct Fact {
  const char* call;
  const char* blocking;
  const char* non_blocking;
  const char* time_out;
};
constexpr Fact facts[] = {
    {"connect, closed port", "ECONNREFUSED", "EINPROGRESS after .*, then ECONNREFUSED", "ECONNREFUSED"},
    {"connect, nobody there", "EHOSTUNREACH", "EINPROGRESS after .*, then EHOSTUNREACH", "EINPROGRESS"},
    {"connect, silent host", "ETIMEDOUT", "EINPROGRESS after .*, then ETIMEDOUT", "EINPROGRESS"},
    {"connect, listener", "connected", "EINPROGRESS after .*, then connected", "connected"},
    {"recv, nothing there yet", "5 bytes", "EAGAIN after .*, then 5 bytes", "EAGAIN"},
    {"send, full window", "262144 bytes", "[0-9]+ bytes after .*, then EAGAIN", "[0-9]+ bytes after .*, then EAGAIN"},
};

void expect_facts(const test::Play& play) {
  for (const auto& [call, blocking, non_blocking, time_out] : facts) {
    const auto row = play.row(call);
    EXPECT_THAT(row[1], StartsWith(blocking)) << call;
    EXPECT_THAT(row[2], MatchesRegex(std::string(non_blocking) + " after .*")) << call;
    EXPECT_THAT(row[3], MatchesRegex(std::string(time_out) + " after .*")) << call;
  }
}

TEST(Modes, over_ipv4) {
  const test::Play play(modes_scenario());
  play.expect_all_hold(20);
  expect_facts(play);
  EXPECT_THAT(play.row("connect, closed port")[4], HasSubstr("S [R.]"));
}

TEST(Modes, over_ipv6_with_epoll) {
  const test::Play play(modes_scenario(), {.ipv6 = true}, {.poller = Poller::epoll});
  play.expect_all_hold(20);
  expect_facts(play);
}

}  // namespace
}  // namespace wirelab::scenarios
