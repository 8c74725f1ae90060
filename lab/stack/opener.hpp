// Opener: how the reference stack gets its sockets. Public.
//
// Servers, clients and services take an Opener and know nothing of namespaces: the lab hands out "open in host A", and
// on a real machine open_here serves. The caller owns the descriptor.
#pragma once

#include <functional>

#include "lab/base/address.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab {

enum class Transport { tcp, udp };

// Opens a non-blocking, close-on-exec socket bound to `local` (port 0: any free one; with a fixed port SO_REUSEADDR is
// set for TCP). Throws std::system_error that names the address, as "bind TCP 10.1.0.2:4000".
using Opener = std::function<UniqueFd(Transport transport, const Endpoint& local)>;

// Opens in the network namespace of the calling thread.
UniqueFd open_here(Transport transport, const Endpoint& local);

}  // namespace wirelab
