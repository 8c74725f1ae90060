// TcpConnection: one TCP connection in the loop, from connect() or accept() to its end. Public; TcpServer and TcpClient
// own it.
//
//   connecting ---> open ---close()---> closing: flush, send FIN, read on until the peer's FIN or the limit
//       |            |                     |
//       +------------+---------------------+---> closed: on_close, once, with the reason
//
// Sending tries the socket first; only what the kernel does not take is queued, and only then is readiness to write
// asked for. Nothing that a peer does throws.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/send_queue.hpp"

namespace wirelab {

enum class CloseCause : std::uint8_t {
  finished,         // both sides have sent FIN
  aborted,          // abort() here
  failed,           // by an error: refused, reset, unreachable
  connect_timeout,  // no answer to connect() within the limit
  close_timeout,    // after close() the peer did not take the rest, or did not end, within the limit
};
struct CloseReason {
  CloseCause cause{};
  std::error_code error;  // of failed
  // "finished", "failed: Connection refused"
  [[nodiscard]] std::string to_string() const;
};

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  struct Options {
    Duration connect_limit = std::chrono::seconds(10);
    Duration close_limit = std::chrono::seconds(5);
    // While more than high_water bytes are queued for a peer, nothing is read from it, until low_water is reached:
    // who does not read the answers may not ask for more.
    std::size_t high_water = std::size_t{64} << 10;
    std::size_t low_water = std::size_t{16} << 10;
    // send() adds nothing to a queue beyond this; an empty queue takes one message of any size.
    std::size_t max_queued = std::size_t{1} << 20;
  };
  // Called from the loop only, never inside a call of this class, and each may be empty. They may destroy the owner.
  struct Events {
    std::function<void()> on_connect;           // of connect() only
    std::function<void(ByteView)> on_data;      // the view is good during the call
    std::function<void()> on_end;               // the peer sends no more but may still read; empty: close()
    std::function<void(CloseReason)> on_close;  // the last call; the descriptor is closed already
  };

  // `socket` is connected, non-blocking, and its owner now the connection.
  static std::shared_ptr<TcpConnection> accepted(Selector& loop, UniqueFd socket, Events events,
                                                 const Options& options);
  // Starts to connect a bound or unbound non-blocking socket.
  static std::shared_ptr<TcpConnection> connect(Selector& loop, UniqueFd socket, const Endpoint& remote, Events events,
                                                const Options& options);
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  // True if the kernel or the queue took all of it; false if it took nothing: not open, or the queue is full.
  bool send(ByteView bytes);
  // Sends what is queued, then FIN, and goes on reading without on_data, since unread bytes would turn the end into a
  // reset. Aborts if not yet connected.
  void close();
  // Resets: the queue is dropped, the peer gets RST.
  void abort();
  // Closes the descriptor without flushing; no event comes any more. What the owner's destructor calls.
  void discard();

  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

 private:
  enum class State : std::uint8_t { connecting, open, closing, closed };

  TcpConnection(Selector& loop, UniqueFd socket, Events events, const Options& options);
  void start(State state, Interest interest);
  void on_ready(Ready ready);
  void finish_connect();
  void read();
  void peer_ended();
  void flush();
  std::size_t write(ByteView bytes);
  void shut_down_writing();
  void watch();
  void end(CloseReason reason);
  void fail(int error) { end({CloseCause::failed, {error, std::system_category()}}); }
  void release();

  Selector& loop_;
  UniqueFd socket_;
  Events events_;
  Options options_;
  Selector::Token token_;
  Selector::TimerId limit_;  // of connecting and of closing
  SendQueue queue_;
  State state_ = State::connecting;
  int write_error_ = 0;  // errno
  bool peer_ended_ = false;
  bool fin_sent_ = false;
  bool silent_ = false;     // discarded
  bool congested_ = false;  // between high and low water
};

}  // namespace wirelab
