#include <gmock/gmock.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

// What the server says of each wrong frame, behind a right one of 26 bytes.
struct Fact {
  const char* what;
  const char* said;
};
constexpr Fact facts[] = {
    {"no CL", "CL is missing (byte 40)"},
    {"CL twice", "CL is given twice (byte 33)"},
    {"a negative length", "CL is no plain decimal number (byte 31)"},
    {"a length of 2 GB", "the content is longer than the limit (byte 31)"},
    {"a header of 65535 bytes", "the header is longer than the limit (byte 26)"},
    {"a byte that is no UTF-8", "the header is not UTF-8 (byte 38)"},
    {"no colon", "a pair of the header has no ':' (byte 33)"},
    {"an end in the middle", "the bytes end inside a frame (byte 46)"},
};

void expect_facts(const test::Play& play) {
  play.expect_all_hold(18);
  for (const auto& [what, said] : facts) EXPECT_EQ(play.row(what)[2], said);
}

TEST(FramesScenario, over_ipv4) { expect_facts(test::Play(frames_scenario())); }

TEST(FramesScenario, over_ipv6_with_epoll) {
  expect_facts(test::Play(frames_scenario(), {.ipv6 = true}, {.poller = Poller::epoll}));
}

}  // namespace
}  // namespace wirelab::scenarios
