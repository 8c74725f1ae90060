#include <gtest/gtest.h>

#include "lab/base/error.hpp"
#include "lab/net/door.hpp"

namespace wirelab {
namespace {

std::string refusal_of(const std::vector<KeptLab>& labs, std::string_view name = {}) {
  try {
    static_cast<void>(choose_lab(labs, name));
    return "chosen";
  } catch (const BadInput& error) {
    return error.what();
  }
}

const std::vector<KeptLab> none;
const std::vector<KeptLab> one{{.uid = 1000, .pid = 42}};
const std::vector<KeptLab> two{{.uid = 1000, .pid = 42}, {.uid = 1000, .pid = 4242}};

TEST(KeptLab, TheOnlyOneNeedsNoName) { EXPECT_EQ(choose_lab(one), one[0]); }

TEST(KeptLab, IsChosenByName) { EXPECT_EQ(choose_lab(two, "4242"), two[1]); }

TEST(KeptLab, AWrongChoiceIsExplained) {
  EXPECT_EQ(refusal_of(none), "no lab is up\nkeep one with: wirelab run ping --keep");
  EXPECT_EQ(refusal_of(none, "42"), "no lab is up\nkeep one with: wirelab run ping --keep");
  EXPECT_EQ(refusal_of(two), "several labs are up: 42, 4242\nsay which: wirelab exec 42 HOST -- COMMAND");
  EXPECT_EQ(refusal_of(two, "424"), "no lab \"424\" is up\nthere is: 42, 4242");
}

}  // namespace
}  // namespace wirelab
