#include "lab/stack/tcp_connection.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lab/base/socket_address.hpp"

namespace wirelab {
namespace {

// One connection's share of a turn, so that a fast peer does not starve the others.
constexpr int reads_per_wake = 16;
constexpr std::size_t bytes_per_wake = std::size_t{64} << 10;
constexpr std::size_t read_size = std::size_t{16} << 10;

// Messages are sent whole, so there is nothing to gather; waiting would only delay them.
void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int take_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

bool is_transient(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

std::string CloseReason::to_string() const {
  switch (cause) {
    case CloseCause::finished:
      return "finished";
    case CloseCause::aborted:
      return "aborted";
    case CloseCause::failed:
      return fmt::format("failed: {}", error.message());
    case CloseCause::connect_timeout:
      return "no answer to connect";
    case CloseCause::close_timeout:
      return "the peer did not end in time";
  }
  return "unknown";
}

TcpConnection::TcpConnection(Selector& loop, UniqueFd socket, Events events, const Options& options)
    : loop_(loop), socket_(std::move(socket)), events_(std::move(events)), options_(options) {
  send_at_once(socket_.get());
}

TcpConnection::~TcpConnection() { release(); }

std::shared_ptr<TcpConnection> TcpConnection::accepted(Selector& loop, UniqueFd socket, Events events,
                                                       const Options& options) {
  const std::shared_ptr<TcpConnection> connection(
      new TcpConnection(loop, std::move(socket), std::move(events), options));
  connection->start(State::open, {.read = true});
  return connection;
}

std::shared_ptr<TcpConnection> TcpConnection::connect(Selector& loop, UniqueFd socket, const Endpoint& remote,
                                                      Events events, const Options& options) {
  const std::shared_ptr<TcpConnection> connection(
      new TcpConnection(loop, std::move(socket), std::move(events), options));
  const SocketAddress address(remote);
  // Only now is the socket registered: one that never was connected counts as hung up.
  const int result = ::connect(connection->socket_.get(), address.data(), address.size());
  const int error = result < 0 ? errno : 0;
  connection->start(State::connecting, {.write = true});
  if (error != 0 && error != EINPROGRESS && error != EINTR) connection->fail(error);
  return connection;
}

void TcpConnection::start(State state, Interest interest) {
  state_ = state;
  token_ = loop_.add(socket_.get(), interest, [this](Ready ready) { on_ready(ready); });
  if (state == State::connecting) {
    limit_ = loop_.after(options_.connect_limit, [this] { end({CloseCause::connect_timeout, {}}); });
  }
}

void TcpConnection::on_ready(Ready ready) {
  const auto alive = shared_from_this();  // a handler may drop the owner
  if (ready.invalid) {
    (void)socket_.release();  // closed by someone else; the number may belong to another by now
    return fail(EBADF);
  }
  if (state_ == State::connecting) return finish_connect();
  if (ready.readable) read();
  if (ready.writable && state_ != State::closed) flush();
  watch();
}

// SO_ERROR tells once how connect() went, so it comes before any read or write.
void TcpConnection::finish_connect() {
  if (const int error = take_error(socket_.get()); error != 0) return fail(error);
  loop_.cancel(limit_);
  state_ = State::open;
  watch();
  if (events_.on_connect) events_.on_connect();
}

void TcpConnection::read() {
  std::array<std::uint8_t, read_size> buffer;
  std::size_t total = 0;
  for (int i = 0; i < reads_per_wake && total < bytes_per_wake; ++i) {
    if (state_ == State::closed || peer_ended_ || congested_) return;
    const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count == 0) return peer_ended();
    if (count < 0) return is_transient(errno) ? void() : fail(errno);
    const auto size = static_cast<std::size_t>(count);
    if (state_ == State::open && events_.on_data) events_.on_data({buffer.data(), size});
    total += size;
    if (size < buffer.size()) return;  // that was all; if not, the next turn will tell
  }
}

// The end stays readable for ever: watch() asks no more.
void TcpConnection::peer_ended() {
  if (write_error_ != 0) return fail(write_error_);
  peer_ended_ = true;
  if (fin_sent_) return end({CloseCause::finished, {}});
  if (state_ != State::open) return;
  if (events_.on_end) return events_.on_end();
  close();
}

bool TcpConnection::send(ByteView bytes) {
  if (state_ != State::open || write_error_ != 0) return false;
  if (!queue_.empty() && queue_.size() + bytes.size() > options_.max_queued) return false;
  const auto sent = queue_.empty() ? write(bytes) : 0;
  if (write_error_ != 0) return false;
  if (sent < bytes.size()) queue_.append(bytes.subspan(sent));
  watch();
  return true;
}

void TcpConnection::flush() {
  if (!queue_.empty()) queue_.consume(write(queue_.waiting()));
  if (queue_.empty() && state_ == State::closing && !fin_sent_) shut_down_writing();
}

// The kernel's share of `bytes`. An error is told only after what the peer sent before it was read: what cannot be
// written is dropped, and the receiving side is ended here (nothing of that is sent), so that read() comes to its end.
std::size_t TcpConnection::write(ByteView bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && is_transient(errno)) return sent;
    if (count < 0) {
      write_error_ = errno;
      ::shutdown(socket_.get(), SHUT_RD);
      return bytes.size();
    }
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

void TcpConnection::close() {
  if (state_ == State::connecting) return abort();
  if (state_ != State::open) return;
  state_ = State::closing;
  limit_ = loop_.after(options_.close_limit, [this] { end({CloseCause::close_timeout, {}}); });
  flush();
  watch();
}

void TcpConnection::shut_down_writing() {
  if (write_error_ != 0) return;
  fin_sent_ = true;
  if (::shutdown(socket_.get(), SHUT_WR) < 0) return fail(errno);
  if (peer_ended_) end({CloseCause::finished, {}});
}

void TcpConnection::abort() { end({CloseCause::aborted, {}}); }

void TcpConnection::discard() {
  silent_ = true;
  release();
}

void TcpConnection::watch() {
  if (state_ == State::closed) return;
  congested_ = state_ == State::open && queue_.size() > (congested_ ? options_.low_water : options_.high_water);
  loop_.modify(token_, {.read = !peer_ended_ && !congested_, .write = !queue_.empty()});
}

// on_close comes from the loop, so that no call of the owner's is interrupted by it.
void TcpConnection::end(CloseReason reason) {
  if (state_ == State::closed) return;
  if (reason.cause == CloseCause::aborted || reason.cause == CloseCause::close_timeout) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  release();
  loop_.after(Duration::zero(), [self = shared_from_this(), reason] {
    if (!self->silent_ && self->events_.on_close) self->events_.on_close(reason);
  });
}

void TcpConnection::release() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  loop_.cancel(limit_);
  loop_.remove(token_);
  socket_.reset();
}

}  // namespace wirelab
