// Completion scripts, made from the table of commands, so that they cannot lag behind it.
#include <iterator>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::cli {
namespace {

std::string joined_options(const Command& command) {
  std::string words;
  for (const auto& description : {command.options(), global_options()}) {
    for (const auto& option : description.options()) words += "--" + option->long_name() + " ";
  }
  return words;
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

std::string bash_script() {
  std::string script = "# bash completion of wirelab:  source <(wirelab completion bash)\n_wirelab() {\n";
  script += "  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=\n";
  script += "  if [ \"$COMP_CWORD\" -le 1 ]; then\n    words=\"";
  for (const auto& command : commands()) script += command.name + " ";
  script += "--help --version\"\n  else\n    case $verb in\n";
  for (const auto& command : commands())
    script +=
        fmt::format("      {}) words=\"{}{}\" ;;\n", command.name, argument_words(command), joined_options(command));
  script += "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n";
  return script + "}\ncomplete -o default -F _wirelab wirelab\n";
}

std::string zsh_script() {
  std::string script =
      "#compdef wirelab\n# zsh completion of wirelab:  source <(wirelab completion zsh)\n_wirelab() {\n";
  script += "  local -a verbs=(\n";
  for (const auto& command : commands()) script += fmt::format("    '{}:{}'\n", command.name, command.summary);
  script += "  )\n  if (( CURRENT == 2 )); then _describe command verbs; return; fi\n  case $words[2] in\n";
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

ExitCode completion(const Invocation& call) {
  const auto& shell = call.arguments[0];
  if (shell == "bash") {
    call.output.text(bash_script());
  } else if (shell == "zsh") {
    call.output.text(zsh_script());
  } else if (shell == "fish") {
    call.output.text(fish_script());
  } else {
    throw BadInput(fmt::format("no completion for '{}'\nusage: wirelab completion bash|zsh|fish", shell));
  }
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
