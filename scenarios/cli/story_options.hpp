// story_options: what the user may choose about a story. Each story takes some of it (scenarios::Choice).
#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "scenarios/scenario.hpp"

namespace wirelab::cli {

namespace po = boost::program_options;

// --count, --size, --interval, --ipv6: those that the scenario takes, with what they mean to it.
po::options_description story_options(const scenarios::Scenario& scenario);
// All that any scenario takes, and what to which.
po::options_description story_options();

// What was given, and what is usual where nothing was. Throws BadInput for a value out of range, and for an option that
// means nothing to the scenario.
scenarios::Settings settings_of(const po::variables_map& values, const scenarios::Scenario& scenario);

}  // namespace wirelab::cli
