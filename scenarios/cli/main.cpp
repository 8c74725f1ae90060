#include <clocale>
#include <csignal>
#include <string>
#include <vector>

#include "scenarios/cli/command.hpp"

int main(int argc, char** argv) {
  // The locale tells whether the terminal shows more than ASCII; numbers keep their point.
  (void)std::setlocale(LC_CTYPE, "");
  // A reader that leaves (wirelab show FILE | head) is an error of write, not the end of a process with a lab to close.
  (void)std::signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(wirelab::cli::run_command_line({argv + 1, argv + argc}));
}
