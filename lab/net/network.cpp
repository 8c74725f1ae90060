#include "lab/net/network.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "lab/net/relay.hpp"

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

Network::Network(UniqueFd fabric, std::vector<Host> hosts, std::unique_ptr<Relay> relay)
    : fabric_(std::move(fabric)), hosts_(std::move(hosts)), relay_(std::move(relay)) {}

Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

const Host& Network::host(std::string_view name) const {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& host) { return host.name() == name; });
  if (found == hosts_.end()) throw std::logic_error(fmt::format("the lab has no host \"{}\"", printable(name)));
  return *found;
}

std::vector<EmulatedFrame> Network::take_emulated() {
  return relay_ ? relay_->take_events() : std::vector<EmulatedFrame>{};
}

std::vector<LineCounters> Network::line_counters() const {
  return relay_ ? relay_->counters() : std::vector<LineCounters>{};
}

std::uint64_t Network::emulation_failures() const { return relay_ ? relay_->failures() : 0; }

}  // namespace wirelab
