#include "raw/frame_sender.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <poll.h>

namespace wirelab::raw {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t batch = 64;           // frames between two looks at the clock
constexpr std::uint64_t budget_a_turn = 512;  // frames: half a millisecond of the loop
constexpr Duration beat = 1ms;

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

Duration since(SteadyTime begin) { return std::chrono::steady_clock::now() - begin; }

// Until the socket takes more; a full queue of the interface does not say when, so that a millisecond is the most.
void wait_for_room(int fd) {
  pollfd socket{fd, POLLOUT, 0};
  ::poll(&socket, 1, 1);
}

}  // namespace

void SendBounds::check() const {
  if (count == 0 || time <= Duration::zero() || !(rate > 0))
    throw std::logic_error("what is sent in numbers has a count, a time and a rate above zero");
}

std::uint64_t SendBounds::due(Duration elapsed) const {
  const double allowed = seconds(elapsed) * rate + 1;
  return allowed >= static_cast<double>(count) ? count : static_cast<std::uint64_t>(allowed);
}

double SendStatistics::rate() const {
  return elapsed > Duration::zero() ? static_cast<double>(sent) / seconds(elapsed) : 0;
}

FrameSender::FrameSender(const Place& place, const std::string& interface)
    : loop_(place.loop), socket_(place.open([&] { return PacketSocket(interface, place.witness); })) {}

FrameSender::~FrameSender() { stop(); }

bool FrameSender::send_until(std::uint64_t due, const Next& next, SendStatistics& statistics) {
  while (statistics.sent < due) {
    if (!socket_.offer(next(statistics.sent))) {
      ++statistics.refused;
      return false;
    }
    ++statistics.sent;
  }
  return true;
}

SendStatistics FrameSender::burst(const SendBounds& bounds, const Next& next) {
  bounds.check();
  SendStatistics statistics;
  const auto begin = std::chrono::steady_clock::now();
  while (statistics.sent < bounds.count) {
    const auto elapsed = since(begin);
    if (elapsed >= bounds.time) break;
    const auto due = std::min(bounds.due(elapsed), statistics.sent + batch);
    if (!send_until(due, next, statistics)) wait_for_room(socket_.fd());
  }
  statistics.elapsed = since(begin);
  return statistics;
}

void FrameSender::start(const SendBounds& bounds, Next next) {
  bounds.check();
  stop();
  statistics_ = {};
  flow_ = Flow{bounds, std::move(next), std::chrono::steady_clock::now(), loop_.every(beat, [this] { tick(); })};
}

void FrameSender::stop() {
  if (!flow_) return;
  loop_.cancel(flow_->timer);
  flow_.reset();
}

void FrameSender::tick() {
  const auto elapsed = since(flow_->begin);
  if (elapsed < flow_->bounds.time) {
    const auto due = std::min(flow_->bounds.due(elapsed), statistics_.sent + budget_a_turn);
    send_until(due, flow_->next, statistics_);
  }
  statistics_.elapsed = since(flow_->begin);
  if (elapsed >= flow_->bounds.time || statistics_.sent == flow_->bounds.count) stop();
}

}  // namespace wirelab::raw
