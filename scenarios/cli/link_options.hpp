// Options that make a lab's links worse than cables.
#pragma once

#include <string_view>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "lab/net/topology.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::cli {

namespace po = boost::program_options;

// --delay, --jitter, --loss, --duplicate, --reorder, --rate, --link
po::options_description link_options();
// Impairs the segments that --link names, or all, each way, as the other options say. Throws BadInput for what no link
// can be, a segment that is not there, and a scenario that cannot be told over such links.
void impair_links(Topology& topology, const po::variables_map& values, const scenarios::Scenario& scenario);
// Bits a second: "512k", "10M", "1G" or a number. Throws BadInput.
std::uint64_t parse_rate(std::string_view text);

}  // namespace wirelab::cli
