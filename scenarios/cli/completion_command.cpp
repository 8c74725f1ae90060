// wirelab completion: a script that lets a shell complete command lines.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/completion.hpp"

namespace wirelab::cli {
namespace {

std::string script_for(const std::string& shell) {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  throw BadInput(fmt::format("no completion for '{}'\nusage: wirelab completion bash|zsh|fish", printable(shell)));
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
