// Lab: a topology made real, a loop, and a narrator. Public.
//
// One process and one thread drive every host. A Lab owns its network, its selector and its journal; everything a
// scenario opens in it must go before the Lab does.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "lab/base/address.hpp"
#include "lab/base/clock.hpp"
#include "lab/base/error.hpp"
#include "lab/journal.hpp"
#include "lab/loop/selector.hpp"
#include "lab/net/network.hpp"
#include "lab/net/topology.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab {

class Lab {
 public:
  struct Options {
    Poller poller = Poller::select;
    std::uint64_t seed = 1;  // of random() and of emulated links: the same seed makes the same choices
  };

  // Builds the network; it has settled when the constructor returns. The process must be lab root (become_lab_root).
  explicit Lab(Topology topology) : Lab(std::move(topology), Options{}) {}
  Lab(Topology topology, Options options);
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  [[nodiscard]] const Topology& topology() const { return topology_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] Selector& loop() { return *loop_; }
  [[nodiscard]] Journal& journal() { return journal_; }
  [[nodiscard]] const Journal& journal() const { return journal_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }

  // Throws std::logic_error for a name that the topology does not have.
  [[nodiscard]] const Host& host(std::string_view name) const;
  // The first address of a node, as declared.
  [[nodiscard]] IpAddress address_of(std::string_view name) const;
  // Opens sockets in that host and announces them in the journal as the reference stack's.
  [[nodiscard]] Opener opener(std::string_view name);

  // Tells the journal what emulated links did to the frames that have reached them by now.
  void hear_links() { journal_.emulated(network_.take_emulated()); }

  // What comes next on the wire: printed, and a comment in the trace.
  template <class... Args>
  void step(fmt::format_string<Args...> format, Args&&... args) {
    journal_.step(fmt::format(format, std::forward<Args>(args)...));
  }
  // What was seen: printed only.
  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    journal_.note(fmt::format(format, std::forward<Args>(args)...));
  }
  // Ends the story with Unmet unless `holds`.
  static void require(bool holds, const std::string& otherwise, Where where = Where::here());
  // Turns the loop until `met` or for `limit`; true if met.
  bool wait_until(const std::function<bool()>& met, Duration limit);

 private:
  Topology topology_;
  Options options_;
  std::mt19937_64 random_;
  Journal journal_;
  std::unique_ptr<Selector> loop_;
  Network network_;
};

}  // namespace wirelab
