#include <gmock/gmock.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

// Whose table it is, and the last byte of the other's MAC in it, before and after: A's is 01, M's 02, S's 03.
struct Fact {
  const char* done;
  const char* whose;
  const char* before;
  const char* after;
};
constexpr Fact facts[] = {
    {"M's lies", "A", ":03 ", ":02 "},
    {"M's lies", "S", ":01 ", ":02 "},
    {"M's truth", "A", ":02 ", ":03 "},
    {"M's truth", "S", ":02 ", ":01 "},
    {"M's lies again", "A", ":03 (permanent)", ":03 (permanent)"},
    {"M's lies again", "S", ":01 (permanent)", ":01 (permanent)"},
};

void expect_facts(const test::Play& play) {
  play.expect_all_hold(17);
  ASSERT_EQ(play.stage.tables().size(), 3U);
  const auto& rows = play.stage.tables()[2].rows;
  ASSERT_EQ(rows.size(), std::size(facts));
  for (std::size_t n = 0; n < rows.size(); ++n) {
    using testing::_;
    using testing::HasSubstr;
    EXPECT_THAT(rows[n], testing::ElementsAre(facts[n].done, facts[n].whose, _, HasSubstr(facts[n].before),
                                              HasSubstr(facts[n].after)));
  }
}

TEST(ArpSpoofScenario, does_to_the_tables_what_is_told) { expect_facts(test::Play(arp_spoof_scenario())); }

TEST(ArpSpoofScenario, does_so_with_epoll) {
  expect_facts(test::Play(arp_spoof_scenario(), {}, {.poller = Poller::epoll}));
}

TEST(ArpSpoofScenario, lets_the_man_in_the_middle_read_the_frames) {
  const test::Play play(arp_spoof_scenario());
  const auto& heard = play.stage.tables().at(0).rows;
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0][1], "A to S");
  EXPECT_EQ(heard[1][1], "S to A");
  for (const auto& row : heard) EXPECT_THAT(row[2], testing::HasSubstr("CL:"));
}

TEST(ArpSpoofScenario, finds_the_lies_in_its_trace) {
  const test::Play play(arp_spoof_scenario());
  std::vector<std::string> found;
  for (const auto& row : play.stage.tables().at(1).rows) found.push_back(row[0] + " " + row[2]);
  EXPECT_THAT(found, testing::ElementsAre("10.0.1.1 A's", "10.0.1.1 M's", "10.0.1.3 S's", "10.0.1.3 M's"));
}

}  // namespace
}  // namespace wirelab::scenarios
