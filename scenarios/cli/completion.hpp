// completion: what a shell may offer behind a command or an option, and the scripts that make it do so. All of it comes
// from the table of commands, so that it cannot lag behind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/cli/command.hpp"

namespace wirelab::cli {

struct Offer {
  std::vector<std::string> words;
  bool files = false;
  bool folders = false;
  [[nodiscard]] bool nothing() const { return words.empty() && !files && !folders; }
};

// By the word that stands for an argument or a value in help: "FILE", "DIR", "SCENARIO", or the words themselves, as in
// "select|poll|epoll". Nothing can be offered for others.
Offer offer_for(std::string_view placeholder);

// What stands for an option's value; empty if it takes none.
std::string placeholder_of(const po::option_description& option);

// The options of a command and those that stand everywhere.
std::vector<const po::option_description*> options_of(const Command& command);
// Those of all commands, each once: they may stand before the command too, and mean the same everywhere.
std::vector<const po::option_description*> options_of_all();

// For each place behind a command what may stand there. The last one holds for all that follow, if `repeats`.
struct Places {
  std::vector<std::string> placeholders;
  bool repeats = false;
};
Places places_of(const Command& command);

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace wirelab::cli
