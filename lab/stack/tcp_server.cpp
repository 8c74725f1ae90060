#include "lab/stack/tcp_server.hpp"

#include <array>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"

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

TcpServer::TcpServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options)
    : loop_(loop),
      events_(std::move(events)),
      options_(options),
      listener_(opener(Transport::tcp, local)),
      spare_(open_spare()),
      local_(local_endpoint(listener_.get())) {
  check_errno(::listen(listener_.get(), options_.backlog), fmt::format("listen at TCP {}", local_));
  token_ = loop_.add(listener_.get(), {.read = true}, [this](Ready) { on_ready(); });
}

TcpServer::~TcpServer() {
  loop_.cancel(resume_);
  loop_.remove(token_);
  for (const auto& [id, connection] : clients_) connection->discard();
}

void TcpServer::on_ready() {
  for (int i = 0; i < accepts_per_wake; ++i) {
    if (!accept_one()) return;
  }
}

// False if there is nothing more to accept in this turn.
bool TcpServer::accept_one() {
  auto accepted = accept_from(listener_.get());
  if (accepted.socket) {
    ++stats_.accepted;
    welcome(std::move(accepted.socket), accepted.peer);
    return true;
  }
  if (accepted.error == EAGAIN) return false;
  if (concerns_one_connection(accepted.error)) return true;
  if (out_of_descriptors(accepted.error) && shed_one()) return true;
  pause();
  return false;
}

// Accepts by the spare descriptor and resets, so that the client learns at once. False if nobody waits any more, or
// the descriptor went to someone else: what is left is to pause.
bool TcpServer::shed_one() {
  spare_.reset();
  auto accepted = accept_from(listener_.get());
  if (accepted.socket) {
    ++stats_.shed;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(accepted.socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    accepted.socket.reset();
  }
  spare_ = open_spare();
  return accepted.error == 0 && spare_;
}

void TcpServer::pause() {
  ++stats_.pauses;
  loop_.modify(token_, {});
  resume_ = loop_.after(accept_pause, [this] {
    if (!spare_) spare_ = open_spare();
    loop_.modify(token_, {.read = true});
  });
}

void TcpServer::welcome(UniqueFd socket, const Endpoint& peer) {
  const ClientId id{++last_id_};
  TcpConnection::Events events;
  events.on_data = [this, id](ByteView bytes) {
    if (events_.on_data) events_.on_data(id, bytes);
  };
  events.on_end = [this, id] { events_.on_end ? events_.on_end(id) : close(id); };
  events.on_close = [this, id](const CloseReason& reason) {
    clients_.erase(id);
    if (events_.on_close) events_.on_close(id, reason);
  };
  clients_.emplace(id, TcpConnection::accepted(loop_, std::move(socket), std::move(events), options_.connection));
  if (events_.on_open) events_.on_open(id, peer);
}

TcpConnection* TcpServer::find(ClientId client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? nullptr : found->second.get();
}

bool TcpServer::send(ClientId client, ByteView bytes) {
  auto* connection = find(client);
  return connection != nullptr && connection->send(bytes);
}

void TcpServer::close(ClientId client) {
  if (auto* connection = find(client)) connection->close();
}

void TcpServer::abort(ClientId client) {
  if (auto* connection = find(client)) connection->abort();
}

std::size_t TcpServer::queued(ClientId client) const {
  const auto* connection = find(client);
  return connection == nullptr ? 0 : connection->queued();
}

}  // namespace wirelab
