#include "scenarios/cli/lab_options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "capture/output_file.hpp"
#include "lab/base/error.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

constexpr long long default_seed = 1;

}  // namespace

po::options_description loop_options() {
  auto options = poller_option();
  options.add_options()("seed", po::value<long long>()->value_name("N"),
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
  const auto seed = values.contains("seed") ? values["seed"].as<long long>() : default_seed;
  if (seed < 0) throw BadInput(fmt::format("--seed {} is out of range\nit takes a number from 0 on", seed));
  return {.poller = poller_of(values), .seed = static_cast<std::uint64_t>(seed)};
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
