#include "capture/deed.hpp"

#include <map>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "capture/describe.hpp"
#include "capture/payload_text.hpp"
#include "capture/stream_text.hpp"
#include "capture/tcp_side.hpp"
#include "lab/stack/frame_decoder.hpp"

namespace wirelab::capture {
namespace {

using Kind = Deed::Kind;

// How what is said of a segment begins.
constexpr std::string_view ports_mark = " ports ", length_mark = " len ";

// One TCP connection, or all datagrams between two ends.
struct Conversation {
  std::size_t number = 0;
  TcpSide low, high;  // by endpoint
  bool ended = false;
};

bool is_readable(const Decoded& packet) {
  const auto* tcp = packet.tcp();
  const auto* udp = packet.udp();
  if (packet.malformed || (packet.ip && packet.ip->checksum == Checksum::wrong)) return false;
  if (tcp != nullptr) return !tcp->cut && !(tcp->checksum == Checksum::wrong);
  return udp != nullptr && !(udp->checksum == Checksum::wrong);
}

class Chronicle {
 public:
  void add(const Decoded& packet);
  std::vector<Deed> take();

 private:
  using Ends = std::tuple<std::uint8_t, Endpoint, Endpoint>;  // protocol, low, high
  Conversation& conversation_of(const Decoded& packet, const Endpoint& low, const Endpoint& high);
  void add_tcp(Deed& deed, const Tcp& tcp, Conversation& conversation);
  void name_contents(const TcpSide& side);

  std::vector<Deed> deeds_;
  std::map<Ends, std::size_t> latest_;  // into conversations_
  std::vector<Conversation> conversations_;
};

Conversation& Chronicle::conversation_of(const Decoded& packet, const Endpoint& low, const Endpoint& high) {
  const auto* tcp = packet.tcp();
  const auto [found, is_new] = latest_.try_emplace({packet.ip->protocol, low, high}, conversations_.size());
  // The ports of a connection that has ended may serve another one.
  const bool reopens =
      !is_new && tcp != nullptr && tcp->flags.syn && !tcp->flags.ack && conversations_[found->second].ended;
  if (reopens) found->second = conversations_.size();
  if (is_new || reopens) conversations_.emplace_back().number = found->second;
  return conversations_[found->second];
}

void add_udp(Deed& deed, const Udp& udp) {
  const auto datagram = decode_datagram(udp.payload);
  const auto* frame = std::get_if<Frame>(&datagram);
  const auto* error = std::get_if<FrameError>(&datagram);
  deed.head = "UDP";
  deed.bytes = static_cast<std::uint32_t>(udp.payload.size());
  const bool was_meant = frame != nullptr || looks_like_frame(udp.payload);
  deed.kind = was_meant ? Kind::message : Kind::data;
  deed.said = frame != nullptr ? " frame " + frame_text(*frame) : fmt::format("{}{}", length_mark, deed.bytes);
  if (frame == nullptr && was_meant) deed.said += fmt::format(", no frame: {}", to_string(error->fault));
  if (frame != nullptr) deed.gist = fmt::format("type:{}", printable(frame->value("type").value_or("")));
}

void Chronicle::add(const Decoded& packet) {
  auto& deed = deeds_.emplace_back();
  const auto source = packet.source(), destination = packet.destination();
  if (!source || !destination || packet.ip->is_fragment() || !is_readable(packet)) return;
  deed.from_low = *source < *destination;
  auto& conversation =
      deed.from_low ? conversation_of(packet, *source, *destination) : conversation_of(packet, *destination, *source);
  deed.conversation = conversation.number;
  deed.source = source->port;
  deed.destination = destination->port;
  if (const auto* udp = packet.udp()) return add_udp(deed, *udp);
  add_tcp(deed, *packet.tcp(), conversation);
}

void Chronicle::add_tcp(Deed& deed, const Tcp& tcp, Conversation& conversation) {
  auto& sender = deed.from_low ? conversation.low : conversation.high;
  auto& receiver = deed.from_low ? conversation.high : conversation.low;
  const auto verdict = sender.send(tcp, receiver, deeds_.size() - 1);
  conversation.ended = conversation.ended || tcp.flags.rst || (sender.has_ended() && receiver.has_ended());
  deed.kind = verdict.kind;
  deed.bytes = tcp.length;
  deed.is_reset = tcp.flags.rst;
  deed.head = fmt::format("TCP [{}]", letters_of(tcp.flags));
  deed.numbers = verdict.numbers;
  if (tcp.flags.syn) deed.said = fmt::format("{}{} > {}", ports_mark, tcp.source, tcp.destination);
  if (tcp.length > 0) deed.said += fmt::format("{}{}", length_mark, tcp.length);
  if (!verdict.note.empty()) deed.said += fmt::format(", {}", verdict.note);
}

// What is said instead of the mere length.
void Chronicle::name_contents(const TcpSide& side) {
  const auto contents = read_stream(side.pieces(), side.is_from_start());
  for (std::size_t i = 0; i < contents.size(); ++i) {
    auto& deed = deeds_[side.packets()[i]];
    const auto& carried = contents[i];
    deed.part_of = carried.part_of;
    if (carried.text.empty()) continue;
    const auto length = fmt::format("{}{}", length_mark, deed.bytes);
    const auto at = deed.said.find(length);
    if (at != std::string::npos) deed.said.replace(at, length.size(), ' ' + carried.text);
    if (deed.kind != Kind::data || !carried.ends) continue;
    deed.kind = Kind::message;
    deed.gist = carried.gist;
    deed.frame = carried.frame;
  }
}

std::vector<Deed> Chronicle::take() {
  for (const auto& conversation : conversations_) {
    name_contents(conversation.low);
    name_contents(conversation.high);
  }
  return std::move(deeds_);
}

// What a reader needs the numbers for.
bool needs_numbers(const Deed& deed) {
  switch (deed.kind) {
    case Kind::closing:
    case Kind::acknowledgement:
      return true;
    case Kind::odd:
      return !deed.said.starts_with(ports_mark);
    case Kind::data:
      return deed.said.starts_with(length_mark);
    default:
      return false;
  }
}

}  // namespace

std::string Deed::text(bool with_numbers) const {
  // What a frame says matters more than the flags of the segment that it came in.
  if (kind == Kind::message && !with_numbers) return head.substr(0, head.find(' ')) + said;
  return head + (with_numbers || needs_numbers(*this) ? numbers : "") + said;
}

std::vector<Deed> deeds_of(const std::vector<const Decoded*>& packets) {
  Chronicle chronicle;
  for (const Decoded* packet : packets) chronicle.add(*packet);
  return chronicle.take();
}

}  // namespace wirelab::capture
