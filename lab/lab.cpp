#include "lab/lab.hpp"

#include <utility>

#include "lab/base/socket_address.hpp"

namespace wirelab {

Lab::Lab(Topology topology, Options options)
    : topology_(std::move(topology)),
      options_(options),
      random_(options.seed),
      loop_(Selector::make(options.poller)),
      network_(Network::up(topology_, options_.seed)) {}

const Host& Lab::host(std::string_view name) const { return network_.host(name); }

IpAddress Lab::address_of(std::string_view name) const { return host(name).address(); }

Opener Lab::opener(std::string_view name) {
  return [this, &where = host(name)](Transport transport, const Endpoint& local) {
    auto socket = where.in([&] { return open_here(transport, local); });
    journal_.stack_socket({where.name(), transport, local_endpoint(socket.get())});
    return socket;
  };
}

void Lab::require(bool holds, const std::string& otherwise, Where where) {
  if (!holds) throw Unmet(otherwise, where);
}

bool Lab::wait_until(const std::function<bool()>& met, Duration limit) { return loop_->run_until(met, limit); }

}  // namespace wirelab
