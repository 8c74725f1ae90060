// What select, poll and epoll report of one descriptor, each asked by its own system call and not through Selector,
// which evens out where they differ. Internal to the scenario readiness.
#pragma once

#include <string>

#include "lab/base/unique_fd.hpp"

namespace wirelab::scenarios::readiness {

// "-" where nothing is reported.
struct Report {
  std::string select;      // "r w e": readable, writable, exceptional; "EBADF" if it fails
  std::string poll;        // "IN OUT PRI RDHUP ERR HUP NVAL"
  std::string epoll;       // level-triggered, in poll's words; "EPERM" if it does not take the descriptor
  std::string edge;        // edge-triggered, right after the descriptor was added
  std::string edge_again;  // asked once more, nothing having happened in between

  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Report&, const Report&) = default;
};

// Waits for nothing. `fd` may be any descriptor, also beyond 1023, where the macros of fd_set end.
Report report_of(int fd);
// By poll alone.
std::string poll_report(int fd);

// An epoll instance that watches one descriptor, for more than one question.
class Epoll {
 public:
  enum class Trigger { level, edge };
  // Throws std::system_error if epoll does not take `fd`.
  Epoll(int fd, Trigger trigger);
  // What it reports now.
  [[nodiscard]] std::string ask() const;

 private:
  UniqueFd epoll_;
};

}  // namespace wirelab::scenarios::readiness
