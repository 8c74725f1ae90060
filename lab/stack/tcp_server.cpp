#include "lab/stack/tcp_server.hpp"

#include <utility>

#include "lab/stack/tcp_socket.hpp"

namespace wirelab {

TcpServer::TcpServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options)
    : loop_(loop),
      events_(std::move(events)),
      options_(options),
      acceptor_(loop, opener, local, options.backlog,
                [this](UniqueFd socket, const Endpoint& peer) { return welcome(std::move(socket), peer); }) {}

TcpServer::~TcpServer() {
  loop_.cancel(timer_);
  for (const auto& [id, connection] : clients_) connection->discard();
}

TcpAcceptor::Welcome TcpServer::welcome(UniqueFd socket, const Endpoint& peer) {
  if (clients_.size() >= options_.max_clients) {
    reset_at_close(socket.get());
    return TcpAcceptor::Welcome::refused;
  }
  const ClientId id{++last_id_};
  auto& client = *clients_.try_emplace(id).first;
  try {
    client.second = TcpConnection::accepted(loop_, std::move(socket), events_of(client), options_.connection);
  } catch (const std::system_error&) {
    clients_.erase(id);
    return TcpAcceptor::Welcome::no_room;
  }
  if (events_.on_open) events_.on_open(id, peer);
  return TcpAcceptor::Welcome::taken;
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
  acceptor_.stop();
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

bool TcpServer::is_reading(ClientId client) const {
  const auto* connection = find(client);
  return connection != nullptr && connection->is_reading();
}

std::size_t TcpServer::queued(ClientId client) const {
  const auto* connection = find(client);
  return connection == nullptr ? 0 : connection->queued();
}

}  // namespace wirelab
