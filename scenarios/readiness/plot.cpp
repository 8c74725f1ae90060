#include "scenarios/readiness/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace wirelab::scenarios::readiness {
namespace {

constexpr double width = 760, height = 500;
constexpr double left = 90, right = 730, top = 60, bottom = 430;  // of the coordinate system
constexpr double mark_size = 5;

struct Style {
  std::string_view color;  // told apart also by those who see few colours (Okabe and Ito)
  std::string_view dashes;
};
constexpr std::array<Style, 4> styles{
    {{"#0072B2", "none"}, {"#D55E00", "9 4"}, {"#007A5A", "2 4"}, {"#7B3FA0", "12 4 2 4"}}};

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

// Whole decades that hold all values, and where a value lies between two ends.
class Axis {
 public:
  Axis(double least, double most, double from, double to)
      : first_(static_cast<int>(std::floor(std::log10(least)))),
        last_(std::max(static_cast<int>(std::ceil(std::log10(most))), first_ + 1)),
        from_(from),
        to_(to) {}
  [[nodiscard]] double place(double value) const {
    return from_ + (to_ - from_) * (std::log10(value) - first_) / (last_ - first_);
  }
  [[nodiscard]] int first() const { return first_; }
  [[nodiscard]] int last() const { return last_; }

 private:
  int first_, last_;  // powers of ten
  double from_, to_;
};

Axis axis_of(const Plot& plot, double std::pair<double, double>::*coordinate, double from, double to) {
  double least = INFINITY, most = 0;
  for (const auto& line : plot.lines) {
    for (const auto& point : line.points) {
      const double value = point.*coordinate;
      if (!std::isfinite(value) || value <= 0) throw std::logic_error("only numbers above zero have a logarithm");
      least = std::min(least, value);
      most = std::max(most, value);
    }
  }
  if (most == 0) throw std::logic_error("nothing to plot");
  return {least, most, from, to};
}

std::string power_of_ten(int exponent) {
  return exponent < 0 ? fmt::format("{:.{}f}", std::pow(10, exponent), -exponent)
                      : fmt::format("{:.0f}", std::pow(10, exponent));
}

std::string line(double x1, double y1, double x2, double y2, std::string_view rest) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2, rest);
}

std::string text(double x, double y, std::string_view anchor, std::string_view words, std::string_view rest = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" {}>{}</text>\n", x, y, anchor, rest,
                     escaped(words));
}

std::string grid(const Axis& x, const Axis& y) {
  constexpr std::string_view faint = "stroke=\"#d0d0d0\"";
  std::string svg;
  for (int power = x.first(); power <= x.last(); ++power) {
    const auto place = x.place(std::pow(10, power));
    svg += line(place, top, place, bottom, faint) + text(place, bottom + 20, "middle", power_of_ten(power));
  }
  for (int power = y.first(); power <= y.last(); ++power) {
    const auto place = y.place(std::pow(10, power));
    svg += line(left, place, right, place, faint) + text(left - 8, place + 4, "end", power_of_ten(power));
  }
  return svg + line(left, bottom, right, bottom, "stroke=\"black\"") +
         line(left, top, left, bottom, "stroke=\"black\"");
}

// A circle, a square, a triangle, a diamond.
std::string mark(std::size_t kind, double x, double y) {
  const double r = mark_size;
  switch (kind) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"/>\n", x, y, r);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", x - r, y - r, 2 * r,
                         2 * r);
    case 2:
      return fmt::format("<polygon points=\"{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}\"/>\n", x, y - r, x + r, y + r,
                         x - r, y + r);
    default:
      return fmt::format("<polygon points=\"{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}\"/>\n", x, y - r,
                         x + r, y, x, y + r, x - r, y);
  }
}

std::string group(std::size_t kind) {
  return fmt::format("<g stroke=\"{0}\" fill=\"{0}\" stroke-width=\"2\">\n", styles.at(kind).color);
}

std::string curve(std::size_t kind, const Plot::Line& data, const Axis& x, const Axis& y) {
  std::string path, marks;
  for (const auto& [x_value, y_value] : data.points) {
    path += fmt::format("{:.1f},{:.1f} ", x.place(x_value), y.place(y_value));
    marks += mark(kind, x.place(x_value), y.place(y_value));
  }
  return group(kind) +
         fmt::format("<polyline points=\"{}\" fill=\"none\" stroke-dasharray=\"{}\"/>\n", path,
                     styles.at(kind).dashes) +
         marks + "</g>\n";
}

std::string legend(std::size_t kind, const std::string& name) {
  const double x = left + 20, y = top + 22 + 22 * static_cast<double>(kind);
  return group(kind) + line(x, y, x + 46, y, fmt::format("stroke-dasharray=\"{}\"", styles.at(kind).dashes)) +
         mark(kind, x + 23, y) + "</g>\n" + text(x + 56, y + 4, "start", name);
}

}  // namespace

std::string to_svg(const Plot& plot) {
  if (plot.lines.size() > styles.size()) throw std::logic_error("too many lines to tell apart");
  const auto x = axis_of(plot, &std::pair<double, double>::first, left, right);
  const auto y = axis_of(plot, &std::pair<double, double>::second, bottom, top);
  auto svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n<title>{2}</title>\n"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
      width, height, escaped(plot.title));
  svg += text(width / 2, 30, "middle", plot.title, "font-size=\"16\"");
  svg += text((left + right) / 2, bottom + 50, "middle", plot.x_axis);
  svg += text(0, 0, "middle", plot.y_axis,
              fmt::format("transform=\"translate(28 {:.0f}) rotate(-90)\"", (top + bottom) / 2));
  svg += grid(x, y);
  for (std::size_t kind = 0; kind < plot.lines.size(); ++kind) svg += curve(kind, plot.lines[kind], x, y);
  for (std::size_t kind = 0; kind < plot.lines.size(); ++kind) svg += legend(kind, plot.lines[kind].name);
  return svg + "</svg>\n";
}

}  // namespace wirelab::scenarios::readiness
