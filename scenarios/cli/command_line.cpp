// From words to a command: split at the first bare word, then parse what belongs to it.
#include <algorithm>
#include <exception>
#include <iterator>
#include <sstream>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/suggest.hpp"

namespace wirelab::cli {
namespace {

using Words = std::vector<std::string>;

// An abbreviation that means something today may mean something else tomorrow: guessing is off.
constexpr int parse_style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

const po::option_description* find_option(const po::options_description& options, std::string_view word) {
  const std::string name(word.substr(0, word.find('=')));
  if (name.starts_with("--")) return options.find_nothrow(name.substr(2), false);
  return options.find_nothrow(name.substr(0, 2), false);
}

// Every option of every command, to tell "--seed 7 run" (a value, then the verb) from "--json run".
bool takes_separate_value(const std::string& word) {
  if (word.find('=') != word.npos || (!word.starts_with("--") && word.size() > 2)) return false;
  const auto takes = [&](const po::options_description& options) {
    const auto* option = find_option(options, word);
    return option != nullptr && option->semantic()->max_tokens() > 0;
  };
  if (takes(global_options())) return true;
  return std::ranges::any_of(commands(), [&](const Command& command) { return takes(command.options()); });
}

// The position of the verb: the first word that is neither an option nor an option's value.
std::size_t find_verb(const Words& words) {
  std::size_t i = 0;
  while (i < words.size() && words[i].starts_with("-") && words[i] != "--") i += takes_separate_value(words[i]) ? 2 : 1;
  return std::min(i, words.size());
}

const Command& command_named(const std::string& name) {
  const auto& all = commands();
  const auto found = std::ranges::find(all, name, &Command::name);
  if (found != all.end()) return *found;
  Words names;
  std::ranges::transform(all, std::back_inserter(names), &Command::name);
  const auto meant = suggest(name, names);
  throw BadInput(fmt::format("unknown command '{}'{}\nwirelab --help lists all commands", name,
                             meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

Words option_names(const po::options_description& options) {
  Words names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

// Boost's own sentences name options with odd quotes; these say the same as the rest of the tool does.
BadInput bad_option(const Command& command, const po::options_description& options, const po::error& error) {
  const auto next = fmt::format("\nwirelab {} --help shows its options", command.name);
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    const auto name = unknown->get_option_name();
    const auto meant = suggest(name, option_names(options));
    return BadInput(fmt::format("unknown option '{}' of '{}'{}{}", name, command.name,
                                meant ? fmt::format("; did you mean '{}'?", *meant) : "", next));
  }
  if (const auto* value = dynamic_cast<const po::validation_error*>(&error))
    return BadInput(fmt::format("{}: this value cannot be used ({}){}", value->get_option_name(), error.what(), next));
  return BadInput(fmt::format("{}{}", error.what(), next));
}

void check_arguments(const Command& command, const Words& arguments) {
  const auto usage = fmt::format("\nusage: wirelab {} {}", command.name, command.arguments);
  if (arguments.size() < command.least_arguments)
    throw BadInput(fmt::format("'{}' needs {}{}", command.name, command.arguments, usage));
  if (arguments.size() > command.most_arguments)
    throw BadInput(fmt::format("'{}' does not know what to do with '{}'{}", command.name,
                               arguments[command.most_arguments], usage));
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
  return fmt::format("{}\n\nusage: wirelab {} {} [options]\n\n{}", command.summary, command.name, command.arguments,
                     options.str());
}

struct Parsed {
  po::variables_map values;
  Words arguments;
  Words rest;
};

Parsed parse(const Command& command, Words words) {
  Parsed parsed;
  if (const auto end = std::ranges::find(words, "--"); end != words.end() && command.takes_rest) {
    parsed.rest.assign(std::next(end), words.end());
    words.erase(end, words.end());
  }
  po::options_description visible;
  visible.add(command.options()).add(global_options());
  po::options_description all;
  all.add(visible).add_options()("argument", po::value<Words>());
  try {
    po::positional_options_description positions;
    positions.add("argument", -1);
    po::store(po::command_line_parser(words).options(all).positional(positions).style(parse_style).run(),
              parsed.values);
    po::notify(parsed.values);
  } catch (const po::error& error) {
    throw bad_option(command, visible, error);
  }
  if (parsed.values.contains("argument")) parsed.arguments = parsed.values["argument"].as<Words>();
  return parsed;
}

ColorMode color_mode(const po::variables_map& values) {
  const auto mode = values["color"].as<std::string>();
  if (mode == "auto") return ColorMode::automatic;
  if (mode == "always") return ColorMode::always;
  if (mode == "never") return ColorMode::never;
  throw BadInput(fmt::format("--color takes auto, always or never, not '{}'", mode));
}

Output output_for(const po::variables_map& values) {
  const auto terminal = Terminal::of_stdout(color_mode(values), values["width"].as<std::size_t>());
  return {terminal,
          {.json = values.contains("json"), .quiet = values.contains("quiet"), .verbose = values.contains("verbose")}};
}

ExitCode run_words(const Words& words) {
  const auto verb = find_verb(words);
  Words options(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(verb));
  const auto asked = [&](std::string_view option) { return std::ranges::find(options, option) != options.end(); };
  if (verb == words.size() || words[verb] == "--" || words[verb] == "help") {
    if (asked("--version"))
      return version_command().run({.output = Output(Terminal{}, {}), .values = {}, .arguments = {}, .rest = {}});
    if (verb == words.size() && !asked("--help") && !asked("-h"))
      throw BadInput("which command?\nwirelab --help lists all commands; try: wirelab run ping");
    fmt::print("{}", overview());
    return ExitCode::ok;
  }
  const auto& command = command_named(words[verb]);
  options.insert(options.end(), words.begin() + static_cast<std::ptrdiff_t>(verb) + 1, words.end());
  auto parsed = parse(command, std::move(options));
  if (parsed.values.contains("help")) {
    fmt::print("{}", help_of(command));
    return ExitCode::ok;
  }
  check_arguments(command, parsed.arguments);
  const auto output = output_for(parsed.values);
  const auto exit = command.run({output, parsed.values, parsed.arguments, parsed.rest});
  output.flush();
  return exit;
}

}  // namespace

po::options_description global_options() {
  po::options_description options("Everywhere");
  auto add = options.add_options();
  add("help,h", "show help");
  add("json", "one JSON object a line on stdout, also on failure");
  add("quiet,q", "only the result");
  add("verbose,v", "also what was built and what the selector did");
  add("color", po::value<std::string>()->default_value("auto")->value_name("WHEN"), "auto, always or never");
  add("width", po::value<std::size_t>()->default_value(0, "the terminal's")->value_name("COLUMNS"), "of what is drawn");
  return options;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all{list_command(),   run_command(),        ping_command(),
                                        show_command(),   shell_command(),      exec_command(),
                                        doctor_command(), completion_command(), version_command()};
  return all;
}

ExitCode run_command_line(const Words& words) {
  try {
    return run_words(words);
  } catch (...) {
    const auto failure = failure_of(std::current_exception());
    const bool json = std::ranges::find(words, "--json") != words.end();
    report(Output(Terminal{}, {.json = json}), failure);
    return failure.exit;
  }
}

}  // namespace wirelab::cli
