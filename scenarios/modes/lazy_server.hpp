// LazyServer: takes TCP connections and leaves them alone until the story says otherwise. Public.
//
// What the reference stack's server never lets happen, a story may want to show: a peer that neither speaks nor reads.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "scenarios/stage.hpp"

namespace wirelab::scenarios::modes {

class LazyServer {
 public:
  // Listens in `host`, with a receive buffer of about `buffer` bytes for each connection. The stage outlives it.
  LazyServer(Stage& stage, std::string_view host, Port port, int buffer);
  ~LazyServer();
  LazyServer(const LazyServer&) = delete;
  LazyServer& operator=(const LazyServer&) = delete;

  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  // To every connection; a few bytes, which always fit.
  void say(std::string_view text) const;
  // From now on it reads, and throws away, whatever comes.
  void start_reading();

 private:
  void accept_all();

  Selector& loop_;
  UniqueFd listener_;
  Endpoint local_;
  std::vector<UniqueFd> connections_;
  std::vector<Selector::Token> tokens_;
};

}  // namespace wirelab::scenarios::modes
