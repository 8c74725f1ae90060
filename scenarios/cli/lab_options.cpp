#include "scenarios/cli/lab_options.hpp"

#include <cmath>

#include <fmt/format.h>
#include <unistd.h>

#include "capture/output_file.hpp"
#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

constexpr long long default_seed = 1;
constexpr double longest_interval = 60'000;  // ms
constexpr long long most_requests = 100'000;
constexpr long long largest_payload = 65'507;  // what fits an IPv4 packet behind an ICMP header

// Read as a signed number, because Boost takes "-1" for an unsigned one and makes it a huge one.
std::size_t number_in_range(const po::variables_map& values, const char* option, long long least, long long most) {
  const auto value = values[option].as<long long>();
  if (value < least || value > most)
    throw BadInput(fmt::format("--{} {} is out of range\nit takes {} to {}", option, value, least, most));
  return static_cast<std::size_t>(value);
}

Duration interval_of(const po::variables_map& values) {
  const auto milliseconds = values["interval"].as<double>();
  if (!std::isfinite(milliseconds) || milliseconds < 0 || milliseconds > longest_interval)
    throw BadInput(
        fmt::format("--interval {} is out of range\nit takes 0 to {} milliseconds", milliseconds, longest_interval));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(milliseconds));
}

}  // namespace

po::options_description story_options() {
  po::options_description options("Of the story");
  auto add = options.add_options();
  add("count", po::value<long long>()->default_value(3)->value_name("N"), "echo requests of each kind");
  add("size", po::value<long long>()->default_value(56)->value_name("BYTES"), "payload of an echo request");
  add("interval", po::value<double>()->default_value(20)->value_name("MS"), "between requests, in milliseconds");
  add("ipv6,6", "play it over IPv6");
  return options;
}

scenarios::Settings settings_of(const po::variables_map& values) {
  return {.count = number_in_range(values, "count", 1, most_requests),
          .size = number_in_range(values, "size", 0, largest_payload),
          .interval = interval_of(values),
          .ipv6 = values.contains("ipv6")};
}

po::options_description loop_options() {
  po::options_description options("Of the loop");
  auto add = options.add_options();
  add("poller", po::value<std::string>()->default_value("select")->value_name("NAME"), "select, poll or epoll");
  add("seed", po::value<long long>()->value_name("N"),
      "of everything chosen at random (default 1; on an interface a new one)");
  return options;
}

po::options_description lab_only_options() {
  po::options_description options("Of the lab");
  auto add = options.add_options();
  add("explain", "tell what would be sent and which privilege it needs, and send nothing");
  add("keep", "keep the lab up after the story, for wirelab shell and exec");
  add("ladder", "draw the ladder (the default unless --json or --quiet)");
  add("no-ladder", "do not draw it");
  return options;
}

Lab::Options lab_options(const po::variables_map& values) {
  const auto name = values["poller"].as<std::string>();
  const auto poller = parse_poller(name);
  if (!poller) throw BadInput(fmt::format("there is no poller '{}'\nit takes select, poll or epoll", name));
  const auto seed = values.contains("seed") ? values["seed"].as<long long>() : default_seed;
  if (seed < 0) throw BadInput(fmt::format("--seed {} is out of range\nit takes a number from 0 on", seed));
  return {.poller = *poller, .seed = static_cast<std::uint64_t>(seed)};
}

bool wants_ladder(const po::variables_map& values, const Output& output) {
  if (values.contains("no-ladder")) return false;
  return values.contains("ladder") || !(output.json() || output.quiet());
}

po::options_description trace_file_options() {
  po::options_description options("Of the trace");
  auto add = options.add_options();
  add("pcap", po::value<std::string>()->value_name("FILE"), "where the merged trace goes (pcapng)");
  add("pcap-dir", po::value<std::string>()->value_name("DIR"), "also one trace a tap, into this folder");
  return options;
}

TraceFiles trace_files(const po::variables_map& values, const std::string& name) {
  TraceFiles files;
  if (values.contains("pcap-dir")) files.folder = values["pcap-dir"].as<std::string>();
  if (values.contains("pcap")) {
    files.merged = values["pcap"].as<std::string>();
    return files;
  }
  files.merged = fmt::format("wirelab-{}.pcapng", name);
  const bool exists = ::access(files.merged.c_str(), F_OK) == 0;
  const bool writable = ::access(exists ? files.merged.c_str() : ".", W_OK) == 0;
  if (!writable) files.merged = fmt::format("{}/{}", capture::create_temporary_folder(), files.merged);
  return files;
}

}  // namespace wirelab::cli
