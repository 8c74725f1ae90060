#include "capture/trace.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "capture/emulation.hpp"
#include "capture/lab_names.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;

// A link decides as a frame reaches it, a moment after the tap saw it; on a busy machine that may take a while.
constexpr Duration until_links_have_told = 20ms;

bool is_emulated(const Topology& topology) { return !links_lines(topology).empty(); }

// How long a packet may take to where it is seen again.
Duration longest_between_taps(const Topology& topology) {
  Duration time = 1s;
  for (const auto& segment : topology.segments()) {
    Duration longest{};
    for (const auto& member : segment.members)
      longest = std::max(longest, topology.node(member.node).interfaces[member.index].impairment.longest());
    time += longest;
  }
  return time;
}

}  // namespace

Trace::Trace(Lab& lab, Options options)
    : lab_(lab),
      options_(std::move(options)),
      taps_(lab.loop(), [this](std::vector<Packet> packets) { enter(std::move(packets)); }),
      links_tell_(is_emulated(lab.topology())),
      matcher_(options_.across, longest_between_taps(lab.topology())),
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
      // What an emulated link takes is seen before it, whoever sent it.
      if (!node.forwards || stands_in || !interface.impairment.is_none()) add_tap(node.name, interface.name);
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
  info_.comment += links_lines(lab_.topology());
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
  if (state_ == State::running) lab_.hear_links();
  for (auto& packet : packets) {
    hear_links(packet.stamp);
    enter(std::move(packet));
  }
  write_until(complete_until());
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
  if (match.copy) packet.comments.push_back(copy_comment());
  packet.frame = packets_.size() + 1;
  packets_.push_back(std::move(packet));
}

// A forged frame may carry any source MAC; who announced it has sent it, and to all others it came in.
void Trace::correct_direction(Packet& packet, const Journal::Forged* forged) const {
  if (forged == nullptr || forged->layer != Journal::Layer::ethernet) return;
  const bool is_sender = forged->host == taps_.host_of(packet.tap);
  packet.direction = is_sender ? Direction::outbound : Direction::inbound;
}

void Trace::hear_links(Stamp until) {
  const auto& told = lab_.journal().emulated();
  const auto before = heard_;
  for (; heard_ < told.size() && told[heard_].when <= until; ++heard_) tell_fate(told[heard_]);
  lab_.journal().drop_emulated_bytes(before, heard_);
}

void Trace::tell_fate(const EmulatedFrame& frame) {
  const auto place = std::ranges::find(info_.taps, fmt::format("{}:{}", frame.host, frame.interface), &TapInfo::name);
  std::optional<std::size_t> tap;
  if (place != info_.taps.end()) tap = static_cast<std::size_t>(place - info_.taps.begin());
  const Decoded decoded = decode(frame.bytes, LinkType::ethernet);
  const auto id = matcher_.last(tap, decoded);
  if (!id) return;
  packets_[sighting_of(*id, tap)].comments.push_back(link_comment(frame, lab_.options().seed));
  if (is_dropped(frame.fate)) matcher_.lost(*id, decoded);
  if (frame.fate == EmulatedFrame::Fate::duplicated) matcher_.copied(*id, decoded);
}

// Where the packet was seen last: by that tap, or by any if it never was there.
std::size_t Trace::sighting_of(std::uint64_t id, std::optional<std::size_t> tap) const {
  std::size_t last = first_sightings_[id - 1];
  for (auto at = last; at < packets_.size(); ++at) {
    if (packets_[at].id == id && (!tap || packets_[at].tap == *tap)) last = at;
  }
  return last;
}

// Up to where nothing more will be said of packets. The last one is held back in any case: it may have to tell the
// steps that nothing follows.
std::size_t Trace::complete_until() const {
  if (!links_tell_) return packets_.size() - 1;
  const auto settled = std::ranges::lower_bound(packets_, stamp_now() - until_links_have_told, {}, &Packet::stamp);
  return std::min(static_cast<std::size_t>(settled - packets_.begin()), packets_.size() - 1);
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
  lab_.hear_links();  // for the last time: every frame that it tells of has been seen by the taps
  taps_.stop();
  hear_links(Stamp::max());
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
