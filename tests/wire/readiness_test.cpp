#include <gmock/gmock.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

using testing::HasSubstr;

// What the kernel really does, a line a fact.
struct Fact {
  const char* name;
  const char* select;
  const char* poll;
  const char* epoll;
  const char* edge;
  const char* then;
};
constexpr Fact facts[] = {
    {"socket not connected", "r w", "OUT HUP", "as poll", "once", "recv ENOTCONN"},
    {"connect refused", "r w", "IN OUT RDHUP ERR HUP", "as poll", "once", "SO_ERROR ECONNREFUSED, SO_ERROR 0"},
    {"connected, no data", "w", "OUT", "as poll", "once", "recv EAGAIN"},
    {"data there", "r w", "IN OUT", "as poll", "once", "recv 7"},
    {"urgent data there", "w e", "OUT PRI", "as poll", "once", "recv EAGAIN"},
    {"peer shut down writing", "r w", "IN OUT RDHUP", "as poll", "once", "recv 0, send 7, recv 0"},
    {"peer closed", "r w", "IN OUT RDHUP", "as poll", "once", "send 7, RST, send EPIPE"},
    {"peer reset", "r w", "IN OUT RDHUP ERR HUP", "as poll", "once", "recv ECONNRESET, send EPIPE"},
    {"the same, SO_ERROR first", "r w", "IN OUT RDHUP ERR HUP", "as poll", "once",
     "SO_ERROR ECONNRESET, recv 0, send EPIPE"},
    {"peer closed, data unread", "r w", "IN OUT RDHUP ERR HUP", "as poll", "once", "recv ECONNRESET, send EPIPE"},
    {"reset before accept", "r", "IN", "as poll", "once", "accept, recv ECONNRESET"},
    {"out of descriptors", "r", "IN", "as poll", "once",
     "accept EMFILE, 1000 of 1000 polls wake; one freed: accept, accept EAGAIN"},
    {"regular file", "r w", "IN OUT", "EPERM", "EPERM", "read 0"},
    {"closed descriptor", "EBADF", "NVAL", "-", "-", "epoll_ctl EBADF"},
    {"descriptor 1500", "r w", "IN OUT", "as poll", "once", "recv 10"},
    {"data left unread", "r w", "IN OUT", "as poll", "-", "a new datagram, recv 10, recv 10, recv EAGAIN"},
    {"UDP: empty datagram", "r w", "IN OUT", "as poll", "once", "recv 0, recv EAGAIN"},
    {"UDP: wrong checksum", "r w", "IN OUT", "as poll", "once", "recv EAGAIN"},
    {"UDP: the same, blocking", "w", "OUT", "as poll", "once", "recv EAGAIN"},
    {"UDP: port unreachable", "w", "OUT", "as poll", "once", "recv EAGAIN"},
    {"UDP: the same, connected", "r w", "OUT ERR", "as poll", "once", "recv ECONNREFUSED, recv EAGAIN"},
    {"UDP: the same, IP_RECVERR", "r w", "OUT ERR", "as poll", "once",
     "recv ECONNREFUSED, recv EAGAIN, 1000 of 1000 polls wake; error queue read: 0 of 1000"},
};

void expect_facts(const test::Play& play) {
  for (const auto& [name, select, poll, epoll, edge, then] : facts) {
    const auto row = play.row(name);
    EXPECT_EQ((std::vector<std::string>(row.begin() + 1, row.end())),
              (std::vector<std::string>{select, poll, epoll, edge, then}))
        << name;
  }
}

TEST(Readiness, over_ipv4) {
  const test::Play play(readiness_scenario());
  play.expect_all_hold(22);
  expect_facts(play);
}

TEST(Readiness, over_ipv6_with_poll) {
  const test::Play play(readiness_scenario(), {.ipv6 = true}, {.poller = Poller::poll});
  play.expect_all_hold(22);
  expect_facts(play);
}

TEST(Readiness, measures_as_far_as_the_limit_of_descriptors_allows) {
  const test::Play play(readiness_scenario());
  ASSERT_EQ(play.stage.tables().size(), 2U);
  const auto& cost = play.stage.tables()[1];
  EXPECT_EQ(cost.columns, (std::vector<std::string>{"connections", "select", "poll", "epoll"}));
  EXPECT_EQ(cost.rows.front()[0], "10");
  EXPECT_GE(std::stoul(cost.rows.back()[0]), 1000U);
  ASSERT_EQ(play.stage.attachments().size(), 1U);
  EXPECT_EQ(play.stage.attachments()[0].suffix, "-cost.svg");
  EXPECT_THAT(play.stage.attachments()[0].content, HasSubstr("microseconds"));
}

}  // namespace
}  // namespace wirelab::scenarios
