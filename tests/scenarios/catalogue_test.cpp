// What a person is told of each story before it is played.
#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "lab/base/error.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {
namespace {

constexpr std::size_t widest = 100;  // of a line that `run` prints

const std::set<std::string> known{"count", "size", "interval", "ipv6"};

class EachScenario : public testing::TestWithParam<Scenario> {};

TEST_P(EachScenario, has_a_topology_that_its_own_settings_fit) {
  EXPECT_NO_THROW((void)GetParam().topology(GetParam().usual));
}

TEST_P(EachScenario, offers_settings_that_exist_each_once_and_says_what_they_mean) {
  std::set<std::string> seen;
  for (const auto& choice : GetParam().choices) {
    EXPECT_TRUE(known.contains(choice.option)) << choice.option;
    EXPECT_TRUE(seen.insert(choice.option).second) << choice.option << " is there twice";
    EXPECT_FALSE(choice.meaning.empty()) << choice.option;
    EXPECT_LE(choice.meaning.size(), 60U) << choice.meaning;
    EXPECT_EQ(GetParam().choice(choice.option), &choice);
  }
  EXPECT_EQ(GetParam().choice("colour"), nullptr);
}

// The meaning of options is written in one place only.
TEST_P(EachScenario, explains_itself_in_lines_that_fit_and_without_options) {
  const auto& text = GetParam().explanation;
  EXPECT_TRUE(text.starts_with("Nothing leaves this machine: "));
  EXPECT_EQ(text.find("--"), std::string::npos);
  EXPECT_LE(GetParam().teaches.size(), widest);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    EXPECT_LE(end - begin, widest) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST_P(EachScenario, is_played_over_ipv6_only_if_it_says_so) {
  if (GetParam().choice("ipv6") == nullptr) return;
  auto settings = GetParam().usual;
  EXPECT_FALSE(GetParam().topology(settings).has_ipv6());
  settings.ipv6 = true;
  EXPECT_TRUE(GetParam().topology(settings).has_ipv6());
}

INSTANTIATE_TEST_SUITE_P(All, EachScenario, testing::ValuesIn(all_scenarios()), [](const auto& each) {
  auto name = each.param.name;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(Catalogue, has_each_name_once) {
  std::set<std::string> names;
  for (const auto& scenario : all_scenarios()) EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
}

}  // namespace
}  // namespace wirelab::scenarios
