// TcpServer: listens, accepts, and owns the connections of its clients. Public.
//
// Clients are known by ids that are never used again. What a client does ends at most its own connection.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "lab/stack/opener.hpp"
#include "lab/stack/tcp_acceptor.hpp"
#include "lab/stack/tcp_connection.hpp"

namespace wirelab {

class TcpServer {
 public:
  enum class ClientId : std::uint64_t {};
  // Called from the loop only, never inside a call of the server, and each may be empty. They may not destroy the
  // server.
  struct Events {
    std::function<void(ClientId, const Endpoint& peer)> on_open;
    std::function<bool(ClientId)> on_readable;            // as TcpConnection's
    std::function<void(ClientId, ByteView)> on_data;      // the view is good during the call
    std::function<void(ClientId)> on_end;                 // the client sends no more; empty: close(client)
    std::function<void(ClientId)> on_drained;             // as TcpConnection's
    std::function<void(ClientId, CloseReason)> on_close;  // the client's last call
  };
  struct Options {
    int backlog = 1024;
    std::size_t max_clients = SIZE_MAX;  // those beyond are reset as soon as they are accepted
    TcpConnection::Options connection;
  };
  using Stats = TcpAcceptor::Stats;  // refused: those beyond max_clients

  // Throws std::system_error if `local` cannot be listened at.
  TcpServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
      : TcpServer(loop, opener, local, std::move(events), Options{}) {}
  TcpServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options);
  // Closes all connections without flushing; no event comes any more.
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  [[nodiscard]] const Endpoint& local() const { return acceptor_.local(); }
  // As TcpConnection's. A client that is gone already is no mistake: send() is false, the others do nothing.
  bool send(ClientId client, ByteView bytes);
  bool send(ClientId client, const SharedBytes& bytes);
  TcpConnection::FilePiece send_file(ClientId client, int file, std::uint64_t offset, std::size_t most);
  TcpConnection::FilePiece receive_file(ClientId client, FilePipe& pipe, int file, std::uint64_t offset,
                                        std::size_t most);
  void set_reading(ClientId client, bool on);
  void close(ClientId client);
  void abort(ClientId client, CloseCause cause = CloseCause::aborted);
  // Sends to all but `except`; returns how many took it. The bytes are kept once.
  std::size_t broadcast(const SharedBytes& bytes, std::optional<ClientId> except = std::nullopt);
  // Listens no more and closes every connection, with close()'s flushing and limit; `stopped` is called from the loop
  // when the last is gone, and may destroy the server. From another thread: loop.post([&] { server.stop(...); }).
  void stop(std::function<void()> stopped);
  [[nodiscard]] bool is_open(ClientId client) const;
  [[nodiscard]] bool is_reading(ClientId client) const;
  // Bytes that wait for the client to take them.
  [[nodiscard]] std::size_t queued(ClientId client) const;
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] const Stats& stats() const { return acceptor_.stats(); }

 private:
  using Clients = std::unordered_map<ClientId, std::shared_ptr<TcpConnection>>;
  using Client = Clients::value_type;

  TcpAcceptor::Welcome welcome(UniqueFd socket, const Endpoint& peer);
  TcpConnection::Events events_of(Client& client);
  void on_close(ClientId client, const CloseReason& reason);
  void tell_stopped();
  [[nodiscard]] TcpConnection* find(ClientId client) const;

  Selector& loop_;
  Events events_;
  Options options_;
  Selector::TimerId timer_;        // of the end
  std::function<void()> stopped_;  // once stop() was called
  Clients clients_;
  // The last one looked for, who is mostly the next one too. Ids are never used again, so it is only forgotten with its
  // client.
  mutable ClientId found_id_{};
  mutable TcpConnection* found_ = nullptr;
  std::uint64_t last_id_ = 0;
  TcpAcceptor acceptor_;
};

}  // namespace wirelab
