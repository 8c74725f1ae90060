// Command: one verb of the command line, and what it is called with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "scenarios/cli/exit_code.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

namespace po = boost::program_options;

struct Invocation {
  const Output& output;
  po::variables_map values;
  std::vector<std::string> arguments;  // the words that are no options
  std::vector<std::string> rest;       // everything after "--", untouched
};

struct Command {
  std::string name;
  std::string arguments;  // "SCENARIO", as the usage line shows them
  std::string summary;    // one line
  std::function<po::options_description()> options;
  std::size_t least_arguments = 0;
  std::size_t most_arguments = 0;
  bool takes_rest = false;  // a command after "--"
  ExitCode (*run)(const Invocation&);
  // The command as help shows it with these arguments; null: always the same.
  Command (*about)(const Command&, const std::vector<std::string>& arguments) = nullptr;
};

// In the order in which help shows them.
const std::vector<Command>& commands();

// The options that every command takes.
po::options_description global_options();

// Runs what the words say and returns the exit code; every exception ends here as a clear message.
ExitCode run_command_line(const std::vector<std::string>& words);

// One file a command; each returns its entry of the table.
Command list_command();
Command run_command();
Command ping_command();
Command serve_command();
Command chat_command();
Command devices_command();
Command send_command();
Command receive_command();
Command show_command();
Command shell_command();
Command exec_command();
Command doctor_command();
Command completion_command();
Command version_command();

}  // namespace wirelab::cli
