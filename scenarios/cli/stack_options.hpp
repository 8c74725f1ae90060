// What the commands of the reference stack share: the loop that they run on, and how they name a server.
#pragma once

#include <memory>
#include <string>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <nlohmann/json_fwd.hpp>

#include "lab/base/address.hpp"
#include "lab/loop/selector.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

namespace po = boost::program_options;

// --poller
po::options_description poller_option();
// Throws BadInput for a poller that there is not.
Poller poller_of(const po::variables_map& values);
std::unique_ptr<Selector> loop_of(const po::variables_map& values);

// "HOST", "HOST:PORT", "ADDRESS", "[ADDRESS]:PORT": a name is asked of this machine's resolver. Throws BadInput.
Endpoint server_named(const std::string& text, Port usual);
// Whatever of this machine reaches `server`.
Endpoint any_towards(const Endpoint& server);

// Seconds, as "5" or "0.2", not negative. Throws BadInput that names the option.
Duration seconds_of(const po::variables_map& values, const std::string& option);

// What the loop cost so far: which poller, waits, events, descriptors scanned, timers.
nlohmann::json selector_as_json(const Selector& loop);
// The same in words, on one line.
std::string selector_as_text(const Selector& loop);
// That line, under -v.
void tell_selector(const Output& output, const Selector& loop);

}  // namespace wirelab::cli
