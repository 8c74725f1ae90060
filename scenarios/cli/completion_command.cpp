// Completion scripts, made from the table of commands, so that they cannot lag behind it.
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::cli {
namespace {

std::string joined_names(const po::options_description& options) {
  std::string words;
  for (const auto& option : options.options()) words += "--" + option->long_name() + " ";
  return words;
}

std::string joined_options(const Command& command) {
  return joined_names(command.options()) + joined_names(global_options());
}

// The words that may follow a command, besides its options and files.
std::string argument_words(const Command& command) {
  std::string words;
  if (command.name == "run") {
    for (const auto& scenario : scenarios::all_scenarios()) words += scenario.name + " ";
  }
  if (command.name == "completion") words = "bash zsh fish ";
  return words;
}

std::string command_names(std::string_view separator) {
  std::string names;
  for (const auto& command : commands()) names += (names.empty() ? "" : std::string(separator)) + command.name;
  return names;
}

// Options may stand before the command, so that it is the first word that names one.
std::string bash_script() {
  std::string script = "# bash completion of wirelab:  source <(wirelab completion bash)\n_wirelab() {\n";
  script += "  local word verb= words=\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n";
  script += fmt::format("    case $word in {}) verb=$word; break ;; esac\n  done\n", command_names("|"));
  script += "  case $verb in\n";
  for (const auto& command : commands())
    script +=
        fmt::format("    {}) words=\"{}{}\" ;;\n", command.name, argument_words(command), joined_options(command));
  script +=
      fmt::format("    *) words=\"{} {}--version\" ;;\n  esac\n", command_names(" "), joined_names(global_options()));
  script += "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n";
  return script + "}\ncomplete -o default -F _wirelab wirelab\n";
}

std::string zsh_script() {
  std::string script =
      "#compdef wirelab\n# zsh completion of wirelab:  source <(wirelab completion zsh)\n_wirelab() {\n";
  script += "  local -a verbs=(\n";
  for (const auto& command : commands()) script += fmt::format("    '{}:{}'\n", command.name, command.summary);
  script += "  )\n  local word verb=\n  for word in ${words[2,CURRENT-1]}; do\n";
  script += fmt::format("    case $word in ({}) verb=$word; break ;; esac\n  done\n", command_names("|"));
  script += "  if [[ -z $verb ]]; then _describe command verbs; return; fi\n  case $verb in\n";
  for (const auto& command : commands()) {
    script += fmt::format("    {}) compadd -- {}{}\n", command.name, argument_words(command), joined_options(command));
    script += "      _files ;;\n";
  }
  script += "  esac\n}\n";
  // Autoloaded from a folder of completions the file is the function's body; sourced, it registers the function.
  return script + "if [ \"$funcstack[1]\" = _wirelab ]; then _wirelab \"$@\"; else compdef _wirelab wirelab; fi\n";
}

std::string fish_script() {
  std::string script = "# fish completion of wirelab:  wirelab completion fish | source\n";
  for (const auto& command : commands()) {
    script +=
        fmt::format("complete -c wirelab -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name, command.summary);
    const auto condition = fmt::format("'__fish_seen_subcommand_from {}'", command.name);
    if (const auto words = argument_words(command); !words.empty())
      script += fmt::format("complete -c wirelab -n {} -f -a '{}'\n", condition, words);
    for (const auto& description : {command.options(), global_options()}) {
      for (const auto& option : description.options())
        script += fmt::format("complete -c wirelab -n {} -l {}\n", condition, option->long_name());
    }
  }
  return script;
}

std::string script_for(const std::string& shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  throw BadInput(fmt::format("no completion for '{}'\nusage: wirelab completion bash|zsh|fish", shell));
}

ExitCode completion(const Invocation& call) {
  const auto& shell = call.arguments[0];
  const auto script = script_for(shell);
  call.output.text(script);
  call.output.object({{"type", "completion"}, {"shell", shell}, {"script", script}});
  return ExitCode::ok;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .arguments = "bash|zsh|fish",
          .summary = "a completion script for your shell",
          .options = [] { return po::options_description(); },
          .least_arguments = 1,
          .most_arguments = 1,
          .run = completion};
}

}  // namespace wirelab::cli
