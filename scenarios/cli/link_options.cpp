#include "scenarios/cli/link_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

constexpr std::array<const char*, 6> impairments{"delay", "jitter", "loss", "duplicate", "reorder", "rate"};

bool wants_any(const po::variables_map& values) {
  return std::any_of(impairments.begin(), impairments.end(), [&](const char* name) { return values.contains(name); });
}

Duration time_of(const po::variables_map& values, const char* option) {
  if (!values.contains(option)) return {};
  const auto milliseconds = values[option].as<double>();
  if (!std::isfinite(milliseconds) || std::abs(milliseconds) > 1e9)
    throw BadInput(fmt::format("--{} {} is no time\nit takes milliseconds, at most 10000", option, milliseconds));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(milliseconds));
}

double share_of(const po::variables_map& values, const char* option) {
  if (!values.contains(option)) return 0;
  const auto percent = values[option].as<double>();
  if (!(percent >= 0 && percent <= 100))
    throw BadInput(fmt::format("--{} {} is no share\nit takes 0 to 100 percent", option, percent));
  return percent / 100;
}

Impairment impairment_of(const po::variables_map& values) {
  Impairment impairment{.delay = time_of(values, "delay"),
                        .jitter = time_of(values, "jitter"),
                        .loss = share_of(values, "loss"),
                        .duplicate = share_of(values, "duplicate"),
                        .reorder = share_of(values, "reorder")};
  if (values.contains("rate")) impairment.rate = parse_rate(values["rate"].as<std::string>());
  if (const auto fault = impairment.fault()) throw BadInput(fmt::format("no link is like that: {}", *fault));
  return impairment;
}

std::vector<Topology::SegmentId> chosen_segments(const Topology& topology, const po::variables_map& values) {
  std::vector<Topology::SegmentId> all;
  for (std::size_t index = 0; index < topology.segments().size(); ++index) all.push_back({index});
  if (!values.contains("link")) return all;
  const auto name = values["link"].as<std::string>();
  if (const auto found = topology.find_segment(name)) return {*found};
  std::vector<std::string> names;
  for (const auto& segment : topology.segments()) names.push_back(segment.name);
  throw BadInput(
      fmt::format("the lab has no link '{}'\n--link takes one of: {}", printable(name), fmt::join(names, ", ")));
}

}  // namespace

po::options_description link_options() {
  po::options_description options("Of the links, each way; whoever sends has it once a link");
  auto add = options.add_options();
  add("delay", po::value<double>()->value_name("MS"), "every frame is that late, in milliseconds");
  add("jitter", po::value<double>()->value_name("MS"), "that much later or earlier, at most the delay");
  add("loss", po::value<double>()->value_name("PERCENT"), "so many frames vanish");
  add("duplicate", po::value<double>()->value_name("PERCENT"), "so many arrive twice");
  add("reorder", po::value<double>()->value_name("PERCENT"), "so many are held back by 10 ms, others overtake");
  add("rate", po::value<std::string>()->value_name("RATE"), "bits a second: 512k, 10M, 1G");
  add("link", po::value<std::string>()->value_name("NAME"), "of this link only (default: of all)");
  return options;
}

void impair_links(Topology& topology, const po::variables_map& values, const scenarios::Scenario& scenario) {
  if (!wants_any(values)) {
    if (values.contains("link")) throw BadInput("--link alone changes nothing\nsay how the link is: --delay, --loss");
    return;
  }
  const auto segments = chosen_segments(topology, values);
  const auto impairment = impairment_of(values);
  if (!scenario.over_bad_links)
    throw BadInput(fmt::format(
        "{} can only be told over links that neither delay nor lose\nleave --{} away", scenario.name,
        *std::find_if(impairments.begin(), impairments.end(), [&](auto* name) { return values.contains(name); })));
  for (const auto segment : segments) topology.impair(segment, impairment);
}

std::uint64_t parse_rate(std::string_view text) {
  const auto refuse = [&] {
    throw BadInput(fmt::format("--rate '{}' is no rate\nit takes bits a second: 512k, 10M, 1G", printable(text)));
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double factor = 1;
  if (unit == "k") {
    factor = 1e3;
  } else if (unit == "M") {
    factor = 1e6;
  } else if (unit == "G") {
    factor = 1e9;
  } else if (!unit.empty()) {
    refuse();
  }
  if (error != std::errc{} || !(number >= 0) || number * factor > 1e12) refuse();
  return static_cast<std::uint64_t>(std::llround(number * factor));
}

}  // namespace wirelab::cli
