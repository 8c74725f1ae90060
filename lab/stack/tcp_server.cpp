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

void reset(UniqueFd socket) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

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
  // Of a port that the kernel chose, too: who comes back to it must not wait for TIME-WAIT to end.
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  check_errno(::listen(listener_.get(), options_.backlog), fmt::format("listen at TCP {}", local_));
  token_ = loop_.add(listener_.get(), {.read = true}, [this](Ready) { accept(); });
}

TcpServer::~TcpServer() {
  loop_.cancel(timer_);
  loop_.remove(token_);
  for (const auto& [id, connection] : clients_) connection->discard();
}

void TcpServer::accept() {
  for (int i = 0; listener_ && i < accepts_per_wake; ++i) {  // a handler may stop the server
    if (!accept_one()) return;
  }
}

// False if there is nothing more to accept in this turn.
bool TcpServer::accept_one() {
  auto accepted = accept_from(listener_.get());
  if (accepted.socket && welcome(std::move(accepted.socket), accepted.peer)) return true;
  if (accepted.error == EAGAIN) return false;
  if (concerns_one_connection(accepted.error)) return true;
  if (out_of_descriptors(accepted.error)) shed();
  pause();
  return false;
}

// Those who wait learn at once that they will not be served.
void TcpServer::shed() {
  for (int i = 0; i < accepts_per_wake; ++i) {
    if (!shed_one()) return;
  }
}

// Accepts by the spare descriptor and resets. False if nobody waits any more, or the descriptor went to someone else.
bool TcpServer::shed_one() {
  spare_.reset();
  auto accepted = accept_from(listener_.get());
  if (accepted.socket) {
    ++stats_.shed;
    reset(std::move(accepted.socket));
  }
  spare_ = open_spare();
  return accepted.error == 0 && spare_;
}

// What lacks will still lack in the next turn, and the listener would wake every one.
void TcpServer::pause() {
  ++stats_.pauses;
  if (!paused_) loop_.modify(token_, {});
  paused_ = true;
  timer_ = loop_.after(accept_pause, [this] { resume(); });
}

// Tries before it listens again, so that a pause which must go on costs one wake.
void TcpServer::resume() {
  if (!spare_) spare_ = open_spare();
  const auto pauses = stats_.pauses;
  accept();
  if (stats_.pauses > pauses || !listener_) return;
  paused_ = false;
  loop_.modify(token_, {.read = true});
}

// False if the kernel cannot watch one more.
bool TcpServer::welcome(UniqueFd socket, const Endpoint& peer) {
  if (clients_.size() >= options_.max_clients) {
    ++stats_.refused;
    reset(std::move(socket));
    return true;
  }
  const ClientId id{++last_id_};
  auto& client = *clients_.try_emplace(id).first;
  try {
    client.second = TcpConnection::accepted(loop_, std::move(socket), events_of(client), options_.connection);
  } catch (const std::system_error&) {
    ++stats_.shed;
    clients_.erase(id);
    return false;
  }
  ++stats_.accepted;
  if (events_.on_open) events_.on_open(id, peer);
  return true;
}

// A client is the one found last while it is heard.
TcpConnection::Events TcpServer::events_of(Client& client) {
  TcpConnection::Events events;
  if (events_.on_data) {
    events.on_data = [this, &client](ByteView bytes) {
      found_id_ = client.first;
      found_ = client.second.get();
      events_.on_data(client.first, bytes);
    };
  }
  const auto id = client.first;
  if (events_.on_readable) events.on_readable = [this, id] { return events_.on_readable(id); };
  if (events_.on_end) events.on_end = [this, id] { events_.on_end(id); };
  if (events_.on_drained) events.on_drained = [this, id] { events_.on_drained(id); };
  events.on_close = [this, id](const CloseReason& reason) { on_close(id, reason); };
  return events;
}

void TcpServer::on_close(ClientId client, const CloseReason& reason) {
  clients_.erase(client);
  if (client == found_id_) found_ = nullptr;
  if (events_.on_close) events_.on_close(client, reason);
  tell_stopped();
}

void TcpServer::stop(std::function<void()> stopped) {
  stopped_ = stopped ? std::move(stopped) : [] {};
  loop_.cancel(timer_);
  loop_.remove(token_);
  listener_.reset();
  for (const auto& [id, connection] : clients_) connection->close();
  tell_stopped();
}

// In a task of its own, in which the server may be destroyed.
void TcpServer::tell_stopped() {
  if (stopped_ && clients_.empty()) timer_ = loop_.after(Duration::zero(), std::exchange(stopped_, nullptr));
}

TcpConnection* TcpServer::find(ClientId client) const {
  if (found_ != nullptr && client == found_id_) return found_;
  const auto found = clients_.find(client);
  if (found == clients_.end()) return nullptr;  // not remembered: it may still come
  found_ = found->second.get();
  found_id_ = client;
  return found_;
}

bool TcpServer::send(ClientId client, ByteView bytes) {
  auto* connection = find(client);
  return connection != nullptr && connection->send(bytes);
}

bool TcpServer::send(ClientId client, const SharedBytes& bytes) {
  auto* connection = find(client);
  return connection != nullptr && connection->send(bytes);
}

TcpConnection::FilePiece TcpServer::send_file(ClientId client, int file, std::uint64_t offset, std::size_t most) {
  auto* connection = find(client);
  return connection == nullptr ? TcpConnection::FilePiece{} : connection->send_file(file, offset, most);
}

TcpConnection::FilePiece TcpServer::receive_file(ClientId client, FilePipe& pipe, int file, std::uint64_t offset,
                                                 std::size_t most) {
  auto* connection = find(client);
  return connection == nullptr ? TcpConnection::FilePiece{} : connection->receive_file(pipe, file, offset, most);
}

void TcpServer::set_reading(ClientId client, bool on) {
  if (auto* connection = find(client)) connection->set_reading(on);
}

void TcpServer::close(ClientId client) {
  if (auto* connection = find(client)) connection->close();
}

void TcpServer::abort(ClientId client, CloseCause cause) {
  if (auto* connection = find(client)) connection->abort(cause);
}

std::size_t TcpServer::broadcast(const SharedBytes& bytes, std::optional<ClientId> except) {
  std::size_t took = 0;
  for (const auto& [client, connection] : clients_) {
    if (client != except && connection->send(bytes)) ++took;
  }
  return took;
}

bool TcpServer::is_open(ClientId client) const {
  const auto* connection = find(client);
  return connection != nullptr && connection->is_open();
}

std::size_t TcpServer::queued(ClientId client) const {
  const auto* connection = find(client);
  return connection == nullptr ? 0 : connection->queued();
}

}  // namespace wirelab
