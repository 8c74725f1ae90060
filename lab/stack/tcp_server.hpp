// TcpServer: listens, accepts, and owns the connections of its clients. Public.
//
// Clients are known by ids that are never used again. What a client does ends at most its own connection. Out of
// descriptors the server sheds those who wait, by a spare descriptor, and listens again after a pause.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "lab/stack/opener.hpp"
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
  struct Stats {
    std::uint64_t accepted = 0;
    std::uint64_t shed = 0;     // accepted and reset for want of descriptors, or closed as one too many to watch
    std::uint64_t refused = 0;  // accepted and reset beyond max_clients
    std::uint64_t pauses = 0;   // of 100 ms in which nobody is accepted
  };

  // Throws std::system_error if `local` cannot be listened at.
  TcpServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
      : TcpServer(loop, opener, local, std::move(events), Options{}) {}
  TcpServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options);
  // Closes all connections without flushing; no event comes any more.
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  [[nodiscard]] const Endpoint& local() const { return local_; }
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
  // Bytes that wait for the client to take them.
  [[nodiscard]] std::size_t queued(ClientId client) const;
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] const Stats& stats() const { return stats_; }

 private:
  using Clients = std::unordered_map<ClientId, std::shared_ptr<TcpConnection>>;
  using Client = Clients::value_type;

  void accept();
  bool accept_one();
  void shed();
  bool shed_one();
  void pause();
  void resume();
  bool welcome(UniqueFd socket, const Endpoint& peer);
  TcpConnection::Events events_of(Client& client);
  void on_close(ClientId client, const CloseReason& reason);
  void tell_stopped();
  [[nodiscard]] TcpConnection* find(ClientId client) const;

  Selector& loop_;
  Events events_;
  Options options_;
  UniqueFd listener_;
  UniqueFd spare_;  // given up for a moment to accept and shed when there are no others
  Endpoint local_;
  Selector::Token token_;
  Selector::TimerId timer_;  // of a pause, or of the end
  bool paused_ = false;
  std::function<void()> stopped_;  // once stop() was called
  Clients clients_;
  // The last one looked for, who is mostly the next one too. Ids are never used again, so it is only forgotten with its
  // client.
  mutable ClientId found_id_{};
  mutable TcpConnection* found_ = nullptr;
  std::uint64_t last_id_ = 0;
  Stats stats_;
};

}  // namespace wirelab
