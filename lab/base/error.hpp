// The four kinds of failure, and the tools for each. Public.
//
// - The system refuses: std::system_error that says what was tried, as throw_errno("bind 10.1.0.2:4000 in A").
// - Bytes from the wire are bad: a value, parsed or malformed with reason and offset; never an exception.
// - The story is not fulfilled: Unmet, with the place and the evidence.
// - A caller's mistake: std::logic_error.
//
// Three more for the person at the keyboard: Missing (this machine lacks something), Denied (no privilege), BadInput.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

#include "lab/base/where.hpp"

namespace wirelab {

// Throws std::system_error for `error` (an errno value); `what` says what was tried.
[[noreturn]] void throw_errno(std::string_view what, int error = errno);

// Returns `result` unless it is negative, else throws as throw_errno does.
inline int check_errno(int result, std::string_view what) {
  if (result < 0) throw_errno(what);
  return result;
}

// The story did not go as told. what() is the whole message; where() the line that required it.
class Unmet : public std::runtime_error {
 public:
  Unmet(const std::string& message, Where where) : std::runtime_error(message), where_(where) {}
  [[nodiscard]] const Where& where() const { return where_; }

 private:
  Where where_;
};

// This machine lacks something that is needed; what() says what and the next command to type. Exit code 69.
class Missing : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The privilege is refused; what() says which and what to do. Exit code 77.
class Denied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Input of the user that cannot be used; what() names the place and the next step. Exit code 2.
class BadInput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace wirelab
