// TcpClient: one connection to a server. Public.
//
// The events are TcpConnection's: on_connect or at once on_close, then on_data, on_end, and at the end on_close. They
// may destroy the client.
#pragma once

#include <memory>

#include "lab/stack/opener.hpp"
#include "lab/stack/tcp_connection.hpp"

namespace wirelab {

class TcpClient {
 public:
  using Events = TcpConnection::Events;
  using Options = TcpConnection::Options;

  // Starts to connect from `local` (port 0: any) to `server`. Throws std::system_error only for `local`; how connecting
  // went is told by the events.
  TcpClient(Selector& loop, const Opener& opener, const Endpoint& local, const Endpoint& server, Events events)
      : TcpClient(loop, opener, local, server, std::move(events), Options{}) {}
  TcpClient(Selector& loop, const Opener& opener, const Endpoint& local, const Endpoint& server, Events events,
            const Options& options);
  // Closes without flushing; no event comes any more.
  ~TcpClient() { connection_->discard(); }
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  // As TcpConnection's; nothing can be sent before on_connect.
  bool send(ByteView bytes) { return connection_->send(bytes); }
  void close() { connection_->close(); }
  void abort() { connection_->abort(); }
  [[nodiscard]] bool is_open() const { return connection_->is_open(); }
  [[nodiscard]] std::size_t queued() const { return connection_->queued(); }

 private:
  std::shared_ptr<TcpConnection> connection_;
};

}  // namespace wirelab
