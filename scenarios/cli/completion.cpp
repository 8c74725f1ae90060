#include "scenarios/cli/completion.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>

#include "scenarios/scenario.hpp"

namespace wirelab::cli {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool is_to_be_typed(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

// Kept, because options are asked for by pointers.
const po::options_description& kept_options(const Command& command) {
  static std::map<std::string, po::options_description> all;
  return all.try_emplace(command.name, command.options()).first->second;
}

const po::options_description& kept_global_options() {
  static const auto options = global_options();
  return options;
}

void append(std::vector<const po::option_description*>& to, const po::options_description& options) {
  for (const auto& option : options.options()) {
    const auto known = std::ranges::find(to, option->long_name(), &po::option_description::long_name);
    if (known == to.end()) to.push_back(option.get());
  }
}

}  // namespace

Offer offer_for(std::string_view placeholder) {
  if (placeholder == "FILE") return {.words = {}, .files = true};
  if (placeholder == "DIR") return {.words = {}, .folders = true};
  Offer offer;
  if (placeholder == "SCENARIO") {
    std::ranges::transform(scenarios::all_scenarios(), std::back_inserter(offer.words), &scenarios::Scenario::name);
    return offer;
  }
  const auto words = split(placeholder, '|');
  if (std::ranges::all_of(words, is_to_be_typed)) offer.words = words;
  return offer;
}

std::string placeholder_of(const po::option_description& option) {
  if (option.semantic()->max_tokens() == 0) return "";
  const auto name = option.semantic()->name();  // "NAME (=default)"
  return name.substr(0, name.find(' '));
}

std::vector<const po::option_description*> options_of(const Command& command) {
  std::vector<const po::option_description*> options;
  append(options, kept_options(command));
  append(options, kept_global_options());
  return options;
}

std::vector<const po::option_description*> options_of_all() {
  std::vector<const po::option_description*> options;
  append(options, kept_global_options());
  for (const auto& command : commands()) append(options, kept_options(command));
  return options;
}

Places places_of(const Command& command) {
  constexpr std::string_view ellipsis = "...";
  Places places;
  for (auto& word : split(command.arguments, ' ')) {
    if (word == "--") break;
    places.repeats = word.ends_with(ellipsis);
    if (places.repeats) word.resize(word.size() - ellipsis.size());
    places.placeholders.push_back(word);
    if (places.repeats) break;  // what follows them is not told from them
  }
  return places;
}

}  // namespace wirelab::cli
