#include "scenarios/cli/parse.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/suggest.hpp"

namespace wirelab::cli {
namespace {

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

Words option_names(const po::options_description& options) {
  Words names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

// Boost's own sentences name options with odd quotes; these say the same as the rest of the tool does.
BadInput bad_option(const Command& command, const po::options_description& options, const po::error& error) {
  const auto whole_name = command.name.empty() ? "wirelab" : "wirelab " + command.name;
  const auto next = fmt::format("\n{} --help shows its options", whole_name);
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    const auto name = unknown->get_option_name();
    const auto meant = suggest(name, option_names(options));
    return BadInput(fmt::format("unknown option '{}' of '{}'{}{}", name, whole_name,
                                meant ? fmt::format("; did you mean '{}'?", *meant) : "", next));
  }
  if (const auto* value = dynamic_cast<const po::validation_error*>(&error))
    return BadInput(fmt::format("{}: this value cannot be used ({}){}", value->get_option_name(), error.what(), next));
  return BadInput(fmt::format("{}{}", error.what(), next));
}

}  // namespace

std::size_t find_verb(const Words& words) {
  std::size_t i = 0;
  while (i < words.size() && words[i].starts_with("-")) {
    if (words[i] == "--") return words.size();
    i += takes_separate_value(words[i]) ? 2 : 1;
  }
  return std::min(i, words.size());
}

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

}  // namespace wirelab::cli
