// Options that several commands share, each with one meaning everywhere.
#pragma once

#include <string>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "lab/lab.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

namespace po = boost::program_options;

// --poller, --seed
po::options_description loop_options();
// --explain, --keep, --ladder, --no-ladder
po::options_description lab_only_options();
Lab::Options lab_options(const po::variables_map& values);
// On for a person, off for a program, unless said otherwise.
bool wants_ladder(const po::variables_map& values, const Output& output);

// --pcap, --pcap-dir
po::options_description trace_file_options();
struct TraceFiles {
  std::string merged;  // always written
  std::string folder;  // empty: not one file a tap
};
// Without --pcap the merged trace is wirelab-NAME.pcapng in the current folder, or, where that cannot be written, in a
// new folder below TMPDIR.
TraceFiles trace_files(const po::variables_map& values, const std::string& name);

}  // namespace wirelab::cli
