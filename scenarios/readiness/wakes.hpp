// Wakes: select, poll and epoll as a server's loop calls them, with as little around them as can be, to be measured.
// Internal to the scenario readiness.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace wirelab::scenarios::readiness {

class Wakes {
 public:
  virtual ~Wakes() = default;
  // From now on the descriptor's readability is waited for.
  virtual void add(int fd) = 0;
  // Waits, at most a second, and returns the first descriptor that is readable; -1 if there is none.
  virtual int wait() = 0;
};

struct NamedWakes {
  std::string name;
  std::unique_ptr<Wakes> wakes;
};
// select with a set of any size, poll, epoll (level-triggered).
std::vector<NamedWakes> all_wakes();

}  // namespace wirelab::scenarios::readiness
