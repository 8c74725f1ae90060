#include <clocale>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "scenarios/cli/command.hpp"

namespace {

// Else the next descriptor that is opened would be taken for standard input or output.
void open_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  // The locale tells whether the terminal shows more than ASCII; numbers keep their point.
  (void)std::setlocale(LC_CTYPE, "");
  // A reader that leaves (wirelab show FILE | head) is an error of write, not the end of a process with a lab to close.
  (void)std::signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(wirelab::cli::run_command_line({argv + 1, argv + argc}));
}
