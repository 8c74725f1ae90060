#include "lab/net/network.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace wirelab {

Host::Host(std::string name, bool forwards, std::vector<Interface> interfaces, UniqueFd network_namespace)
    : name_(std::move(name)),
      forwards_(forwards),
      interfaces_(std::move(interfaces)),
      namespace_(std::move(network_namespace)) {}

const Host::Interface& Host::interface(std::string_view name) const {
  const auto found = std::find_if(interfaces_.begin(), interfaces_.end(),
                                  [&](const Interface& interface) { return interface.name == name; });
  if (found == interfaces_.end()) {
    throw std::logic_error(fmt::format("host \"{}\" has no interface \"{}\"", name_, printable(name)));
  }
  return *found;
}

const Host& Network::host(std::string_view name) const {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& host) { return host.name() == name; });
  if (found == hosts_.end()) throw std::logic_error(fmt::format("the lab has no host \"{}\"", printable(name)));
  return *found;
}

}  // namespace wirelab
