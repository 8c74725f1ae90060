#include "scenarios/cli/quantity.hpp"

#include <array>

#include <fmt/format.h>

namespace wirelab::cli {

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string size_text(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  // 999.5 would be shown as 1000.
  for (; bytes >= 999.5 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  const int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", bytes, decimals, units[unit]);
}

std::string size_text(std::uint64_t bytes) { return size_text(static_cast<double>(bytes)); }

std::string pause_text(Duration pause) {
  if (pause < std::chrono::seconds(1))
    return fmt::format("{} ms", std::chrono::ceil<std::chrono::milliseconds>(pause).count());
  return fmt::format("{:.3g} s", std::chrono::duration<double>(pause).count());
}

std::string time_text(Duration time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace wirelab::cli
