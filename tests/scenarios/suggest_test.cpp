#include "scenarios/cli/suggest.hpp"

#include <gtest/gtest.h>

namespace wirelab::cli {
namespace {

struct Fact {
  std::string word;
  std::optional<std::string> meant;
};

TEST(Suggest, names_what_was_probably_meant) {
  const std::vector<std::string> known{"list", "run", "ping", "show", "doctor", "--count", "--size", "--interval"};
  const std::vector<Fact> facts{
      {"pnig", "ping"},      // neighbours swapped
      {"pin", "ping"},       // a letter left out
      {"rrun", "run"},       // one too many
      {"doktor", "doctor"},  // another one
      {"--cuont", "--count"},
      {"--intervall", "--interval"},
      {"frobnicate", std::nullopt},  // like nothing here
      {"x", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [word, meant] : facts) EXPECT_EQ(suggest(word, known), meant) << word;
}

TEST(Suggest, knows_nothing_without_candidates) { EXPECT_EQ(suggest("ping", {}), std::nullopt); }

}  // namespace
}  // namespace wirelab::cli
