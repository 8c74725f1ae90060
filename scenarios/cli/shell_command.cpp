// wirelab shell and exec: into a host of a lab that is kept up.
#include <cstdlib>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/net/door.hpp"
#include "scenarios/cli/command.hpp"

namespace wirelab::cli {
namespace {

// [LAB] HOST: with one word it is the host, of the only lab that is up.
[[noreturn]] void enter_host(const Invocation& call, const std::vector<std::string>& command) {
  const auto& words = call.arguments;
  const auto lab = choose_lab(kept_labs(), words.size() == 2 ? words[0] : "");
  call.output.flush();
  enter(lab, words.back(), command);
}

ExitCode shell(const Invocation& call) {
  const char* chosen = std::getenv("SHELL");
  enter_host(call, {chosen == nullptr || *chosen == '\0' ? "/bin/sh" : chosen});
}

ExitCode exec(const Invocation& call) {
  if (call.rest.empty())
    throw BadInput(
        "which command?\nusage: wirelab exec [LAB] HOST -- CMD, as in: wirelab exec A -- tcpdump -ni eth0 -c 5");
  enter_host(call, call.rest);
}

}  // namespace

Command shell_command() {
  return {.name = "shell",
          .arguments = "[LAB] HOST",
          .summary = "a shell in a host of a lab kept up with --keep",
          .options = [] { return po::options_description(); },
          .least_arguments = 1,
          .most_arguments = 2,
          .run = shell};
}

Command exec_command() {
  return {.name = "exec",
          .arguments = "[LAB] HOST -- CMD",
          .summary = "a command in a host of a lab kept up with --keep",
          .options = [] { return po::options_description(); },
          .least_arguments = 1,
          .most_arguments = 2,
          .takes_rest = true,
          .run = exec};
}

}  // namespace wirelab::cli
