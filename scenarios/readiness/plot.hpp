// plot: measured points as lines between two logarithmic axes, drawn as SVG 1.1. Public, pure.
//
// Lines differ in dashes and marks as well as in colour, so that nobody needs the colours.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace wirelab::scenarios::readiness {

struct Plot {
  struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  // x, y: above zero, in the order of x
  };
  std::string title;
  std::string x_axis;  // what it shows, with the unit
  std::string y_axis;
  std::vector<Line> lines;  // up to 4
};

// A whole document, with the title also as text for those who hear it. Throws std::logic_error for a point that is not
// above zero or not finite, for too many lines and for none.
std::string to_svg(const Plot& plot);

}  // namespace wirelab::scenarios::readiness
