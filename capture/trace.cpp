#include "capture/trace.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "capture/lab_names.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {

Trace::Trace(Lab& lab, Options options)
    : lab_(lab),
      options_(std::move(options)),
      taps_(lab.loop(), [this](std::vector<Packet> packets) { enter(std::move(packets)); }),
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
  taps_.add(place, place.interface(interface).name);
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
  taps_.open(options_.buffer);
  describe_run();
  files_.open(info_, options_.merged, options_.folder);
  listen_to_steps();
  taps_.join_loop();
  state_ = State::running;
}

void Trace::describe_run() {
  utsname system{};
  if (::uname(&system) == 0) {
    info_.hardware = system.machine;
    info_.system = fmt::format("{} {}", system.sysname, system.release);
  }
  info_.taps = taps_.infos();
  info_.application = options_.application;
  info_.comment = options_.comment;
  if (!info_.comment.empty() && info_.comment.back() != '\n') info_.comment += '\n';
  info_.comment += hosts_line(drawing_order(lab_.topology()));
  info_.names = names_in(lab_.topology());
}

// The hook stays in the journal; it does nothing when the trace is gone.
void Trace::listen_to_steps() {
  const std::weak_ptr<Narration> narration = narration_;
  lab_.journal().on_step = [narration, &loop = lab_.loop(), next = lab_.journal().on_step](const Journal::Step& step) {
    if (const auto listener = narration.lock()) listener->told(loop.stats().waits);
    if (next) next(step);
  };
}

void Trace::enter(std::vector<Packet> packets) {
  for (auto& packet : packets) enter(std::move(packet));
  // The last packet is held back: it may have to tell the steps that nothing follows.
  write_until(packets_.size() - 1);
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
  const bool is_sender = forged->host == taps_.host_of(packet.tap);
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
  taps_.stop();
  if (!packets_.empty()) {
    auto& comments = packets_.back().comments;
    for (const auto& step : narration_->rest()) comments.push_back(fmt::format("{}{}", afterwards, step));
  }
  write_until(packets_.size());
  files_.finish(statistics());
}

std::uint64_t Trace::lost() {
  std::uint64_t lost = 0;
  for (const auto& tap : statistics()) lost += tap.dropped.value_or(0);
  return lost;
}

}  // namespace wirelab::capture
