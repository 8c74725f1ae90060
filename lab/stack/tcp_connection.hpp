// TcpConnection: one TCP connection in the loop, from connect() or accept() to its end. Public; TcpServer and TcpClient
// own it.
//
//   connecting ---> open ---close()---> closing: flush, send FIN, read on until the peer's FIN or the limit
//       |            |                     |
//       +------------+---------------------+---> closed: on_close, once, with the reason
//
// Sending tries the socket first; only what the kernel does not take is queued, and only then is readiness to write
// asked for. Nothing that a peer does throws, and nothing that it omits is waited for without limit, if one is set.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/close_reason.hpp"
#include "lab/stack/file_pipe.hpp"
#include "lab/stack/tcp_sender.hpp"

namespace wirelab {

// What happens to a peer that takes less than it is sent.
enum class SlowPeer : std::uint8_t {
  pause_reading,  // nothing is read from it until it has taken enough: who does not read answers may not ask for more
  drop_newest,    // while more than high_water waits, send() takes nothing; it counts what it refused
  disconnect,     // a send() beyond max_queued ends the connection
};

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  struct Options {
    Duration connect_limit = std::chrono::seconds(10);
    Duration close_limit = std::chrono::seconds(5);
    Duration idle_limit = Duration::max();  // without a byte in either direction
    SlowPeer slow_peer = SlowPeer::pause_reading;
    // In bytes that wait for the peer. Above high_water it counts as slow, until low_water is reached.
    std::size_t high_water = std::size_t{64} << 10;
    std::size_t low_water = std::size_t{16} << 10;
    // send() adds nothing to a queue beyond this; an empty queue takes one message of any size. For answers that may
    // not be refused (pause_reading) it is at least high_water, read_size and the largest message together.
    std::size_t max_queued = std::size_t{1} << 20;
    // Of one read. A turn reads 64 KiB or 16 times at most, or once if read_size is more.
    std::size_t read_size = std::size_t{16} << 10;
  };
  // Called from the loop only, never inside a call of this class, and each may be empty. They may destroy the owner.
  struct Events {
    std::function<void()> on_connect;  // of connect() only
    // Something has come, or the end. True: what is wanted of it in this turn was taken by receive_file(). Empty or
    // false: it comes by on_data.
    std::function<bool()> on_readable;
    std::function<void(ByteView)> on_data;  // the view is good during the call
    // The peer sends no more but may still read; empty: close(). From here on, as while reading is off, a reset or a
    // dead peer shows only when something is sent; idle_limit bounds that.
    std::function<void()> on_end;
    std::function<void()> on_drained;           // all is sent that send() had to queue, or more fits after send_file()
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

  using FilePiece = TcpSender::FilePiece;

  // True if the kernel or the queue took all of it; false if it took nothing: not open, or the queue is full.
  bool send(ByteView bytes);
  bool send(const SharedBytes& bytes);
  // Moves at most `most` bytes of the regular file `file` from `offset` (in bytes) to the kernel without copying them
  // (sendfile(2)), if nothing is queued; on_drained comes when there is room for more.
  FilePiece send_file(int file, std::uint64_t offset, std::size_t most);
  // Moves at most `most` bytes, above 0, that have come to `offset` (in bytes) of the regular file `file`, without
  // bringing them here. For on_readable; `ended` is the peer's end, which is told afterwards. After an error of the
  // file some bytes of the stream may be lost.
  FilePiece receive_file(FilePipe& pipe, int file, std::uint64_t offset, std::size_t most);
  // Off: no on_readable, no on_data and no on_end until it is on again; the peer's window fills up, and its reset goes
  // unnoticed.
  void set_reading(bool on);
  // Sends what is queued, then FIN, and goes on reading without on_data, since unread bytes would turn the end into a
  // reset. Aborts if not yet connected.
  void close();
  // Resets: the queue is dropped, the peer gets RST.
  void abort(CloseCause cause = CloseCause::aborted);
  // Closes the descriptor; what is still queued is lost, and no event comes any more. What the owner's destructor
  // calls.
  void discard();

  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  // Open, and neither set_reading(false) nor the peer's slowness keeps it from being read.
  [[nodiscard]] bool is_reading() const { return is_open() && listens(); }
  // Bytes that the kernel did not take yet.
  [[nodiscard]] std::size_t queued() const { return sender_.queued(); }
  // How many messages send() refused because too much waited.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State : std::uint8_t { connecting, open, closing, closed };

  class Shared;  // in one piece with the count of its owners

  TcpConnection(Selector& loop, UniqueFd socket, Events events, const Options& options);
  void start(State state, Interest interest);
  void open();
  void on_ready(Ready ready);
  void finish_connect();
  void read();
  bool read_once(Bytes& buffer, std::size_t& total);
  void peer_ended();
  void on_room();
  [[nodiscard]] bool may_send(std::size_t size);
  void after_writing();
  void shut_down_writing();
  // Whether what the peer sends is wanted now.
  [[nodiscard]] bool listens() const { return state_ != State::open || (!paused_ && !is_congested()); }
  [[nodiscard]] bool is_congested() const;
  void watch();
  void active();
  void watch_idleness();
  void end(CloseReason reason);
  void fail(int error) { end({CloseCause::failed, {error, std::system_category()}}); }
  void release();

  // What every message touches comes first: with many connections it is not in the cache.
  Selector& loop_;
  UniqueFd socket_;
  State state_ = State::connecting;
  bool peer_ended_ = false;
  bool fin_sent_ = false;
  bool silent_ = false;     // discarded
  bool paused_ = false;     // by set_reading
  bool congested_ = false;  // between high and low water
  Interest interest_;
  Selector::Token token_;
  TcpSender sender_;
  std::uint64_t taken_ = 0;  // by the kernel until last_active_
  Options options_;
  Events events_;
  Selector::TimerId limit_;   // of connecting, then of idleness, then of closing
  SteadyTime last_active_{};  // with an idle_limit only
  std::uint64_t dropped_ = 0;
};

}  // namespace wirelab
