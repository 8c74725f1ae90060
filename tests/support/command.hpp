// Programs of others, run by tests as oracles.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <sys/wait.h>

namespace wirelab {

// Asked of the shell, so what a test skips is what it could not run.
inline bool is_installed(const std::string& program) {
  const auto query = "command -v " + program + " >/dev/null 2>&1";
  return std::system(query.c_str()) == 0;  // NOLINT(cert-env33-c): programs named by the tests themselves
}

struct CommandResult {
  int status = 0;
  std::string output;
};

// Runs `command` by the shell; its standard output is returned, its errors go where the test's go.
inline CommandResult run_command(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): commands written in the tests themselves
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  CommandResult result;
  std::array<char, 4096> chunk{};
  for (std::size_t size; (size = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
    result.output.append(chunk.data(), size);
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

}  // namespace wirelab
