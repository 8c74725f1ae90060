// parse: the words of a command line as a verb, options and arguments.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <boost/program_options/variables_map.hpp>

#include "scenarios/cli/command.hpp"

namespace wirelab::cli {

using Words = std::vector<std::string>;

// The position of the verb: the first word that is neither an option nor an option's value; words.size() without one.
std::size_t find_verb(const Words& words);

struct Parsed {
  po::variables_map values;
  Words arguments;  // the words that are no options
  Words rest;       // everything after "--", of a command that takes it
};

// `words` are all but the verb. Throws BadInput for what is no option of the command, or no value of one.
Parsed parse(const Command& command, Words words);

}  // namespace wirelab::cli
