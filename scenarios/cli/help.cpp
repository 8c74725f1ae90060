#include "scenarios/cli/help.hpp"

#include <sstream>

#include <fmt/format.h>

namespace wirelab::cli {

std::string usage_of(const Command& command) {
  return fmt::format("wirelab{}{}{}{}", command.name.empty() ? "" : " ", command.name,
                     command.arguments.empty() ? "" : " ", command.arguments);
}

std::string overview() {
  std::string text = "wirelab builds a small real network, plays a protocol on it and shows what happened.\n\n";
  text += "usage: wirelab COMMAND [options]      try: wirelab run ping\n\n";
  for (const auto& command : commands())
    text += fmt::format("  {:<34}{}\n", command.name + " " + command.arguments, command.summary);
  std::ostringstream options;
  options << global_options();
  return text + "\n" + options.str() +
         "\nExit codes: 0 all held, 1 a check failed, 2 usage, 3 no answer, "
         "69 something is missing, 77 no privilege\n";
}

std::string help_of(const Command& command) {
  std::ostringstream options;
  options << command.options();
  options << global_options();
  return fmt::format("{}\n\nusage: {} [options]\n\n{}", command.summary, usage_of(command), options.str());
}

}  // namespace wirelab::cli
