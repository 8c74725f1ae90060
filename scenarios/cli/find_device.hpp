// find_device: a device by the name that a registry lists.
#pragma once

#include <string>

#include "lab/base/address.hpp"
#include "lab/loop/selector.hpp"

namespace wirelab::cli {

// Where the device that is called so, by name or id, serves; waits for registry and device for as long as `patience`.
// Throws BadInput that lists the ids if several are called so, and NoAnswer. Turns the loop.
Endpoint find_device(Selector& loop, const Endpoint& registry, const std::string& name, Duration patience);

}  // namespace wirelab::cli
