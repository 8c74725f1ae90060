// failure: any exception as what a person reads and what a program checks.
#pragma once

#include <exception>
#include <string>

#include "scenarios/cli/exit_code.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

// Ctrl-C or a request to end: thrown out of the loop, so that every trace on the way is closed.
class Interrupted : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
};

// Nobody reads standard output any more (wirelab ... | head): what still runs ends as after Ctrl-C, without a word.
class ReaderLeft : public Interrupted {};

struct Failure {
  ExitCode exit;
  std::string code;     // docs/reference/command-line.md lists them
  std::string message;  // what, and why
  std::string next;     // the next thing to do; may be empty
};

Failure failure_of(std::exception_ptr error);

// To stderr in two lines at most, or as {"type":"error","error":{...}} on stdout, if that still takes anything.
void report(const Output& output, const Failure& failure);

}  // namespace wirelab::cli
