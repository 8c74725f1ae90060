#include "raw/path_mtu_search.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace wirelab::raw::test {
namespace {

struct Outcome {
  std::uint32_t mtu = 0;
  unsigned steps = 0;
  bool black_hole = false;
};

// A path of that MTU whose router says what `announce` makes of it, or nothing where it gives nothing.
Outcome search(std::uint32_t first, std::uint32_t path, bool v4,
               const std::function<std::optional<std::uint32_t>(std::uint32_t)>& announce) {
  PathMtuSearch search(first, v4);
  Outcome outcome;
  while (const auto size = search.next()) {
    ++outcome.steps;
    if (outcome.steps > 100) break;
    const auto said = announce(path);
    if (*size <= path) {
      search.passed(*size);
    } else if (said) {
      search.too_big(*size, *said);
    } else {
      search.silent(*size);
    }
  }
  outcome.mtu = search.result().value_or(0);
  outcome.black_hole = search.black_hole();
  return outcome;
}

using Said = std::optional<std::uint32_t>;
Said truth(std::uint32_t mtu) { return mtu; }
Said zero(std::uint32_t) { return 0; }
Said nothing(std::uint32_t) { return std::nullopt; }
Said nonsense(std::uint32_t) { return 65535; }
Said below_every_floor(std::uint32_t) { return 8; }

TEST(PathMtuSearch, FindsTheMtuHoweverTheRouterSpeaks) {
  for (const std::uint32_t path : {68U, 69U, 296U, 576U, 1006U, 1280U, 1399U, 1400U, 1492U, 1499U, 1500U}) {
    for (auto* const announce : {truth, zero, nothing, nonsense, below_every_floor}) {
      const auto outcome = search(1500, path, true, announce);
      EXPECT_EQ(outcome.mtu, path);
      EXPECT_LE(outcome.steps, 20U) << path;
      EXPECT_EQ(outcome.black_hole, announce == nothing && path < 1500) << path;
    }
    if (path < 1280) continue;
    EXPECT_EQ(search(1500, path, false, truth).mtu, path);
    EXPECT_EQ(search(1500, path, false, nothing).mtu, path);
  }
}

TEST(PathMtuSearch, ARouterThatSpeaksCostsOneStep) {
  EXPECT_EQ(search(1500, 1500, true, truth).steps, 1U);
  EXPECT_EQ(search(1500, 1400, true, truth).steps, 2U);
}

TEST(PathMtuSearch, NothingAtAllEndsIt) {
  const auto outcome = search(1500, 0, true, nothing);
  EXPECT_EQ(outcome.mtu, 0U);
  EXPECT_FALSE(outcome.black_hole);
  EXPECT_LE(outcome.steps, 3U);
}

}  // namespace
}  // namespace wirelab::raw::test
