#include <gmock/gmock.h>

#include "tests/wire/play.hpp"

namespace wirelab::scenarios {
namespace {

const Table& table(const test::Play& play, std::string_view title) {
  for (const auto& each : play.stage.tables()) {
    if (each.title.starts_with(title)) return each;
  }
  throw std::logic_error("no such table");
}

// What was sent by hand, whose table, about which address, and what it knew: before and after, by the MAC's last byte.
struct Fact {
  const char* sent;
  const char* whose;
  const char* about;
  const char* before;
  const char* after;
};
constexpr Fact facts[] = {
    {"request to B as A", "B", "10.0.1.1", "nothing", ":01 "},
    {"request to B as A", "A", "10.0.1.2", "nothing", "nothing"},
    {"probes", "S", "10.0.1.9", "nothing", "nothing"},
    {"probes", "B", "10.0.1.9", "nothing", "nothing"},
    {"request to S as nobody", "S", "10.0.1.9", "nothing", ":09 "},
    {"request to S as nobody", "B", "10.0.1.9", "nothing", "nothing"},
    {"announcement", "S", "10.0.1.9", ":09 ", ":99 "},
    {"announcement", "B", "10.0.1.9", "nothing", "nothing"},
    {"gratuitous reply", "S", "10.0.1.9", ":99 ", ":09 "},
    {"gratuitous reply", "B", "10.0.1.9", "nothing", "nothing"},
    {"reply to B, unasked", "B", "10.0.1.9", "nothing", "nothing"},
};

void expect_facts(const test::Play& play) {
  play.expect_all_hold(20);
  const auto& rows = table(play, "What it did").rows;
  ASSERT_EQ(rows.size(), std::size(facts));
  for (std::size_t n = 0; n < rows.size(); ++n) {
    using testing::HasSubstr;
    EXPECT_THAT(rows[n], testing::ElementsAre(facts[n].sent, facts[n].whose, facts[n].about, HasSubstr(facts[n].before),
                                              HasSubstr(facts[n].after)));
  }
}

TEST(ArpScenario, does_to_the_tables_what_is_told) { expect_facts(test::Play(arp_scenario())); }

TEST(ArpScenario, does_so_with_epoll) { expect_facts(test::Play(arp_scenario(), {}, {.poller = Poller::epoll})); }

TEST(ArpScenario, shows_the_frame_byte_for_byte) {
  const test::Play play(arp_scenario());
  const auto& anatomy = table(play, "The 42 bytes");
  std::string question, answer;
  for (const auto& row : anatomy.rows) {
    question += (question.empty() ? "" : " ") + row[2];
    answer += (answer.empty() ? "" : " ") + row[3];
  }
  const auto mac = [&](const char* host) {
    return to_hex(play.stage.lab.host(host).interface("eth0").mac.bytes(), " ");
  };
  const std::string fixed = " 08 06 00 01 08 00 06 04 00 ", from_a = " 0a 00 01 01 ", from_b = " 0a 00 01 02";
  EXPECT_EQ(question,
            "ff ff ff ff ff ff " + mac("A") + fixed + "01 " + mac("A") + from_a + "00 00 00 00 00 00" + from_b);
  EXPECT_EQ(answer, mac("A") + " " + mac("B") + fixed + "02 " + mac("B") + from_b + " " + mac("A") + " 0a 00 01 01");
}

TEST(ArpScenario, finds_a_phantom_beside_the_kernels) {
  const test::Play play(arp_scenario());
  std::vector<std::string> found;
  for (const auto& row : table(play, "Who answered").rows) found.push_back(row[0] + " " + row[2]);
  EXPECT_THAT(found, testing::ElementsAre("10.0.1.2 B's kernel", "10.0.1.3 S's kernel", "10.0.1.9 a phantom host"));
}

}  // namespace
}  // namespace wirelab::scenarios
