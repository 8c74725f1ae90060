#include <algorithm>
#include <limits>

#include <sys/epoll.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/loop/waiter.hpp"

namespace wirelab {
namespace {

static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP &&
              EPOLLRDHUP == POLLRDHUP);

class EpollWaiter : public Waiter {
 public:
  void watch(int fd, Interest interest, Token token) override {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= kinds_.size()) kinds_.resize(index + 1, Kind::absent);
    auto& kind = kinds_[index];
    if (kind == Kind::file) return;
    epoll_event event{.events = poll_bits(interest) | (interest.edge ? EPOLLET : 0U), .data = {.u64 = packed(token)}};
    if (::epoll_ctl(epoll_.get(), kind == Kind::absent ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0) {
      if (kind == Kind::absent) buffer_.resize(buffer_.size() + 1);
      kind = Kind::watched;
    } else if (errno == EPERM) {
      // What cannot block, such as a regular file, cannot be added.
      files_.push_back({fd, token});
      kind = Kind::file;
    } else if (errno == EBADF || errno == ENOENT) {
      closed_.push_back(token);
    } else {
      throw_errno("epoll_ctl");
    }
  }

  void forget(int fd) noexcept override {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= kinds_.size()) return;
    if (kinds_[index] == Kind::watched) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);  // fails if it is closed, and is forgotten then
      buffer_.pop_back();
    } else if (kinds_[index] == Kind::file) {
      std::erase_if(files_, [fd](const File& file) { return file.fd == fd; });
    }
    kinds_[index] = Kind::absent;
  }

  std::size_t wait(Duration limit, std::vector<Event>& events) override {
    const bool at_once = !files_.empty() || !closed_.empty();
    const int found = epoll(at_once ? Duration::zero() : limit);
    if (found < 0 && errno != EINTR) throw_errno("epoll_wait");
    const auto before = events.size();
    for (int i = 0; i < found; ++i) {
      const auto& event = buffer_[static_cast<std::size_t>(i)];
      events.push_back({unpacked(event.data.u64), ready_from(event.events)});
    }
    for (const auto& file : files_) events.push_back({file.token, {.readable = true, .writable = true}});
    for (const auto& token : closed_) events.push_back({token, {.invalid = true}});
    closed_.clear();
    return events.size() - before;
  }

 private:
  enum class Kind : std::uint8_t { absent, watched, file };
  struct File {
    int fd;
    Token token;
  };

  static std::uint64_t packed(Token token) { return std::uint64_t{token.generation} << 32 | token.index; }
  static Token unpacked(std::uint64_t data) {
    return {static_cast<std::uint32_t>(data), static_cast<std::uint32_t>(data >> 32)};
  }

  int epoll(Duration limit) {
    const auto size = static_cast<int>(buffer_.size());
    if (nanoseconds_) {
      const auto timeout = to_timespec(limit);
      const int found = ::epoll_pwait2(epoll_.get(), buffer_.data(), size, &timeout, nullptr);
      if (found >= 0 || errno != ENOSYS) return found;
      nanoseconds_ = false;  // Linux before 5.11
    }
    const auto wait = std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(limit).count(),
                                             std::numeric_limits<int>::max());
    return ::epoll_wait(epoll_.get(), buffer_.data(), size, static_cast<int>(wait));
  }

  UniqueFd epoll_{check_errno(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
  std::vector<Kind> kinds_;          // by descriptor
  std::vector<epoll_event> buffer_;  // room for all that are watched
  std::vector<File> files_;          // always ready
  std::vector<Token> closed_;        // to be reported
  bool nanoseconds_ = true;          // epoll_pwait2 exists
};

}  // namespace

std::unique_ptr<Waiter> make_epoll_waiter() { return std::make_unique<EpollWaiter>(); }

}  // namespace wirelab
