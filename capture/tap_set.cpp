#include "capture/tap_set.hpp"

#include <algorithm>
#include <future>
#include <iterator>

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;

// A frame gets its stamp a moment before it lies in the ring; only what is older than this can be missed by no look.
constexpr Duration stamping = 200us;
// How soon to look again for what still waits.
constexpr Duration patience = 250us;
constexpr std::size_t smallest_ring = std::size_t{512} << 10, largest_ring = std::size_t{8} << 20;

}  // namespace

// All at once: opening a packet socket is mostly waiting for the kernel's other processors, 13 ms for one and for ten.
void TapSet::open(std::size_t buffer) {
  Tap::Options options;
  options.buffer = std::clamp(buffer / std::max<std::size_t>(places_.size(), 1), smallest_ring, largest_ring);
  std::vector<std::future<std::unique_ptr<Tap>>> opening;
  for (std::size_t index = 0; index < places_.size(); ++index) {
    opening.push_back(std::async(std::launch::async, [&place = places_[index], index, &options] {
      return std::make_unique<Tap>(*place.host, place.interface, index, options);
    }));
  }
  for (auto& tap : opening) taps_.push_back(tap.get());
  read_until_.assign(taps_.size(), stamp_now());
}

void TapSet::join_loop() {
  for (auto& tap : taps_) {
    tokens_.push_back(loop_.add(tap->fd(), {.read = true}, [this, &tap = *tap](Ready) {
      tap.read(keep_);
      settle();
    }));
  }
}

void TapSet::leave_loop() {
  for (const auto token : tokens_) loop_.remove(token);
  tokens_.clear();
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
}

void TapSet::stop() {
  leave_loop();
  for (auto& tap : taps_) tap->drain(keep_);
  statistics_ = statistics();
  close();
  hand_on(Stamp(Duration::max()));
}

// All at once, as they were opened.
void TapSet::close() {
  std::vector<std::future<void>> closing;
  for (auto& tap : taps_) closing.push_back(std::async(std::launch::async, [&tap] { tap.reset(); }));
  for (auto& closed : closing) closed.get();
  taps_.clear();
}

void TapSet::read_all() {
  for (auto& tap : taps_) tap->read(keep_);
  settle();
}

// Hands on what is settled, and looks again soon if that was not all.
void TapSet::settle() {
  if (!timer_ && !waiting_.empty()) {
    timer_ = loop_.after(patience, [this] {
      timer_.reset();
      read_all();
    });
  }
  hand_on(settled_until());
}

// Up to when every packet has been read: of a tap that is dry up to now, else up to the last one that it gave.
Stamp TapSet::settled_until() {
  Stamp until = stamp_now();
  for (std::size_t tap = 0; tap < taps_.size(); ++tap) {
    if (!taps_[tap]->is_dry()) until = std::min(until, read_until_[tap]);
  }
  return until - stamping;
}

void TapSet::hand_on(Stamp until) {
  std::ranges::stable_sort(waiting_, {}, &Packet::stamp);
  const auto end = std::ranges::upper_bound(waiting_, until, {}, &Packet::stamp);
  std::vector<Packet> settled(std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  if (!settled.empty()) arrived_(std::move(settled));
}

std::vector<TapInfo> TapSet::infos() const {
  std::vector<TapInfo> infos;
  for (const auto& tap : taps_) infos.push_back(tap->info());
  return infos;
}

std::vector<TapStatistics> TapSet::statistics() {
  if (taps_.empty()) return statistics_;
  std::vector<TapStatistics> statistics;
  for (auto& tap : taps_) statistics.push_back(tap->statistics());
  return statistics;
}

}  // namespace wirelab::capture
