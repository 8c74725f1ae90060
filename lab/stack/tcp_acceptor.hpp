// TcpAcceptor: listens, and hands out the sockets of those who connect. A part of TcpServer.
//
// Out of descriptors it sheds those who wait, by a spare descriptor, and listens again after a pause.
#pragma once

#include <cstdint>
#include <functional>

#include "lab/base/address.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab {

class TcpAcceptor {
 public:
  enum class Welcome : std::uint8_t {
    taken,
    refused,  // not wanted: reset
    no_room,  // the kernel cannot watch one more: a pause
  };
  struct Stats {
    std::uint64_t accepted = 0;
    std::uint64_t shed = 0;     // accepted and reset for want of descriptors, or closed as one too many to watch
    std::uint64_t refused = 0;  // accepted and reset because they are not wanted
    std::uint64_t pauses = 0;   // of 100 ms in which nobody is accepted
  };
  // Called from the loop with a non-blocking socket, which is reset by whoever refuses it. It may call stop().
  using OnSocket = std::function<Welcome(UniqueFd socket, const Endpoint& peer)>;

  // Throws std::system_error if `local` cannot be listened at.
  TcpAcceptor(Selector& loop, const Opener& opener, const Endpoint& local, int backlog, OnSocket on_socket);
  ~TcpAcceptor() { stop(); }
  TcpAcceptor(const TcpAcceptor&) = delete;
  TcpAcceptor& operator=(const TcpAcceptor&) = delete;

  // Listens no more; those who wait are reset.
  void stop();
  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] const Stats& stats() const { return stats_; }

 private:
  void accept();
  bool accept_one();
  bool hand_out(UniqueFd socket, const Endpoint& peer);
  void shed();
  bool shed_one();
  void pause();
  void resume();

  Selector& loop_;
  OnSocket on_socket_;
  UniqueFd listener_;
  UniqueFd spare_;  // given up for a moment to accept and shed when there are no others
  Endpoint local_;
  Selector::Token token_;
  Selector::TimerId timer_;  // of a pause
  bool paused_ = false;
  Stats stats_;
};

}  // namespace wirelab
