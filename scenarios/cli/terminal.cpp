#include "scenarios/cli/terminal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <langinfo.h>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace wirelab::cli {
namespace {

constexpr std::size_t usual_width = 100;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t width_of_stdout() {
  const auto columns = environment("COLUMNS");
  std::size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  winsize size{};
  if (width == 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  if (width == 0) return usual_width;
  return std::clamp(width, Terminal::least_width, Terminal::most_width);
}

bool colored(ColorMode mode) {
  if (mode == ColorMode::always) return true;
  if (mode == ColorMode::never || !environment("NO_COLOR").empty() || environment("TERM") == "dumb") return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace

Terminal Terminal::of_stdout(ColorMode mode, std::size_t width) {
  return {.width = width > 0 ? width : width_of_stdout(),
          .color = colored(mode),
          .unicode = std::string_view(::nl_langinfo(CODESET)) == "UTF-8"};
}

std::string Style::paint(std::string_view code, std::string_view text) const {
  return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace wirelab::cli
