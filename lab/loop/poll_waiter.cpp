#include <poll.h>

#include "lab/base/error.hpp"
#include "lab/loop/waiter.hpp"

namespace wirelab {
namespace {

class PollWaiter : public Waiter {
 public:
  void watch(int fd, Interest interest, Token token) override {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= places_.size()) places_.resize(index + 1, absent);
    if (places_[index] == absent) {
      polled_.push_back({.fd = fd, .events = 0, .revents = 0});
      tokens_.push_back(token);
      places_[index] = polled_.size() - 1;
    }
    polled_[places_[index]].events = static_cast<short>(poll_bits(interest));
    tokens_[places_[index]] = token;
  }

  void forget(int fd) noexcept override {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= places_.size() || places_[index] == absent) return;
    const auto place = places_[index];
    polled_[place] = polled_.back();
    tokens_[place] = tokens_.back();
    places_[static_cast<std::size_t>(polled_[place].fd)] = place;
    polled_.pop_back();
    tokens_.pop_back();
    places_[index] = absent;
  }

  std::size_t wait(Duration limit, std::vector<Event>& events) override {
    const auto timeout = to_timespec(limit);
    // ppoll is poll with a time-out in nanoseconds.
    const int found = ::ppoll(polled_.data(), polled_.size(), &timeout, nullptr);
    if (found < 0 && errno != EINTR) throw_errno("poll");
    for (std::size_t place = 0; found > 0 && place < polled_.size(); ++place) {
      const auto bits = static_cast<std::uint16_t>(polled_[place].revents);
      if (bits != 0) events.push_back({tokens_[place], ready_from(bits)});
    }
    return polled_.size();
  }

 private:
  static constexpr auto absent = static_cast<std::size_t>(-1);
  std::vector<pollfd> polled_;
  std::vector<Token> tokens_;        // of polled_, place by place
  std::vector<std::size_t> places_;  // in polled_, by descriptor
};

}  // namespace

std::unique_ptr<Waiter> make_poll_waiter() { return std::make_unique<PollWaiter>(); }

}  // namespace wirelab
