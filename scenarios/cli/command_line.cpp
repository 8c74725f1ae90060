// From words to a command that runs, and from an exception to an exit code.
#include <algorithm>
#include <exception>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/help.hpp"
#include "scenarios/cli/parse.hpp"
#include "scenarios/cli/suggest.hpp"

namespace wirelab::cli {
namespace {

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

// Asked with every command line that ends in no command; it has no name and no place in the table.
Command no_command() {
  return {.name = "",
          .arguments = "COMMAND",
          .summary = "",
          .options =
              [] {
                po::options_description options("Without a command");
                options.add_options()("version", "the version");
                return options;
              },
          .most_arguments = std::numeric_limits<std::size_t>::max(),  // words after "--" are no command
          .run =
              [](const Invocation& call) {
                if (call.values.contains("version")) return version_command().run(call);
                throw BadInput("which command?\nwirelab --help lists all commands; try: wirelab run ping");
              }};
}

void check_arguments(const Command& command, const Words& arguments) {
  const auto usage = "\nusage: " + usage_of(command);
  if (arguments.size() < command.least_arguments)
    throw BadInput(fmt::format("'{}' needs {}{}", command.name, command.arguments, usage));
  if (arguments.size() > command.most_arguments)
    throw BadInput(fmt::format("'{}' does not know what to do with '{}'{}", command.name,
                               arguments[command.most_arguments], usage));
}

ColorMode color_mode(const po::variables_map& values) {
  const auto mode = values["color"].as<std::string>();
  if (mode == "auto") return ColorMode::automatic;
  if (mode == "always") return ColorMode::always;
  if (mode == "never") return ColorMode::never;
  throw BadInput(fmt::format("--color takes auto, always or never, not '{}'", mode));
}

std::size_t width_of(const po::variables_map& values) {
  constexpr auto least = static_cast<long long>(Terminal::least_width);
  constexpr auto most = static_cast<long long>(Terminal::most_width);
  const auto width = values["width"].as<long long>();  // signed, because Boost makes "-1" a huge unsigned number
  if (width != 0 && (width < least || width > most))
    throw BadInput(fmt::format("--width {} is out of range\nit takes {} to {} columns", width, least, most));
  return static_cast<std::size_t>(width);
}

Output output_for(const po::variables_map& values) {
  const auto terminal = Terminal::of_stdout(color_mode(values), width_of(values));
  return {terminal,
          {.json = values.contains("json"), .quiet = values.contains("quiet"), .verbose = values.contains("verbose")}};
}

void show_help(const Output& output, const std::string& text) {
  output.text(text);
  output.object({{"type", "help"}, {"text", text}});
}

ExitCode run_words(Words words) {
  auto verb = find_verb(words);
  // "help run" is "run --help".
  if (verb < words.size() && words[verb] == "help") {
    words[verb] = "--help";
    verb = find_verb(words);
  }
  const auto command = verb == words.size() ? no_command() : command_named(words[verb]);
  if (verb < words.size()) words.erase(words.begin() + static_cast<std::ptrdiff_t>(verb));
  const auto parsed = parse(command, std::move(words));
  const auto output = output_for(parsed.values);
  auto exit = ExitCode::ok;
  if (parsed.values.contains("help")) {
    const auto& shown = command.about == nullptr ? command : command.about(command, parsed.arguments);
    show_help(output, shown.name.empty() ? overview() : help_of(shown));
  } else {
    check_arguments(command, parsed.arguments);
    exit = command.run({output, parsed.values, parsed.arguments, parsed.rest});
  }
  output.flush();
  return exit;
}

// Before the words are parsed, which may fail. What follows "--" belongs to somebody else.
bool asks_for_json(const Words& words) {
  const auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace

po::options_description global_options() {
  po::options_description options("Everywhere");
  auto add = options.add_options();
  add("help,h", "show help");
  add("json", "one JSON object a line on stdout, also on failure");
  add("quiet,q", "only the result");
  add("verbose,v", "also what was built and what the selector did");
  add("color", po::value<std::string>()->default_value("auto")->value_name("auto|always|never"), "colours");
  add("width", po::value<long long>()->default_value(0, "the terminal's")->value_name("COLUMNS"), "of what is drawn");
  return options;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all{list_command(),       run_command(),     ping_command(), serve_command(),
                                        chat_command(),       devices_command(), send_command(), receive_command(),
                                        show_command(),       shell_command(),   exec_command(), doctor_command(),
                                        completion_command(), version_command()};
  return all;
}

ExitCode run_command_line(const Words& words) {
  try {
    return run_words(words);
  } catch (const ReaderLeft&) {
    return ExitCode::interrupted;
  } catch (...) {
    const auto failure = failure_of(std::current_exception());
    report(Output(Terminal{}, {.json = asks_for_json(words)}), failure);
    return failure.exit;
  }
}

}  // namespace wirelab::cli
