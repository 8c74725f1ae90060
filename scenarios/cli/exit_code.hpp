// What the exit code of every command means. docs/reference/command-line.md lists them for users.
#pragma once

namespace wirelab::cli {

enum class ExitCode : int {
  ok = 0,            // done, and all checks held
  check_failed = 1,  // a check of the story failed, or a file is not whole
  usage = 2,         // the command line or a file on it cannot be used
  no_answer = 3,     // the peer did not answer
  missing = 69,      // a needed thing is missing on this machine
  denied = 77,       // no privilege
  interrupted = 130  // Ctrl-C; everything was closed first
};

}  // namespace wirelab::cli
