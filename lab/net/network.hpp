// Network: a topology made real out of network namespaces, and its hosts. Public.
//
// A Network owns all it made, by file descriptors alone: when it goes, or the process ends in whatever way, the kernel
// removes every namespace and link. Nothing appears in the machine's own namespace. Hosts live as long as their
// Network, also when that is moved; sockets opened in a host outlive both.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/net/emulation.hpp"
#include "lab/net/namespaces.hpp"
#include "lab/net/topology.hpp"

namespace wirelab {

class Host {
 public:
  struct Address {
    IpAddress address;
    Prefix prefix;
  };
  struct Interface {
    std::string name;    // "eth0"
    unsigned index = 0;  // unique in the whole lab
    Mac mac;
    std::uint32_t mtu = 0;
    std::string segment;  // the name of the LAN or link that it is plugged into
    std::vector<Address> addresses;
  };

  // The network namespace is taken over; `interfaces` has at least one, with at least one address.
  Host(std::string name, bool forwards, std::vector<Interface> interfaces, UniqueFd network_namespace);

  [[nodiscard]] const std::string& name() const { return name_; }
  // True for a router.
  [[nodiscard]] bool forwards() const { return forwards_; }
  [[nodiscard]] const std::vector<Interface>& interfaces() const { return interfaces_; }
  // Throws std::logic_error for an unknown name.
  [[nodiscard]] const Interface& interface(std::string_view name) const;
  // The first of the first interface.
  [[nodiscard]] IpAddress address() const { return interfaces_.front().addresses.front().address; }
  // Stays owned by the host.
  [[nodiscard]] int namespace_fd() const { return namespace_.get(); }

  // Runs `work` in this host's namespace, for opening sockets there, and hands on what it returns or throws. The thread
  // is back where it was in any case.
  template <class Work>
  decltype(auto) in(Work&& work) const {
    const Visit visit(namespace_.get());
    return std::forward<Work>(work)();
  }

 private:
  std::string name_;
  bool forwards_;
  std::vector<Interface> interfaces_;
  UniqueFd namespace_;
};

class Relay;

class Network {
 public:
  // Builds the lab. It has settled when this returns: every link is up and forwards, every address may be used, and the
  // first packet is not lost. Offloads are off on every end, so that what is captured is what would be on a wire.
  // Throws TopologyError (Topology::check), std::system_error with the kernel's own words, and std::logic_error unless
  // the process is lab root. Whatever emulated links do by chance follows from the seed.
  static Network up(const Topology& topology, std::uint64_t seed = 1);
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;
  ~Network();

  // Throws std::logic_error for an unknown name.
  [[nodiscard]] const Host& host(std::string_view name) const;
  // In order of declaration, routers among them.
  [[nodiscard]] const std::vector<Host>& hosts() const { return hosts_; }

  // What emulated links did to the frames that have reached them by now, since the last call: all that was not merely
  // delayed, in order. Of what nobody asks for the first 100,000 are kept; the others are emulation_failures().
  [[nodiscard]] std::vector<EmulatedFrame> take_emulated();
  // What each direction of them did so far; none without emulated links.
  [[nodiscard]] std::vector<LineCounters> line_counters() const;
  // Frames that were lost for want of time or memory, though no link was meant to drop them.
  [[nodiscard]] std::uint64_t emulation_failures() const;

 private:
  Network(UniqueFd fabric, std::vector<Host> hosts, std::unique_ptr<Relay> relay);

  UniqueFd fabric_;  // the namespace of the bridges and of the switch ends of all cables, unless that is home
  std::vector<Host> hosts_;
  std::unique_ptr<Relay> relay_;  // of emulated links
};

}  // namespace wirelab
