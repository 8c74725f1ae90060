#include <fmt/format.h>

#include "scenarios/cli/completion.hpp"

namespace wirelab::cli {
namespace {

// The call of a function of the script.
std::string call_for(const Offer& offer) {
  if (offer.files) return "_wirelab_paths -f";
  if (offer.folders) return "_wirelab_paths -d";
  if (!offer.words.empty()) return fmt::format("_wirelab_words '{}'", fmt::join(offer.words, " "));
  return ":";
}

std::string names_of(const std::vector<const po::option_description*>& options) {
  std::string names;
  for (const auto* option : options) names += (names.empty() ? "--" : " --") + option->long_name();
  return names;
}

std::vector<const po::option_description*> options_with_value() {
  auto options = options_of_all();
  std::erase_if(options, [](const auto* option) { return placeholder_of(*option).empty(); });
  return options;
}

std::string values() {
  std::string cases;
  for (const auto* option : options_with_value()) {
    const auto placeholder = placeholder_of(*option);
    cases += fmt::format("    --{}) {} ;;\n", option->long_name(), call_for(offer_for(placeholder)));
  }
  return cases;
}

// A case for each place of each command: "run,0", "send,*".
std::string places() {
  std::string cases;
  for (const auto& command : commands()) {
    const auto [placeholders, repeats] = places_of(command);
    for (std::size_t i = 0; i < placeholders.size(); ++i) {
      const auto offer = offer_for(placeholders[i]);
      const auto pattern = repeats && i + 1 == placeholders.size() ? "*" : std::to_string(i);
      if (!offer.nothing()) cases += fmt::format("    {},{}) {} ;;\n", command.name, pattern, call_for(offer));
    }
  }
  return cases;
}

std::string options() {
  std::string cases;
  for (const auto& command : commands())
    cases += fmt::format("    {}) _wirelab_words '{}' ;;\n", command.name, names_of(options_of(command)));
  return cases;
}

std::string command_names() {
  std::string names;
  for (const auto& command : commands()) names += command.name + " ";
  return names + "help";
}

}  // namespace

// Bash makes a word of each "=" and so takes "--color=never" for three.
std::string bash_completion() {
  std::string script = R"(# bash completion of wirelab:  source <(wirelab completion bash)
_wirelab_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }
_wirelab_paths() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
  compopt -o filenames 2>/dev/null
}
_wirelab_takes_value() { [[ ' )" +
                       names_of(options_with_value()) +
                       R"( ' == *" $1 "* ]]; }
_wirelab_value() {
  case $1 in
)" + values() + R"(  esac
}
_wirelab_argument() {
  case $1,$2 in
)" + places() + R"(    help,0) _wirelab_words ')" +
                       command_names() + R"(' ;;
  esac
}
_wirelab_options() {
  case $1 in
)" + options() + "    *) _wirelab_words '" +
                       names_of(options_of_all()) + R"( --version' ;;
  esac
}
_wirelab() {
  local current=${COMP_WORDS[COMP_CWORD]} verb= option= word place=0
  COMPREPLY=()
  [[ $current != = ]] || current=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word == = ]]; then continue; fi
    if [[ -n $option ]]; then option=
    elif _wirelab_takes_value "$word"; then option=$word
    elif [[ $word == -* ]]; then continue
    elif [[ -z $verb ]]; then verb=$word
    else ((++place))
    fi
  done
  if [[ -n $option ]]; then _wirelab_value "$option"
  elif [[ $current == -* ]]; then _wirelab_options "$verb"
  elif [[ -z $verb ]]; then _wirelab_words ')" +
                       command_names() + R"('
  else
    _wirelab_argument "$verb" "$place"
    [[ -n ${COMPREPLY[*]} || -n $current ]] || _wirelab_options "$verb"
  fi
}
complete -F _wirelab wirelab
)";
  return script;
}

}  // namespace wirelab::cli
