#include "lab/loop/selector.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/loop/waiter.hpp"

namespace wirelab {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

// Duration::max() from now on is for ever, not a wrap into the past.
SteadyTime later(Duration delay) {
  const auto start = now();
  return delay > SteadyTime::max() - start ? SteadyTime::max() : start + delay;
}

Duration until(SteadyTime when) {
  const auto start = now();
  return when > start ? when - start : Duration::zero();
}

bool wanted(Interest interest) { return interest.read || interest.write; }

}  // namespace

std::unique_ptr<Selector> Selector::make(Poller poller) { return std::unique_ptr<Selector>(new Selector(poller)); }

// The mailbox is watched under the token that names no registration.
Selector::Selector(Poller poller) : poller_(poller), waiter_(Waiter::make(poller)) {
  waiter_->watch(mailbox_.fd(), {.read = true}, Token{});
}

Selector::~Selector() = default;

void Selector::check(int fd, Interest interest) const {
  if (fd < 0) throw std::logic_error(fmt::format("Selector: {} is no descriptor", fd));
  if (interest.edge && poller_ != Poller::epoll) {
    throw std::logic_error(fmt::format("Selector: {} cannot be edge-triggered", name_of(poller_)));
  }
}

Selector::Token Selector::add(int fd, Interest interest, Callback callback) {
  check(fd, interest);
  if (!callback) throw std::logic_error("Selector: add without a callback");
  const auto number = static_cast<std::size_t>(fd);
  if (number < registered_.size() && registered_[number]) {
    throw std::logic_error(fmt::format("Selector: descriptor {} is registered already", fd));
  }
  if (::fcntl(fd, F_GETFD) < 0) throw_errno(fmt::format("watch descriptor {}", fd));

  if (number >= registered_.size()) registered_.resize(number + 1);
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const auto index = free_.back();
  auto& slot = slots_[index];
  const Token token{index, slot.generation};
  if (wanted(interest)) waiter_->watch(fd, interest, token);
  free_.pop_back();
  registered_[number] = true;
  slot.fd = fd;
  slot.interest = interest;
  slot.callback = std::move(callback);
  return token;
}

void Selector::modify(Token token, Interest interest) {
  auto* slot = find(token);
  if (slot == nullptr) throw std::logic_error("Selector: modify of what is not registered");
  check(slot->fd, interest);
  if (interest == slot->interest) return;
  if (wanted(interest)) {
    waiter_->watch(slot->fd, interest, token);
  } else {
    waiter_->forget(slot->fd);
  }
  slot->interest = interest;
}

void Selector::remove(Token token) noexcept {
  if (auto* slot = find(token)) release(*slot, token.index);
}

Selector::Slot* Selector::find(Token token) {
  if (token.index >= slots_.size()) return nullptr;
  auto& slot = slots_[token.index];
  return slot.fd >= 0 && slot.generation == token.generation ? &slot : nullptr;
}

void Selector::release(Slot& slot, std::uint32_t index) noexcept {
  waiter_->forget(slot.fd);
  registered_[static_cast<std::size_t>(slot.fd)] = false;
  slot.fd = -1;
  const auto callback = std::exchange(slot.callback, nullptr);  // what goes with it may call the selector: last
  slot.generation = slot.generation == UINT32_MAX ? 1 : slot.generation + 1;
  free_.push_back(index);
}

Selector::TimerId Selector::at(SteadyTime when, Task task) {
  return timers_.add(when, Duration::zero(), std::move(task));
}

Selector::TimerId Selector::after(Duration delay, Task task) { return at(later(delay), std::move(task)); }

Selector::TimerId Selector::every(Duration period, Task task) {
  if (period <= Duration::zero()) throw std::logic_error("Selector: every needs a period above zero");
  return timers_.add(later(period), period, std::move(task));
}

void Selector::cancel(TimerId id) noexcept { timers_.cancel(id); }

void Selector::post(Task task) { mailbox_.post(std::move(task)); }

bool Selector::turn(Duration limit) {
  if (turning_) throw std::logic_error("Selector: turn inside a callback");
  const auto before = ran();
  turning_ = true;
  try {
    wait(limit);
    while (next_event_ < events_.size()) deliver(events_[next_event_++]);
    if (timers_.next()) timers_.run(now());
  } catch (...) {
    turning_ = false;
    throw;
  }
  turning_ = false;
  return ran() != before;
}

void Selector::wait(Duration limit) {
  // A callback threw in the last turn: what is level-triggered will be reported again, edges will not.
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(next_event_));
  std::erase_if(events_, [this](const Event& event) {
    const auto* slot = find(event.token);
    return slot == nullptr || !slot->interest.edge;
  });
  next_event_ = 0;
  if (!events_.empty()) limit = Duration::zero();
  if (const auto next = timers_.next()) limit = std::min(limit, until(*next));
  ++waits_;
  scanned_ += waiter_->wait(std::max(limit, Duration::zero()), events_);
}

void Selector::deliver(const Event& event) {
  if (event.token == Token{}) return mailbox_.run();
  const auto* slot = find(event.token);
  if (slot == nullptr) return;  // removed by a callback before it
  auto ready = event.ready;
  ready.readable = ready.readable && slot->interest.read;
  ready.writable = ready.writable && slot->interest.write;
  if (!ready.readable && !ready.writable && !ready.invalid) return;
  call(event.token, ready);
}

// The callback lies outside its slot while it runs, since it may remove its own registration.
void Selector::call(Token token, Ready ready) {
  auto callback = std::move(find(token)->callback);
  if (ready.invalid) remove(token);
  const auto put_back = [&] {
    if (auto* slot = find(token)) slot->callback = std::move(callback);
  };
  ++delivered_;
  try {
    callback(ready);
  } catch (...) {
    put_back();
    throw;
  }
  put_back();
}

bool Selector::run_until(const std::function<bool()>& met, Duration limit) {
  if (turning_) throw std::logic_error("Selector: run_until inside a callback");
  const auto deadline = later(limit);
  for (;;) {
    if (met()) return true;
    const auto left = until(deadline);
    if (left == Duration::zero()) return false;
    turn(left);
  }
}

void Selector::run() {
  while (!stopped_) turn(Duration::max());
  stopped_ = false;
}

std::uint64_t Selector::ran() const { return delivered_ + timers_.ran() + mailbox_.ran(); }

Selector::Stats Selector::stats() const {
  return {.waits = waits_, .scanned = scanned_, .events = delivered_, .timers = timers_.ran(), .posts = mailbox_.ran()};
}

}  // namespace wirelab
