#include "lab/stack/tcp_sender.hpp"

#include <array>
#include <cerrno>
#include <ctime>

#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "lab/stack/tcp_socket.hpp"

namespace wirelab {
namespace {

// Larger messages gain nothing by being gathered.
constexpr std::size_t small_message = std::size_t{4} << 10;
constexpr std::size_t most_gathered = std::size_t{64} << 10;
// Of the queue, in one system call.
constexpr std::size_t pieces_per_write = 64;

// A socket that is broken, as opposed to a file that cannot be read, counts as hung up.
bool is_broken(int socket) {
  pollfd asked{.fd = socket, .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLERR | POLLHUP)) != 0;
}

// sendfile knows no MSG_NOSIGNAL: while this exists SIGPIPE does not reach the thread, and one that it raised is gone
// at the end.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    if (::sigismember(&before_, SIGPIPE) == 1) return;
    if (raised_) {
      const timespec at_once{};
      ::sigtimedwait(&pipe_, nullptr, &at_once);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  void raised() { raised_ = true; }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool raised_ = false;
};

}  // namespace

void TcpSender::send(ByteView bytes) {
  if (gather(bytes)) return;
  const auto sent = queue_.empty() ? write(bytes) : 0;
  if (error_ == 0 && sent < bytes.size()) queue_.append(bytes.subspan(sent));
}

void TcpSender::send(const SharedBytes& bytes) {
  if (gather(*bytes)) return;
  const auto sent = queue_.empty() ? write(*bytes) : 0;
  if (error_ == 0 && sent < bytes->size()) queue_.append(bytes, sent);
}

// What does not fit goes out after what was gathered before it.
bool TcpSender::gather(ByteView bytes) {
  if (gathered_ == nullptr || !queue_.empty()) return false;
  if (bytes.size() > small_message || gathered_->size() + bytes.size() > most_gathered) write_gathered();
  if (bytes.size() > small_message || !queue_.empty()) return false;
  gathered_->insert(gathered_->end(), bytes.begin(), bytes.end());
  return true;
}

void TcpSender::write_gathered() {
  if (gathered_ == nullptr || gathered_->empty()) return;
  const ByteView bytes(*gathered_);
  const auto sent = write(bytes);
  if (error_ == 0 && sent < bytes.size()) queue_.append(bytes.subspan(sent));
  gathered_->clear();
}

TcpSender::FilePiece TcpSender::send_file(int file, std::uint64_t offset, std::size_t most) {
  write_gathered();
  if (!queue_.empty() || error_ != 0 || most == 0) return {};
  NoPipeSignal guard;
  auto at = static_cast<off_t>(offset);
  const auto count = ::sendfile(socket_, file, &at, most);
  if (count > 0) {
    taken_ += static_cast<std::uint64_t>(count);
    return {.bytes = static_cast<std::size_t>(count)};
  }
  if (count == 0) return {.ended = true};
  const int error = errno;
  if (error == EPIPE) guard.raised();
  if (is_transient(error)) {
    file_waits_ = true;
    return {};
  }
  if (!is_broken(socket_)) return {.error = {error, std::system_category()}};
  fail(error);
  return {};
}

void TcpSender::flush() {
  write_gathered();
  file_waits_ = false;
  while (!queue_.empty() && write_queue()) {
  }
}

void TcpSender::drop() {
  queue_.clear();
  file_waits_ = false;
  if (gathered_ != nullptr) gathered_->clear();
}

// How much of `bytes` the kernel took. A short write means that it is full.
std::size_t TcpSender::write(ByteView bytes) {
  if (error_ != 0 || bytes.empty()) return 0;
  const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    taken_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }
  if (!is_transient(errno)) fail(errno);
  return 0;
}

// True if the kernel took all that was offered.
bool TcpSender::write_queue() {
  std::array<iovec, pieces_per_write> pieces;
  const auto waiting = queue_.waiting(pieces);
  msghdr message{};
  message.msg_iov = waiting.data();
  message.msg_iovlen = waiting.size();
  std::size_t offered = 0;
  for (const auto& piece : waiting) offered += piece.iov_len;
  const auto count = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
  if (count < 0) {
    if (!is_transient(errno)) fail(errno);
    return false;
  }
  taken_ += static_cast<std::uint64_t>(count);
  queue_.consume(static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count) == offered;
}

void TcpSender::fail(int error) {
  error_ = error;
  drop();
  ::shutdown(socket_, SHUT_RD);
}

}  // namespace wirelab
