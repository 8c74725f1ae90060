// A scenario in a fresh lab, played to its end as `wirelab run` plays it, for tests that look at what came of it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "scenarios/hygiene.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios::test {

class Play {
 public:
  explicit Play(const Scenario& scenario, const Settings& settings = {}, Lab::Options options = {})
      : lab(scenario.topology(settings), options), trace(lab), stage(lab, trace, settings) {
    trace.add_all_taps();
    trace.start();
    scenario.play(stage);
    trace.finish();
    check_hygiene(stage);
  }

  // Fails the test with each check that does not hold; also if there are fewer than `least`.
  void expect_all_hold(std::size_t least) const {
    EXPECT_GE(stage.checks().size(), least);
    for (const auto& check : stage.checks()) EXPECT_TRUE(check.ok) << check.name << "\n  " << check.otherwise;
  }
  // The row of the first table that begins with these words; fails the test if there is none.
  [[nodiscard]] std::vector<std::string> row(std::string_view begin) const {
    for (const auto& row : stage.tables().at(0).rows)
      if (row[0].starts_with(begin)) return row;
    ADD_FAILURE() << "no row " << begin;
    return std::vector<std::string>(stage.tables().at(0).columns.size());
  }

  Lab lab;
  capture::Trace trace;
  Stage stage;
};

}  // namespace wirelab::scenarios::test
