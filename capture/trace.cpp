#include "capture/trace.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "capture/lab_names.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;

// A frame gets its stamp a moment before it lies in the ring; only what is older than this can be missed by no look.
constexpr Duration stamping = 200us;
// How soon to look again for what still waits.
constexpr Duration patience = 250us;
constexpr std::size_t smallest_ring = std::size_t{512} << 10, largest_ring = std::size_t{8} << 20;

constexpr Stamp end_of_time{Duration::max()};

}  // namespace

Trace::Trace(Lab& lab, Options options)
    : lab_(lab),
      options_(std::move(options)),
      matcher_(options_.across),
      origins_(lab.journal(), names_in(lab.topology())),
      narration_(std::make_shared<Narration>(lab.journal())) {}

Trace::~Trace() {
  try {
    finish();
  } catch (...) {  // NOLINT(bugprone-empty-catch): who wants to know has called finish()
  }
}

void Trace::add_tap(std::string_view host, std::string_view interface) {
  if (state_ != State::prepared) throw std::logic_error("a tap is added before the trace starts");
  const Host& place = lab_.host(host);
  places_.push_back({&place, place.interface(interface).name});
}

void Trace::add_all_taps() {
  const Topology& topology = lab_.topology();
  const auto is_router = [&](const Topology::InterfaceId& member) { return topology.node(member.node).forwards; };
  for (std::size_t index = 0; index < topology.nodes().size(); ++index) {
    const auto& node = topology.nodes()[index];
    for (const auto& interface : node.interfaces) {
      const auto& members = topology.segment(interface.segment).members;
      const bool stands_in = std::ranges::all_of(members, is_router) && members.front().node.index == index;
      if (!node.forwards || stands_in) add_tap(node.name, interface.name);
    }
  }
}

void Trace::start() {
  if (state_ != State::prepared) throw std::logic_error("a trace starts once");
  describe_run();
  open_taps();
  files_.open(info_, options_.merged, options_.folder);
  listen_to_steps();
  join_loop();
  state_ = State::running;
}

void Trace::describe_run() {
  utsname system{};
  if (::uname(&system) == 0) {
    info_.hardware = system.machine;
    info_.system = fmt::format("{} {}", system.sysname, system.release);
  }
  info_.application = options_.application;
  info_.comment = options_.comment;
  if (!info_.comment.empty() && info_.comment.back() != '\n') info_.comment += '\n';
  info_.comment += hosts_line(drawing_order(lab_.topology()));
  info_.names = names_in(lab_.topology());
}

// All at once, since most of the time the kernel waits for its other processors.
void Trace::open_taps() {
  Tap::Options options;
  options.buffer = std::clamp(options_.buffer / std::max<std::size_t>(places_.size(), 1), smallest_ring, largest_ring);
  std::vector<std::future<std::unique_ptr<Tap>>> opening;
  for (std::size_t index = 0; index < places_.size(); ++index) {
    opening.push_back(std::async(std::launch::async, [&place = places_[index], index, &options] {
      return std::make_unique<Tap>(*place.host, place.interface, index, options);
    }));
  }
  for (auto& tap : opening) {
    taps_.push_back(tap.get());
    info_.taps.push_back(taps_.back()->info());
  }
  read_until_.assign(taps_.size(), stamp_now());
}

// The hook stays in the journal; it does nothing when the trace is gone.
void Trace::listen_to_steps() {
  const std::weak_ptr<Narration> narration = narration_;
  lab_.journal().on_step = [narration, &loop = lab_.loop(), next = lab_.journal().on_step](const Journal::Step& step) {
    if (const auto listener = narration.lock()) listener->told(loop.stats().waits);
    if (next) next(step);
  };
}

void Trace::join_loop() {
  for (auto& tap : taps_) {
    tokens_.push_back(lab_.loop().add(tap->fd(), {.read = true}, [this, &tap = *tap](Ready) {
      tap.read(keeper());
      settle();
    }));
  }
}

void Trace::collect() {
  for (auto& tap : taps_) tap->read(keeper());
  settle();
}

Tap::Sink Trace::keeper() {
  return [this](const PacketView& view) {
    read_until_[view.tap] = std::max(read_until_[view.tap], view.stamp);
    waiting_.push_back({.tap = view.tap,
                        .stamp = view.stamp,
                        .original_length = view.original_length,
                        .bytes = copy_of(view.bytes),
                        .direction = view.direction});
  };
}

// Takes in what no tap can still hold an earlier packet of, and looks again soon if that was not all.
void Trace::settle() {
  merge(settled_until());
  if (waiting_.empty() || timer_) return;
  timer_ = lab_.loop().after(patience, [this] {
    timer_.reset();
    collect();
  });
}

// Up to when every packet has been read: of a tap that is dry up to now, else up to the last one it gave.
Stamp Trace::settled_until() {
  Stamp until = stamp_now();
  for (std::size_t tap = 0; tap < taps_.size(); ++tap) {
    if (!taps_[tap]->is_dry()) until = std::min(until, read_until_[tap]);
  }
  return until - stamping;
}

void Trace::merge(Stamp until) {
  std::ranges::stable_sort(waiting_, {}, &Packet::stamp);
  const auto end = std::ranges::upper_bound(waiting_, until, {}, &Packet::stamp);
  for (auto packet = waiting_.begin(); packet != end; ++packet) enter(std::move(*packet));
  waiting_.erase(waiting_.begin(), end);
  // The last packet is held back: it may have to tell the steps that nothing follows.
  if (!packets_.empty()) write_until(packets_.size() - 1);
}

void Trace::enter(Packet packet) {
  const Decoded decoded = decode(packet, info_.taps[packet.tap].link);
  const auto match = matcher_.match(packet.tap, packet.stamp, decoded);
  const auto verdict = origins_.tell(decoded);
  packet.id = match.id;
  if (match.first) first_sightings_.push_back(packets_.size());
  // What a router passes on is still whose it was.
  const Origin inherited = match.first ? Origin::unknown : packets_[first_sightings_[match.id - 1]].origin;
  packet.origin = inherited != Origin::unknown ? inherited : verdict.origin;
  correct_direction(packet, verdict.forged);
  packet.comments = narration_->before(packet, decoded, match.first);
  packet.frame = packets_.size() + 1;
  packets_.push_back(std::move(packet));
}

// A forged frame may carry any source MAC; who announced it has sent it, and to all others it came in.
void Trace::correct_direction(Packet& packet, const Journal::Forged* forged) const {
  if (forged == nullptr || forged->layer != Journal::Layer::ethernet) return;
  const bool is_sender = forged->host == places_[packet.tap].host->name();
  packet.direction = is_sender ? Direction::outbound : Direction::inbound;
}

// A failure is told once; the trace goes on in memory.
void Trace::write_until(std::size_t end) {
  try {
    for (; written_ < end; ++written_) files_.write(packets_[written_]);
    files_.flush();
  } catch (...) {
    files_.abandon();
    throw;
  }
}

const Packet* Trace::await(const Fits& fits, Duration limit, Stamp since) {
  auto next =
      static_cast<std::size_t>(std::ranges::lower_bound(packets_, since, {}, &Packet::stamp) - packets_.begin());
  const Packet* found = nullptr;
  lab_.wait_until(
      [&] {
        for (; found == nullptr && next < packets_.size(); ++next) {
          const Packet& packet = packets_[next];
          const bool is_meant = packet.stamp >= since && fits(packet, decode(packet, info_.taps[packet.tap].link));
          if (is_meant) found = &packet;
        }
        return found != nullptr;
      },
      limit);
  return found;
}

void Trace::finish() {
  if (std::exchange(state_, State::finished) != State::running) return;
  close_taps();
  merge(end_of_time);
  if (!packets_.empty()) {
    auto& comments = packets_.back().comments;
    for (const auto& step : narration_->rest()) comments.push_back(fmt::format("{}{}", afterwards, step));
  }
  write_until(packets_.size());
  files_.finish(statistics_);
}

void Trace::close_taps() {
  for (const auto token : tokens_) lab_.loop().remove(token);
  if (timer_) lab_.loop().cancel(*timer_);
  for (auto& tap : taps_) tap->drain(keeper());
  statistics_ = statistics();
  // All at once, as they were opened.
  std::vector<std::future<void>> closing;
  for (auto& tap : taps_) closing.push_back(std::async(std::launch::async, [&tap] { tap.reset(); }));
  for (auto& closed : closing) closed.get();
  taps_.clear();
}

std::vector<TapStatistics> Trace::statistics() {
  if (taps_.empty()) return statistics_;
  std::vector<TapStatistics> statistics;
  for (auto& tap : taps_) statistics.push_back(tap->statistics());
  return statistics;
}

std::uint64_t Trace::lost() {
  std::uint64_t lost = 0;
  for (const auto& tap : statistics()) lost += tap.dropped.value_or(0);
  return lost;
}

}  // namespace wirelab::capture
