#include "scenarios/readiness/wakes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::scenarios::readiness {
namespace {

constexpr int limit_ms = 1000;

// Each call takes a copy, because select writes its answer over the question.
class SelectWakes : public Wakes {
 public:
  void add(int fd) override {
    const auto number = static_cast<std::size_t>(fd);
    if (number / word_bits >= asked_.size()) asked_.resize(number / word_bits + 1);
    asked_[number / word_bits] |= std::uint64_t{1} << number % word_bits;
    most_ = std::max(most_, fd);
  }
  int wait() override {
    answer_ = asked_;
    timeval limit{.tv_sec = limit_ms / 1000, .tv_usec = 0};
    check_errno(::select(most_ + 1, reinterpret_cast<fd_set*>(answer_.data()), nullptr, nullptr, &limit), "select");
    const auto found = std::ranges::find_if(answer_, [](std::uint64_t word) { return word != 0; });
    if (found == answer_.end()) return -1;
    return static_cast<int>(found - answer_.begin()) * word_bits + std::countr_zero(*found);
  }

 private:
  static constexpr int word_bits = 64;
  std::vector<std::uint64_t> asked_, answer_;
  int most_ = -1;
};

class PollWakes : public Wakes {
 public:
  void add(int fd) override { asked_.push_back({.fd = fd, .events = POLLIN, .revents = 0}); }
  int wait() override {
    check_errno(::poll(asked_.data(), asked_.size(), limit_ms), "poll");
    const auto found = std::ranges::find_if(asked_, [](const pollfd& each) { return each.revents != 0; });
    return found == asked_.end() ? -1 : found->fd;
  }

 private:
  std::vector<pollfd> asked_;
};

class EpollWakes : public Wakes {
 public:
  void add(int fd) override {
    epoll_event question{};
    question.events = EPOLLIN;
    question.data.fd = fd;
    check_errno(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &question), "epoll_ctl");
  }
  int wait() override {
    const int found = ::epoll_wait(epoll_.get(), answer_.data(), static_cast<int>(answer_.size()), limit_ms);
    return check_errno(found, "epoll_wait") == 0 ? -1 : answer_[0].data.fd;
  }

 private:
  UniqueFd epoll_{check_errno(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
  std::array<epoll_event, 64> answer_{};
};

}  // namespace

std::vector<NamedWakes> all_wakes() {
  std::vector<NamedWakes> all;
  all.push_back({"select", std::make_unique<SelectWakes>()});
  all.push_back({"poll", std::make_unique<PollWakes>()});
  all.push_back({"epoll", std::make_unique<EpollWakes>()});
  return all;
}

}  // namespace wirelab::scenarios::readiness
