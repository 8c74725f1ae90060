// find_device: a device by the name that a registry lists.
#pragma once

#include <string>
#include <variant>

#include "lab/base/address.hpp"
#include "lab/loop/selector.hpp"
#include "scenarios/cli/failure.hpp"

namespace wirelab::cli {

// Where the device that is called so, by name or id, serves; waits for registry and device for as long as `patience`.
// A failure if there is no registry; throws BadInput that lists the ids if several are called so. Turns the loop.
std::variant<Endpoint, Failure> find_device(Selector& loop, const Endpoint& registry, const std::string& name,
                                            Duration patience);

}  // namespace wirelab::cli
