#include "scenarios/cli/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "lab/base/bytes.hpp"
#include "lab/base/text.hpp"
#include "scenarios/cli/quantity.hpp"

namespace wirelab::cli {
namespace {

constexpr auto first_line = std::chrono::seconds(1);
constexpr auto line_interval = std::chrono::seconds(5);
constexpr auto object_interval = std::chrono::seconds(1);
constexpr std::size_t widest_bar = 30;
constexpr std::size_t narrowest_bar = 10;
constexpr std::size_t shortest_name = 12;

// The beginning of `text`, in so many cells.
std::string shortened(std::string_view text, std::size_t cells) {
  if (cells_of(text) <= cells) return std::string(text);
  std::string short_text;
  for (std::size_t i = 0; i + 2 < cells; ++i) {
    const auto glyph = first_glyph(text);
    short_text += glyph;
    text.remove_prefix(glyph.size());
  }
  return short_text + "..";
}

double share_of(const FileProgress& progress) {
  return progress.size == 0 ? 1 : static_cast<double>(progress.bytes) / static_cast<double>(progress.size);
}

std::string figures(const FileProgress& progress) {
  // Rounded down: 100 is when it is there.
  return fmt::format("{:3}%  {} of {}  {}/s{}", static_cast<int>(100 * share_of(progress)), size_text(progress.bytes),
                     size_text(progress.size), size_text(progress.rate),
                     progress.left ? "  " + time_text(*progress.left) + " left" : "");
}

bool is_clever_terminal() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

std::string bar_text(std::string_view what, const FileProgress& progress, std::size_t width) {
  const auto numbers = figures(progress);
  const auto room = width > numbers.size() + 2 ? width - numbers.size() - 2 : 0;
  if (room < shortest_name) return shortened(numbers, width);
  const auto name = shortened(what, std::max(shortest_name, room > widest_bar ? room - widest_bar : 0));
  const auto left = room - cells_of(name);
  if (left < narrowest_bar + 4) return fmt::format("{}  {}", name, numbers);
  const auto bar = std::min(widest_bar, left - 4);
  const auto done = static_cast<std::size_t>(share_of(progress) * static_cast<double>(bar));
  return fmt::format("{}  [{}{}]  {}", name, std::string(done, '#'), std::string(bar - done, '-'), numbers);
}

ProgressDisplay::ProgressDisplay(const Output& output)
    : output_(output), bar_(!output.json() && !output.quiet() && is_clever_terminal()) {}

void ProgressDisplay::show(const std::string& id, std::string_view name, const FileProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const auto [shown, is_new] = transfers_.try_emplace(id, Shown{printable(name), progress, {}});
  shown->second.progress = progress;
  if (bar_) return draw();
  const auto interval = output_.json() ? object_interval : line_interval;
  // The first after a second.
  if (is_new) shown->second.told = now - interval + first_line;
  if (now - shown->second.told < interval) return;
  shown->second.told = now;
  nlohmann::json object{{"type", "progress"},    {"id", id},
                        {"name", name},          {"bytes", progress.bytes},
                        {"size", progress.size}, {"rate", progress.rate}};
  if (progress.left) object["left_s"] = std::chrono::duration<double>(*progress.left).count();
  output_.object(object);
  if (!output_.json()) output_.talk(fmt::format("{}: {}", shown->second.name, figures(progress)));
}

// One line for all of them.
void ProgressDisplay::draw() {
  if (held_ || transfers_.empty()) return;
  FileProgress sum;
  for (const auto& [id, shown] : transfers_) {
    sum.bytes += shown.progress.bytes;
    sum.size += shown.progress.size;
    sum.rate += shown.progress.rate;
    if (shown.progress.left) sum.left = std::max(sum.left.value_or(Duration{}), *shown.progress.left);
  }
  const auto what =
      transfers_.size() == 1 ? transfers_.begin()->second.name : fmt::format("{} files", transfers_.size());
  // The last column stays free: a terminal may wrap there.
  fmt::print(stderr, "\r{}\x1b[K", bar_text(what, sum, output_.terminal().width - 1));
  (void)std::fflush(stderr);
  drawn_ = true;
}

void ProgressDisplay::forget(const std::string& id) {
  transfers_.erase(id);
  clear();
}

void ProgressDisplay::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  (void)std::fflush(stderr);
  drawn_ = false;
}

void ProgressDisplay::hold(bool on) {
  held_ = on;
  if (on) clear();
}

}  // namespace wirelab::cli
