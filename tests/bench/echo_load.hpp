// A server in a process of its own, and another process that keeps it busy. Both live until the pair is destroyed;
// between two runs they sleep.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "lab/base/unique_fd.hpp"
#include "tests/bench/echo_servers.hpp"

namespace wirelab::bench {

struct EchoLoad {
  std::string name;
  int connections = 0;
  int active = 0;     // of them, evenly spread
  int in_flight = 0;  // messages of 64 bytes, on each active connection
};

class EchoPair {
 public:
  // Connects all; throws std::runtime_error if that fails.
  EchoPair(const EchoContender& contender, const EchoLoad& load);
  ~EchoPair();
  EchoPair(const EchoPair&) = delete;
  EchoPair& operator=(const EchoPair&) = delete;

  // The server's CPU time a message in us, over so many messages.
  double run(std::uint64_t messages);

 private:
  pid_t server_ = -1;
  pid_t load_ = -1;
  UniqueFd orders_;
  UniqueFd answers_;
};

}  // namespace wirelab::bench
