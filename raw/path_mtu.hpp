// path_mtu: the largest packet that reaches a target whole, found with DF (RFC 1191, RFC 8201). Public.
//
// Echo requests that may not be cut, and what comes back: the reply, an error with the MTU of the router's next hop, or
// nothing. The kernel's own knowledge of the path is neither asked nor changed by what is sent; it hears of the errors,
// though, as of any.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "raw/answers.hpp"
#include "raw/place.hpp"

namespace wirelab::raw {

struct PathMtuOptions {
  std::string interface;                               // empty: the one that the route names
  unsigned attempts = 2;                               // for each size, at least 1
  Duration patience = std::chrono::milliseconds(500);  // for each attempt
};

struct PathMtuStep {
  std::uint32_t size = 0;  // of the IP packet
  unsigned attempts = 0;
  std::optional<Reply> reply;  // the echo reply or the error; nothing: silence
};

struct PathMtuReport {
  std::optional<std::uint32_t> mtu;  // nothing: not even the smallest packet was answered
  bool black_hole = false;           // large packets vanish without an error
  std::vector<PathMtuStep> steps;
};

// Turns the loop. Throws as Path does. An answer counts only for the very packet that it answers or quotes.
PathMtuReport path_mtu(const Place& place, const IpAddress& target, std::mt19937_64& random,
                       const PathMtuOptions& options);

}  // namespace wirelab::raw
