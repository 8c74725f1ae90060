#include "lab/net/relay.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using Fate = EmulatedFrame::Fate;

constexpr std::size_t frame_overhead = 18;                 // an Ethernet header with one VLAN tag
constexpr std::size_t most_held = std::size_t{256} << 20;  // bytes under way
constexpr std::size_t most_events = 100'000;               // that nobody takes
constexpr Duration oldest = 1s;                            // a stamp before that tells of a clock that was set
constexpr Duration wake_up = 50us;  // what a timer is late by in a virtual machine; where it is less, the thread spins
constexpr int batches_a_turn = 16;
constexpr int most_turns = 64;  // some 30,000 frames: the ring holds no more

// Wakes when it is time and not when it is convenient. Root may also go before others, which keeps the delays what they
// are on a busy machine; what the thread does for a frame is short.
void make_prompt() {
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  const sched_param least{.sched_priority = 1};
  static_cast<void>(::pthread_setschedparam(::pthread_self(), SCHED_RR, &least));
}

SteadyTime steady_time_of(Stamp stamp) {
  const auto age = std::clamp<Duration>(stamp_now() - stamp, 0ns, oldest);
  return std::chrono::steady_clock::now() - age;
}

std::optional<timespec> time_until(std::optional<SteadyTime> when) {
  if (!when) return std::nullopt;
  const auto left = std::max<Duration>(*when - wake_up - std::chrono::steady_clock::now(), 0ns);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return timespec{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
}

// For a heap whose front is what goes first.
bool goes_later(const auto& a, const auto& b) { return std::pair(a.when, a.number) > std::pair(b.when, b.number); }

constexpr auto later = [](const auto& a, const auto& b) { return goes_later(a, b); };

}  // namespace

Relay::Relay(const std::vector<CutCable>& cables, std::uint32_t mtu, std::uint64_t seed)
    : socket_(first_index, mtu + frame_overhead),
      wake_(check_errno(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "make the relay's wake-up")) {
  for (const auto& [near, far] : cables) {
    add_line(near, far, seed);
    add_line(far, near, seed);
  }
  // Signals are the program's, so the thread inherits a mask of all.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Relay::~Relay() {
  ending_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Relay::add_line(const CutEnd& from, const CutEnd& to, std::uint64_t seed) {
  Line line{.machine = EmulatedLine(from.impairment, fmt::format("{}:{}", from.host, from.interface), seed),
            .out = to.index,
            .counters = {.host = from.host, .interface = from.interface},
            .link = from.impairment.to_string()};
  lines_.emplace(from.index, std::move(line));
}

void Relay::run() {
  make_prompt();
  while (!ending_) {
    std::optional<SteadyTime> next;
    {
      const std::lock_guard lock(mutex_);
      turn();
      next = next_departure();
    }
    std::array<pollfd, 2> fds{{{socket_.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    const auto limit = time_until(next);
    ::ppoll(fds.data(), fds.size(), limit ? &*limit : nullptr, nullptr);
    eventfd_t count = 0;
    if (fds[1].revents != 0) ::eventfd_read(wake_.get(), &count);
  }
}

std::size_t Relay::turn() {
  send_due();
  std::size_t received = 0;
  for (int i = 0; i < batches_a_turn; ++i) {
    const auto count = socket_.receive([this](const auto& arrival) { enter(arrival); });
    if (count == 0) break;
    received += count;
    send_due();
  }
  return received;
}

void Relay::enter(const RelaySocket::Arrival& arrival) {
  const auto found = lines_.find(arrival.interface);
  if (found == lines_.end()) return;
  auto& line = found->second;
  ++line.counters.entered;
  const auto passage = line.machine.enter(steady_time_of(arrival.when), arrival.frame.size());
  if (passage.end == Passage::End::lost) return tell(line, arrival, Fate::lost);
  if (passage.end == Passage::End::queue_full) return tell(line, arrival, Fate::queue_full);
  if (passage.held_back) tell(line, arrival, Fate::held_back);
  if (passage.duplicated) tell(line, arrival, Fate::duplicated);
  dispatch(line, arrival, passage.departure);
  if (passage.duplicated) dispatch(line, arrival, passage.departure);
}

void Relay::dispatch(Line& line, const RelaySocket::Arrival& arrival, SteadyTime when) {
  if (held_ + arrival.frame.size() > most_held) return tell(line, arrival, Fate::relay_full);
  held_ += arrival.frame.size();
  departures_.push_back({when, ++numbered_, line.out, copy_of(arrival.frame)});
  std::ranges::push_heap(departures_, later);
}

void Relay::tell(Line& line, const RelaySocket::Arrival& arrival, Fate fate) {
  auto& counters = line.counters;
  switch (fate) {
    case Fate::lost:
      ++counters.lost;
      break;
    case Fate::queue_full:
      ++counters.queue_full;
      break;
    case Fate::relay_full:
      ++counters.relay_full;
      ++failures_;
      break;
    case Fate::duplicated:
      ++counters.duplicated;
      break;
    case Fate::held_back:
      ++counters.held_back;
      break;
  }
  if (events_.size() >= most_events) {
    ++failures_;
    return;
  }
  events_.push_back({arrival.when, counters.host, counters.interface, fate, line.link, copy_of(arrival.frame)});
}

void Relay::send_due() {
  while (!departures_.empty() && departures_.front().when <= std::chrono::steady_clock::now()) {
    std::ranges::pop_heap(departures_, later);
    const auto& due = departures_.back();
    if (!socket_.send(due.out, due.frame)) ++failures_;
    held_ -= due.frame.size();
    departures_.pop_back();
  }
}

std::optional<SteadyTime> Relay::next_departure() const {
  if (departures_.empty()) return std::nullopt;
  return departures_.front().when;
}

std::vector<EmulatedFrame> Relay::take_events() {
  const std::lock_guard lock(mutex_);
  const auto before = next_departure();
  for (int turns = 0; turns < most_turns && turn() != 0; ++turns) {
  }
  // The thread sleeps until what was to leave first.
  if (next_departure() && next_departure() != before) ::eventfd_write(wake_.get(), 1);
  return std::exchange(events_, {});
}

std::vector<LineCounters> Relay::counters() {
  const std::lock_guard lock(mutex_);
  std::vector<LineCounters> counters;
  for (const auto& [index, line] : lines_) {
    if (!line.counters.host.empty()) counters.push_back(line.counters);
  }
  return counters;
}

std::uint64_t Relay::failures() {
  const std::lock_guard lock(mutex_);
  return failures_ + socket_.overrun();
}

}  // namespace wirelab
