#include "scenarios/cli/story_options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

using scenarios::Scenario;
using scenarios::Settings;

constexpr std::array<std::string_view, 4> all_options{"count", "size", "interval", "ipv6"};
constexpr double longest_interval = 60'000;  // ms
constexpr long long most_requests = 100'000;
constexpr long long largest_payload = 65'507;  // what fits an IPv4 packet behind an ICMP header

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// Without defaults of Boost's: what was not given is the story's own choice.
void add_option(po::options_description& options, std::string_view option, const std::string& meaning) {
  auto add = options.add_options();
  if (option == "count") add("count", po::value<long long>()->value_name("N"), meaning.c_str());
  if (option == "size") add("size", po::value<long long>()->value_name("BYTES"), meaning.c_str());
  if (option == "interval") add("interval", po::value<double>()->value_name("MS"), meaning.c_str());
  if (option == "ipv6") add("ipv6,6", meaning.c_str());
}

std::string default_text(std::string_view option, const Settings& usual) {
  if (option == "count") return fmt::format(" (default {})", usual.count);
  if (option == "size") return fmt::format(" (default {})", usual.size);
  if (option == "interval") return fmt::format(" (default {:g})", milliseconds(usual.interval));
  return "";
}

// A line for each meaning, behind the names of the scenarios that give it; without names if all mean the same.
std::string meanings_of(std::string_view option) {
  std::vector<std::pair<std::string, std::vector<std::string>>> meanings;
  const auto& all = scenarios::all_scenarios();
  for (const auto& scenario : all) {
    const auto* choice = scenario.choice(option);
    if (choice == nullptr) continue;
    const auto text = choice->meaning + default_text(option, scenario.usual);
    auto known = std::ranges::find(meanings, text, [](const auto& meaning) { return meaning.first; });
    if (known == meanings.end()) known = meanings.insert(known, {text, {}});
    known->second.push_back(scenario.name);
  }
  if (meanings.size() == 1 && meanings[0].second.size() == all.size()) return meanings[0].first;
  std::string lines;
  for (const auto& [text, names] : meanings)
    lines += fmt::format("{}{}: {}", lines.empty() ? "" : "\n", fmt::join(names, ", "), text);
  return lines;
}

// Read as a signed number, because Boost takes "-1" for an unsigned one and makes it a huge one.
std::size_t number_in_range(const po::variables_map& values, const char* option, long long least, long long most) {
  const auto value = values[option].as<long long>();
  if (value < least || value > most)
    throw BadInput(fmt::format("--{} {} is out of range\nit takes {} to {}", option, value, least, most));
  return static_cast<std::size_t>(value);
}

Duration interval_of(const po::variables_map& values) {
  const auto interval = values["interval"].as<double>();
  if (!std::isfinite(interval) || interval < 0 || interval > longest_interval)
    throw BadInput(
        fmt::format("--interval {} is out of range\nit takes 0 to {} milliseconds", interval, longest_interval));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(interval));
}

}  // namespace

po::options_description story_options(const Scenario& scenario) {
  po::options_description options("Of the story");
  for (const auto option : all_options) {
    const auto* choice = scenario.choice(option);
    if (choice != nullptr) add_option(options, option, choice->meaning + default_text(option, scenario.usual));
  }
  return options;
}

po::options_description story_options() {
  po::options_description options("Of the story");
  for (const auto option : all_options) add_option(options, option, meanings_of(option));
  return options;
}

Settings settings_of(const po::variables_map& values, const Scenario& scenario) {
  for (const auto option : all_options) {
    if (values.contains(std::string(option)) && scenario.choice(option) == nullptr)
      throw BadInput(fmt::format("--{} means nothing to '{}'\nwirelab run {} --help shows what does", option,
                                 scenario.name, scenario.name));
  }
  auto settings = scenario.usual;
  if (values.contains("count")) settings.count = number_in_range(values, "count", 1, most_requests);
  if (values.contains("size")) settings.size = number_in_range(values, "size", 0, largest_payload);
  if (values.contains("interval")) settings.interval = interval_of(values);
  settings.ipv6 = settings.ipv6 || values.contains("ipv6");
  return settings;
}

}  // namespace wirelab::cli
