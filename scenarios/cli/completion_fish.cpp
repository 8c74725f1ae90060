#include <fmt/format.h>

#include "scenarios/cli/completion.hpp"

namespace wirelab::cli {
namespace {

std::string quoted(std::string_view text) {
  std::string safe = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe + "'";
}

std::string offered(const Offer& offer) {
  if (offer.files) return " -F";
  if (offer.folders) return " -a '(__fish_complete_directories)'";
  if (!offer.words.empty()) return fmt::format(" -a '{}'", fmt::join(offer.words, " "));
  return "";
}

// Behind `command`, or behind none.
std::string option_line(const po::option_description& option, const std::string& command) {
  const auto placeholder = placeholder_of(option);
  std::string value;
  if (!placeholder.empty()) {
    const auto offer = offer_for(placeholder);
    value = (offer.files ? " -r" : " -x") + offered(offer);
  }
  return fmt::format("complete -c wirelab -n '__wirelab_at {}' -l {}{} -d {}\n", command, option.long_name(), value,
                     quoted(option.description()));
}

// Words are offered until one of them stands there.
std::string argument_lines(const Command& command) {
  std::string lines;
  for (const auto& placeholder : places_of(command).placeholders) {
    const auto offer = offer_for(placeholder);
    if (offer.nothing()) continue;
    auto condition = fmt::format("__wirelab_at {}", command.name);
    if (!offer.words.empty())
      condition += fmt::format("; and not __wirelab_has {} {}", command.name, fmt::join(offer.words, " "));
    lines += fmt::format("complete -c wirelab -n '{}'{}\n", condition, offered(offer));
  }
  return lines;
}

std::string command_names() {
  std::string names = "help";
  for (const auto& command : commands()) names += " " + command.name;
  return names;
}

}  // namespace

std::string fish_completion() {
  std::string script = "# fish completion of wirelab:  wirelab completion fish | source\n";
  script += R"(function __wirelab_behind
  set -l words (commandline -opc)
  for i in (seq 2 (count $words))
    if contains -- $words[$i] )" +
            command_names() + R"(
      string join \n -- $words[$i..-1]
      return
    end
  end
end
function __wirelab_at
  set -l words (__wirelab_behind)
  test "$words[1]" = "$argv[1]"
end
function __wirelab_has
  set -l words (__wirelab_behind)
  for word in $words[2..-1]
    contains -- $word $argv[2..-1]; and return 0
  end
  return 1
end
complete -c wirelab -f
)";
  for (const auto& command : commands())
    script += fmt::format("complete -c wirelab -n '__wirelab_at' -a {} -d {}\n", command.name, quoted(command.summary));
  script += "complete -c wirelab -n '__wirelab_at' -a help -d 'the options of a command'\n";
  script += "complete -c wirelab -n '__wirelab_at' -l version -d 'the version'\n";
  script += fmt::format("complete -c wirelab -n '__wirelab_at help' -a '{}'\n", command_names());
  for (const auto* option : options_of_all()) script += option_line(*option, "");
  for (const auto& command : commands()) {
    script += argument_lines(command);
    for (const auto* option : options_of(command)) script += option_line(*option, command.name);
  }
  return script;
}

}  // namespace wirelab::cli
