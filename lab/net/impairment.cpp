#include "lab/net/impairment.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wirelab {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_delay = 10s;
constexpr std::uint64_t least_rate = 1000;

double milliseconds(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::optional<std::string> fault_of(std::string_view name, Duration time) {
  if (time < 0ns) return fmt::format("a {} of {:g} ms is negative", name, milliseconds(time));
  if (time > longest_delay) return fmt::format("a {} of {:g} ms is more than 10 s", name, milliseconds(time));
  return std::nullopt;
}

// Neither is what is not a number.
bool is_share(double value) { return value >= 0 && value <= 1; }

std::string rate_text(std::uint64_t rate) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 3> units{
      {{1'000'000'000, "Gbit/s"}, {1'000'000, "Mbit/s"}, {1000, "kbit/s"}}};
  for (const auto& [size, name] : units) {
    if (rate >= size) return fmt::format("{:g} {}", static_cast<double>(rate) / static_cast<double>(size), name);
  }
  return fmt::format("{} bit/s", rate);
}

}  // namespace

bool Impairment::is_none() const {
  return delay == 0ns && jitter == 0ns && loss == 0 && duplicate == 0 && reorder == 0 && !rate;
}

std::optional<std::string> Impairment::fault() const {
  if (auto fault = fault_of("delay", delay)) return fault;
  if (auto fault = fault_of("jitter", jitter)) return fault;
  if (auto fault = fault_of("hold", hold)) return fault;
  if (jitter > delay)
    return fmt::format("a jitter of {:g} ms is more than the delay of {:g} ms", milliseconds(jitter),
                       milliseconds(delay));
  const std::array<std::pair<std::string_view, double>, 3> shares{
      {{"loss", loss}, {"duplication", duplicate}, {"reordering", reorder}}};
  for (const auto& [name, share] : shares) {
    if (!is_share(share)) return fmt::format("a {} of {:g} is no share from 0 to 1", name, share);
  }
  if (reorder > 0 && hold == 0ns) return "a hold of 0 ms reorders nothing";
  if (rate && *rate < least_rate) return fmt::format("a rate of {} bit/s is less than {}", *rate, least_rate);
  return std::nullopt;
}

Duration Impairment::longest() const {
  Duration time = delay + jitter;
  if (reorder > 0) time += hold;
  if (rate) time += Duration(static_cast<Duration::rep>(static_cast<double>(queue) * 8e9 / static_cast<double>(*rate)));
  return time;
}

std::string Impairment::to_string() const {
  std::vector<std::string> parts;
  if (delay > 0ns) parts.push_back(fmt::format("delay {:g} ms", milliseconds(delay)));
  if (jitter > 0ns) parts.push_back(fmt::format("jitter {:g} ms", milliseconds(jitter)));
  if (loss > 0) parts.push_back(fmt::format("loss {:g} %", loss * 100));
  if (duplicate > 0) parts.push_back(fmt::format("duplication {:g} %", duplicate * 100));
  if (reorder > 0) parts.push_back(fmt::format("reordering {:g} % by {:g} ms", reorder * 100, milliseconds(hold)));
  if (rate) parts.push_back(rate_text(*rate));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace wirelab
