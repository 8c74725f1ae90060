#include "scenarios/readiness/plot.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirelab::scenarios::readiness {
namespace {

using testing::HasSubstr;
using testing::Not;

Plot plot_of(std::vector<Plot::Line> lines) { return {"what it costs", "how many", "how much", std::move(lines)}; }

TEST(Plot, has_title_axes_and_a_legend) {
  const auto svg = to_svg(plot_of({{"select", {{10, 1.7}, {1000, 73}}}, {"epoll", {{10, 1.4}, {1000, 0.9}}}}));
  for (const auto* words : {"<title>what it costs</title>", ">how many<", ">how much<", ">select<", ">epoll<"})
    EXPECT_THAT(svg, HasSubstr(words));
  EXPECT_TRUE(svg.starts_with("<svg xmlns="));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(Plot, axes_are_whole_decades) {
  const auto svg = to_svg(plot_of({{"one", {{10, 0.5}, {1000, 73}}}}));
  for (const auto* tick : {">10<", ">100<", ">1000<", ">0.1<", ">1<"}) EXPECT_THAT(svg, HasSubstr(tick));
  EXPECT_THAT(svg, Not(HasSubstr(">10000<")));
  EXPECT_THAT(svg, Not(HasSubstr(">0.01<")));
}

// x from 90 to 730, y from 430 (below) up to 60.
TEST(Plot, equal_factors_are_equal_distances) {
  const auto svg = to_svg(plot_of({{"one", {{1, 1}, {10, 10}, {100, 100}}}}));
  EXPECT_THAT(svg, HasSubstr("points=\"90.0,430.0 410.0,245.0 730.0,60.0 \""));
}

TEST(Plot, a_single_value_has_a_decade_around_it) {
  EXPECT_THAT(to_svg(plot_of({{"one", {{1, 1}}}})), HasSubstr("points=\"90.0,430.0 \""));
}

TEST(Plot, lines_differ_without_colours) {
  const Plot::Line line{"line", {{1, 1}, {10, 10}}};
  const auto svg = to_svg(plot_of({line, line, line, line}));
  for (const auto* sign : {"<circle", "<rect x=", "<polygon", "stroke-dasharray=\"none\"", "stroke-dasharray=\"9 4\""})
    EXPECT_THAT(svg, HasSubstr(sign));
}

TEST(Plot, names_are_text_and_no_markup) {
  const auto svg = to_svg(plot_of({{"a < b & \"c\"", {{1, 1}}}}));
  EXPECT_THAT(svg, HasSubstr(">a &lt; b &amp; &quot;c&quot;<"));
}

TEST(Plot, what_has_no_logarithm_is_a_mistake) {
  EXPECT_THROW(to_svg(plot_of({})), std::logic_error);
  EXPECT_THROW(to_svg(plot_of({{"none", {}}})), std::logic_error);
  EXPECT_THROW(to_svg(plot_of({{"zero", {{0, 1}}}})), std::logic_error);
  EXPECT_THROW(to_svg(plot_of({{"negative", {{1, -1}}}})), std::logic_error);
  EXPECT_THROW(to_svg(plot_of({{"infinite", {{1, INFINITY}}}})), std::logic_error);
  EXPECT_THROW(to_svg(plot_of(std::vector<Plot::Line>(5, {"line", {{1, 1}}}))), std::logic_error);
}

}  // namespace
}  // namespace wirelab::scenarios::readiness
