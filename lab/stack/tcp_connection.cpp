#include "lab/stack/tcp_connection.hpp"

#include <utility>

#include <sys/socket.h>

#include "lab/base/socket_address.hpp"
#include "lab/stack/scratch.hpp"
#include "lab/stack/tcp_socket.hpp"

namespace wirelab {
namespace {

// One connection's share of a turn, so that a fast peer does not starve the others.
constexpr int reads_per_wake = 16;
constexpr std::size_t bytes_per_wake = std::size_t{64} << 10;

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

TcpConnection::TcpConnection(Selector& loop, UniqueFd socket, Events events, const Options& options)
    : loop_(loop), socket_(std::move(socket)), sender_(socket_.get()), options_(options), events_(std::move(events)) {
  send_at_once(socket_.get());
}

TcpConnection::~TcpConnection() { release(); }

class TcpConnection::Shared : public TcpConnection {
 public:
  Shared(Selector& loop, UniqueFd socket, Events events, const Options& options)
      : TcpConnection(loop, std::move(socket), std::move(events), options) {}
};

std::shared_ptr<TcpConnection> TcpConnection::accepted(Selector& loop, UniqueFd socket, Events events,
                                                       const Options& options) {
  const auto connection = std::make_shared<Shared>(loop, std::move(socket), std::move(events), options);
  connection->start(State::open, {.read = true});
  return connection;
}

std::shared_ptr<TcpConnection> TcpConnection::connect(Selector& loop, UniqueFd socket, const Endpoint& remote,
                                                      Events events, const Options& options) {
  const auto connection = std::make_shared<Shared>(loop, std::move(socket), std::move(events), options);
  const SocketAddress address(remote);
  // Only now is the socket registered: one that never was connected counts as hung up.
  const int result = ::connect(connection->socket_.get(), address.data(), address.size());
  const int error = result < 0 ? errno : 0;
  connection->start(State::connecting, {.write = true});
  if (error != 0 && error != EINPROGRESS && error != EINTR) connection->fail(error);
  return connection;
}

void TcpConnection::start(State state, Interest interest) {
  token_ = loop_.add(socket_.get(), interest, [this](Ready ready) { on_ready(ready); });
  interest_ = interest;
  if (state == State::open) return open();
  limit_ = loop_.after(options_.connect_limit, [this] { end({CloseCause::connect_timeout, {}}); });
}

void TcpConnection::open() {
  loop_.cancel(limit_);
  state_ = State::open;
  if (options_.idle_limit == Duration::max()) return;
  last_active_ = now();
  watch_idleness();
}

void TcpConnection::on_ready(Ready ready) {
  const auto alive = shared_from_this();  // a handler may drop the owner
  if (ready.invalid) {
    (void)socket_.release();  // closed by someone else; the number may belong to another by now
    return fail(EBADF);
  }
  if (state_ == State::connecting) return finish_connect();
  try {
    if (ready.readable) read();
    if (ready.writable && state_ != State::closed) on_room();
  } catch (...) {  // a handler's: what is queued must go out all the same
    after_writing();
    throw;
  }
  after_writing();
}

// SO_ERROR tells once how connect() went, so it comes before any read or write.
void TcpConnection::finish_connect() {
  if (const int error = take_error(socket_.get()); error != 0) return fail(error);
  open();
  watch();
  if (events_.on_connect) events_.on_connect();
}

void TcpConnection::read() {
  const Scratch scratch;
  const TcpSender::Gathering gathering(sender_, scratch->answers);
  std::size_t total = 0;
  for (int i = 0; i < reads_per_wake && total < bytes_per_wake; ++i) {
    if (state_ == State::closed || peer_ended_ || !listens()) return;
    if (state_ == State::open && events_.on_readable && events_.on_readable()) return;
    if (state_ == State::closed || !read_once(scratch->received, total)) return;
  }
}

// False if there is no more now, or ever.
bool TcpConnection::read_once(Bytes& buffer, std::size_t& total) {
  if (buffer.size() < options_.read_size) buffer.resize(options_.read_size);
  const auto count = ::recv(socket_.get(), buffer.data(), options_.read_size, 0);
  if (count < 0 && !is_transient(errno)) fail(errno);
  if (count == 0) peer_ended();
  if (count <= 0) return false;
  const auto size = static_cast<std::size_t>(count);
  total += size;
  active();
  if (state_ == State::open && events_.on_data) events_.on_data(ByteView(buffer).first(size));
  return size == options_.read_size;  // if less was not all, the next turn will tell
}

// The end stays readable for ever: watch() asks no more.
void TcpConnection::peer_ended() {
  if (sender_.error() != 0) return fail(sender_.error());
  peer_ended_ = true;
  if (fin_sent_) return end({CloseCause::finished, {}});
  if (state_ != State::open) return;
  if (events_.on_end) return events_.on_end();
  close();
}

bool TcpConnection::send(ByteView bytes) {
  if (!may_send(bytes.size())) return false;
  sender_.send(bytes);
  if (!sender_.gathers()) after_writing();
  return sender_.error() == 0;
}

bool TcpConnection::send(const SharedBytes& bytes) {
  if (!may_send(bytes->size())) return false;
  sender_.send(bytes);
  if (!sender_.gathers()) after_writing();
  return sender_.error() == 0;
}

bool TcpConnection::may_send(std::size_t size) {
  if (state_ != State::open || sender_.error() != 0) return false;
  const auto queued = sender_.queued();
  const bool full = queued > 0 && queued + size > options_.max_queued;
  const bool slow = options_.slow_peer == SlowPeer::drop_newest && queued > options_.high_water;
  if (!full && !slow) return true;
  ++dropped_;
  if (options_.slow_peer == SlowPeer::disconnect) abort(CloseCause::too_slow);
  return false;
}

TcpConnection::FilePiece TcpConnection::send_file(int file, std::uint64_t offset, std::size_t most) {
  if (state_ != State::open) return {};
  const auto piece = sender_.send_file(file, offset, most);
  after_writing();
  return piece;
}

TcpConnection::FilePiece TcpConnection::receive_file(FilePipe& pipe, int file, std::uint64_t offset, std::size_t most) {
  if (state_ != State::open || peer_ended_) return {};
  const auto moved = pipe.move(socket_.get(), file, offset, most);
  if (moved.bytes > 0) active();
  if (moved.socket_error != 0 && !is_transient(moved.socket_error)) fail(moved.socket_error);
  return {.bytes = moved.bytes, .ended = moved.ended, .error = moved.error};
}

void TcpConnection::set_reading(bool on) {
  paused_ = !on;
  if (state_ == State::open) after_writing();
}

void TcpConnection::on_room() {
  const bool waited = sender_.waits();
  sender_.flush();
  if (sender_.queued() > 0 || sender_.error() != 0) return;
  if (state_ == State::closing && !fin_sent_) return shut_down_writing();
  if (state_ == State::open && waited && events_.on_drained) events_.on_drained();
}

// A broken connection ends when all that came before was read; at once if nobody reads.
void TcpConnection::after_writing() {
  if (state_ == State::closed) return;
  if (sender_.taken() != taken_) active();
  if (sender_.error() != 0 && (peer_ended_ || (state_ == State::open && paused_))) return fail(sender_.error());
  watch();
}

void TcpConnection::close() {
  if (state_ == State::connecting) return abort();
  if (state_ != State::open) return;
  state_ = State::closing;
  loop_.cancel(limit_);
  limit_ = loop_.after(options_.close_limit, [this] { abort(CloseCause::close_timeout); });
  sender_.flush();
  if (sender_.queued() == 0) shut_down_writing();
  after_writing();
}

void TcpConnection::shut_down_writing() {
  if (sender_.error() != 0) return;
  fin_sent_ = true;
  const int error = ::shutdown(socket_.get(), SHUT_WR) < 0 ? errno : 0;
  if (error != 0 && error != ENOTCONN) return fail(error);
  // ENOTCONN: the peer has reset, which reading tells, unless there is nothing more to read.
  if (peer_ended_) return error != 0 ? fail(ECONNRESET) : end({CloseCause::finished, {}});
}

void TcpConnection::abort(CloseCause cause) {
  if (state_ == State::closed) return;
  reset_at_close(socket_.get());
  end({cause, {}});
}

// Answers that a read still gathers were sent, in the eyes of the sender.
void TcpConnection::discard() {
  silent_ = true;
  if (state_ == State::open) sender_.flush();
  release();
}

bool TcpConnection::is_congested() const {
  if (state_ != State::open || options_.slow_peer != SlowPeer::pause_reading) return false;
  return sender_.queued() > (congested_ ? options_.low_water : options_.high_water);
}

void TcpConnection::watch() {
  congested_ = is_congested();
  const Interest interest{.read = !peer_ended_ && listens(), .write = sender_.waits()};
  if (interest == interest_) return;
  loop_.modify(token_, interest);
  interest_ = interest;
}

void TcpConnection::active() {
  taken_ = sender_.taken();
  if (options_.idle_limit != Duration::max()) last_active_ = now();
}

// The timer runs once a limit, not once a message: it looks how long ago the last one was, and waits for the rest.
void TcpConnection::watch_idleness() {
  const auto idle = now() - last_active_;
  if (idle < options_.idle_limit) {
    limit_ = loop_.after(options_.idle_limit - idle, [this] { watch_idleness(); });
    return;
  }
  sender_.queued() > 0 ? abort(CloseCause::idle) : end({CloseCause::idle, {}});
}

// on_close comes from the loop, so that no call of the owner's is interrupted by it.
void TcpConnection::end(CloseReason reason) {
  if (state_ == State::closed) return;
  release();
  loop_.after(Duration::zero(), [self = shared_from_this(), reason] {
    if (!self->silent_ && self->events_.on_close) self->events_.on_close(reason);
  });
}

void TcpConnection::release() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  sender_.drop();
  loop_.cancel(limit_);
  loop_.remove(token_);
  socket_.reset();
}

}  // namespace wirelab
