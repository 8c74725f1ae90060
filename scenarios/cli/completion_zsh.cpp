#include <fmt/format.h>

#include "scenarios/cli/completion.hpp"

namespace wirelab::cli {
namespace {

// Within single quotes, and within a specification of _arguments, where colons and brackets part things.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'') {
      safe += "'\\''";
      continue;
    }
    if (c == ':' || c == '[' || c == ']' || c == '\\') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string action_for(const Offer& offer) {
  if (offer.files) return "_files";
  if (offer.folders) return "_files -/";
  if (!offer.words.empty()) return fmt::format("({})", fmt::join(offer.words, " "));
  return " ";
}

std::string specification(const po::option_description& option) {
  const auto placeholder = placeholder_of(option);
  const auto text = escaped(option.description());
  if (placeholder.empty()) return fmt::format("'--{}[{}]'", option.long_name(), text);
  return fmt::format("'--{}=[{}]:{}:{}'", option.long_name(), text, escaped(placeholder),
                     action_for(offer_for(placeholder)));
}

std::string specifications(const std::vector<const po::option_description*>& options, std::string_view indent) {
  std::string lines;
  for (const auto* option : options) lines += fmt::format(" \\\n{}{}", indent, specification(*option));
  return lines;
}

std::string places(const Command& command) {
  const auto [placeholders, repeats] = places_of(command);
  std::string lines;
  for (std::size_t i = 0; i < placeholders.size(); ++i) {
    const auto place = repeats && i + 1 == placeholders.size() ? "*" : std::to_string(i + 1);
    lines +=
        fmt::format(" \\\n        '{}:{}:{}'", place, escaped(placeholders[i]), action_for(offer_for(placeholders[i])));
  }
  return lines;
}

}  // namespace

// Autoloaded from a folder of completions the file is the function's body; sourced, it registers the function.
std::string zsh_completion() {
  std::string script =
      "#compdef wirelab\n# zsh completion of wirelab:  source <(wirelab completion zsh)\n_wirelab() {\n"
      "  local context state state_descr line\n  typeset -A opt_args\n  local -a verbs=(\n";
  for (const auto& command : commands()) script += fmt::format("    '{}:{}'\n", command.name, escaped(command.summary));
  script += "    'help:the options of a command'\n  )\n  _arguments -C '--version[the version]'";
  script += specifications(options_of_all(), "    ");
  script += " \\\n    '1:command:->verb' '*::argument:->rest' && return\n";
  script += "  case $state in\n    verb) _describe command verbs ;;\n    rest)\n      case $words[1] in\n";
  for (const auto& command : commands())
    script += fmt::format("      {}) _arguments{}{} ;;\n", command.name, places(command),
                          specifications(options_of(command), "        "));
  script += "      help) _describe command verbs ;;\n      esac ;;\n  esac\n}\n";
  return script + "if [ \"$funcstack[1]\" = _wirelab ]; then _wirelab \"$@\"; else compdef _wirelab wirelab; fi\n";
}

}  // namespace wirelab::cli
