// TcpClient: one connection to a server, tried again if there is none yet. Public.
//
// The events are TcpConnection's: on_connect or, when no more is tried, on_close; then on_data, on_end, and at the end
// on_close. They may destroy the client.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lab/stack/opener.hpp"
#include "lab/stack/retry.hpp"
#include "lab/stack/tcp_connection.hpp"

namespace wirelab {

class TcpClient {
 public:
  using Retry = wirelab::Retry;
  struct Options {
    TcpConnection::Options connection;
    Retry retry;  // of connecting, after refusal, no answer or no way there
  };
  // Called from the loop only, and each may be empty.
  struct Events {
    std::function<void()> on_connect;
    std::function<void(ByteView)> on_data;
    std::function<void()> on_end;
    std::function<void()> on_drained;
    std::function<void(CloseReason)> on_close;
    // An attempt failed, and the next begins after the pause.
    std::function<void(const CloseReason&, Duration pause)> on_retry;
  };

  // Starts to connect from `local` (port 0: any) to `server`. Throws std::system_error only for `local`; how connecting
  // went is told by the events. std::logic_error for a first pause that is none.
  TcpClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events)
      : TcpClient(loop, std::move(opener), local, server, std::move(events), Options{}) {}
  TcpClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events,
            const Options& options);
  // Closes without flushing; no event comes any more.
  ~TcpClient();
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  // As TcpConnection's; nothing can be sent before on_connect. close() and abort() also end the trying.
  bool send(ByteView bytes) { return connection_->send(bytes); }
  bool send(const SharedBytes& bytes) { return connection_->send(bytes); }
  TcpConnection::FilePiece send_file(int file, std::uint64_t offset, std::size_t most) {
    return connection_->send_file(file, offset, most);
  }
  void set_reading(bool on);
  void close();
  void abort();
  [[nodiscard]] bool is_open() const { return connection_->is_open(); }
  [[nodiscard]] std::size_t queued() const { return connection_->queued(); }

 private:
  void attempt();
  TcpConnection::Events events_of_attempt();
  void on_end_of_attempt(const CloseReason& reason);
  void stop_trying();

  Selector& loop_;
  Opener opener_;
  Endpoint local_;
  Endpoint server_;
  Events events_;
  Options options_;
  Patience patience_;
  Selector::TimerId timer_;  // of the next attempt
  bool waiting_ = false;     // for it
  bool stopped_ = false;     // by close() or abort()
  bool connected_ = false;   // once
  bool reading_ = true;
  std::shared_ptr<TcpConnection> connection_;  // the last attempt's
};

}  // namespace wirelab
