#include "lab/stack/tcp_acceptor.hpp"

#include <array>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/stack/tcp_socket.hpp"

namespace wirelab {
namespace {

constexpr int accepts_per_wake = 64;
constexpr auto accept_pause = std::chrono::milliseconds(100);

UniqueFd open_spare() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

struct Accepted {
  UniqueFd socket;
  Endpoint peer;
  int error = 0;  // errno, without a socket
};

Accepted accept_from(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Accepted accepted;
  accepted.socket.reset(
      ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted.socket) accepted.error = errno;
  accepted.peer = endpoint_from(address).value_or(Endpoint{});
  return accepted;
}

bool out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

// Errors of the one connection that was next; the others wait behind it (accept(2)).
bool concerns_one_connection(int error) {
  constexpr std::array passing{EINTR,  ECONNABORTED, EPROTO,      ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
                               ENONET, EHOSTUNREACH, ENETUNREACH, EPERM,    EOPNOTSUPP};
  for (const int one : passing) {
    if (error == one) return true;
  }
  return false;
}

}  // namespace

TcpAcceptor::TcpAcceptor(Selector& loop, const Opener& opener, const Endpoint& local, int backlog, OnSocket on_socket)
    : loop_(loop),
      on_socket_(std::move(on_socket)),
      listener_(opener(Transport::tcp, local)),
      spare_(open_spare()),
      local_(local_endpoint(listener_.get())) {
  // Of a port that the kernel chose, too: who comes back to it must not wait for TIME-WAIT to end.
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  check_errno(::listen(listener_.get(), backlog), fmt::format("listen at TCP {}", local_));
  token_ = loop_.add(listener_.get(), {.read = true}, [this](Ready) { accept(); });
}

void TcpAcceptor::stop() {
  if (!listener_) return;
  loop_.cancel(timer_);
  loop_.remove(token_);
  listener_.reset();
}

void TcpAcceptor::accept() {
  for (int i = 0; listener_ && i < accepts_per_wake; ++i) {  // a handler may stop the server
    if (!accept_one()) return;
  }
}

// False if there is nothing more to accept in this turn.
bool TcpAcceptor::accept_one() {
  auto accepted = accept_from(listener_.get());
  if (accepted.socket && hand_out(std::move(accepted.socket), accepted.peer)) return true;
  if (accepted.error == EAGAIN) return false;
  if (concerns_one_connection(accepted.error)) return true;
  if (out_of_descriptors(accepted.error)) shed();
  pause();
  return false;
}

// False if there must be a pause.
bool TcpAcceptor::hand_out(UniqueFd socket, const Endpoint& peer) {
  const auto welcome = on_socket_(std::move(socket), peer);
  ++(welcome == Welcome::taken ? stats_.accepted : welcome == Welcome::refused ? stats_.refused : stats_.shed);
  return welcome != Welcome::no_room;
}

// Those who wait learn at once that they will not be served.
void TcpAcceptor::shed() {
  for (int i = 0; i < accepts_per_wake; ++i) {
    if (!shed_one()) return;
  }
}

// Accepts by the spare descriptor and resets. False if nobody waits any more, or the descriptor went to someone else.
bool TcpAcceptor::shed_one() {
  spare_.reset();
  auto accepted = accept_from(listener_.get());
  if (accepted.socket) {
    ++stats_.shed;
    reset_at_close(accepted.socket.get());
    accepted.socket.reset();  // its descriptor is the spare one again
  }
  spare_ = open_spare();
  return accepted.error == 0 && spare_;
}

// What lacks will still lack in the next turn, and the listener would wake every one.
void TcpAcceptor::pause() {
  ++stats_.pauses;
  if (!paused_) loop_.modify(token_, {});
  paused_ = true;
  timer_ = loop_.after(accept_pause, [this] { resume(); });
}

// Tries before it listens again, so that a pause which must go on costs one wake.
void TcpAcceptor::resume() {
  if (!spare_) spare_ = open_spare();
  const auto pauses = stats_.pauses;
  accept();
  if (stats_.pauses > pauses || !listener_) return;
  paused_ = false;
  loop_.modify(token_, {.read = true});
}

}  // namespace wirelab
