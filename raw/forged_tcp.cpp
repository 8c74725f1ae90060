#include "raw/forged_tcp.hpp"

#include <algorithm>
#include <utility>

#include "raw/patch.hpp"
#include "raw/tcp_segment.hpp"
#include "raw/unowned_port.hpp"

namespace wirelab::raw {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

// Also when a send or a callback throws.
struct Finally {
  bool& flag;
  ~Finally() { flag = false; }
};

}  // namespace

ForgedTcp::ForgedTcp(Station& station, const Endpoint& peer, std::mt19937_64& random, Events events,
                     const TcpMachine::Options& options)
    : station_(station),
      peer_(peer),
      events_(std::move(events)),
      options_(complete(options, station, peer, random)),
      machine_(options_),
      ip_id_(static_cast<std::uint16_t>(random() >> 48)),
      listener_(station, [this](ByteView packet) { arrived(packet); }) {}

ForgedTcp::~ForgedTcp() { station_.loop().cancel(timer_); }

TcpMachine::Options ForgedTcp::complete(TcpMachine::Options options, const Station& station, const Endpoint& peer,
                                        std::mt19937_64& random) {
  if (number(options.source) == 0) options.source = unowned_port(random);
  options.destination = peer.port;
  options.initial = {static_cast<std::uint32_t>(random() >> 32)};
  options.timestamp_offset = static_cast<std::uint32_t>(random() >> 32);
  const auto room = std::min<std::uint32_t>(station.mtu(), 65535) - ipv4_header_size - tcp_header_size;
  options.mss = static_cast<std::uint16_t>(std::min<std::size_t>(options.mss, room));
  return options;
}

void ForgedTcp::connect() {
  machine_.connect(now());
  flush();
}

void ForgedTcp::send(ByteView bytes) {
  if (closing_ || machine_.end()) return;
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  refill();
  flush();
}

bool ForgedTcp::send_pieces(ByteView bytes, std::span<const Part> parts) {
  if (closing_ || !waiting_.empty()) return false;
  const bool sent = machine_.send_pieces(bytes, parts, now());
  flush();
  return sent;
}

void ForgedTcp::set_reading(bool on) {
  reading_ = on;
  if (on && machine_.receiver().ready() > 0) read();
  flush();
}

void ForgedTcp::close() {
  closing_ = true;
  refill();
  flush();
}

void ForgedTcp::abort() {
  closing_ = true;
  machine_.abort(now());
  flush();
}

void ForgedTcp::arrived(ByteView packet) {
  const auto header = read_ip_header(packet);
  if (!std::holds_alternative<IpHeader>(header) || std::get<IpHeader>(header).protocol != protocol_tcp) return;
  const auto parsed = parse_tcp(packet);
  const auto* const arrival = std::get_if<TcpArrival>(&parsed);
  if (arrival == nullptr) {
    ++malformed_;
    return;
  }
  const auto& segment = arrival->segment;
  if (arrival->from != peer_.address || segment.source != peer_.port || segment.destination != options_.source) return;
  machine_.arrive(segment, now());
  flush();
}

// Gives the machine what it has room for, and the end behind it.
void ForgedTcp::refill() {
  const auto taken = machine_.send(ByteView(waiting_).subspan(waiting_from_), now());
  waiting_from_ += taken;
  if (waiting_from_ < waiting_.size() && !machine_.end()) return;
  waiting_.clear();
  waiting_from_ = 0;
  if (closing_) machine_.close(now());
}

// Sends what came out of the machine and tells what happened, until neither brings anything new.
void ForgedTcp::flush() {
  if (std::exchange(flushing_, true)) return;
  const Finally not_flushing{flushing_};
  for (;;) {
    send_segments();
    const auto events = machine_.take_events();
    if (events.empty()) break;
    for (const auto event : events) tell(event);
  }
  set_timer();
}

void ForgedTcp::send_segments() {
  for (const auto& segment : machine_.take_segments()) {
    ip_id_ = next_ip_id(ip_id_);
    station_.send(tcp_packet({.source = station_.address(), .destination = peer_.address, .ip_id = ip_id_}, segment));
  }
}

void ForgedTcp::tell(TcpEvent event) {
  switch (event) {
    case TcpEvent::opened:
      if (events_.on_open) events_.on_open();
      break;
    case TcpEvent::readable:
      if (reading_) read();
      break;
    case TcpEvent::peer_ended:
      if (events_.on_end) {
        events_.on_end();
      } else {
        close();
      }
      break;
    case TcpEvent::writable:
      refill();
      break;
    case TcpEvent::closed:
      if (events_.on_close) events_.on_close(*machine_.end());
      break;
  }
}

void ForgedTcp::read() {
  const auto bytes = machine_.read(now());
  if (!bytes.empty() && events_.on_data) events_.on_data(bytes);
}

void ForgedTcp::set_timer() {
  const auto deadline = machine_.deadline();
  if (deadline == timer_at_) return;
  station_.loop().cancel(timer_);
  timer_at_ = deadline;
  if (!deadline) return;
  timer_ = station_.loop().at(*deadline, [this] {
    timer_at_.reset();
    machine_.tick(now());
    flush();
  });
}

}  // namespace wirelab::raw
