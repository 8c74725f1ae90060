#include "raw/go_between.hpp"

#include <algorithm>
#include <utility>

namespace wirelab::raw {
namespace {

constexpr std::size_t source_at = ethernet_header_size + 12;
constexpr std::size_t destination_at = ethernet_header_size + 16;

PacketSocket open_socket(const std::string& interface, const Witness& witness) {
  return {interface, witness, ipv4_filter(interface_named(interface).mac)};
}

}  // namespace

GoBetween::GoBetween(const Place& place, const std::string& interface, Identity one, Identity other)
    : one_(std::move(one)),
      other_(std::move(other)),
      socket_(place.open([&] { return open_socket(interface, place.witness); })),
      watch_(place.loop, socket_.fd(), [this] { read(); }) {}

void GoBetween::read() {
  while (const auto arrival = socket_.receive()) {
    const auto* receiver = receiver_of(arrival->frame);
    if (receiver == nullptr) continue;
    if (on_packet) on_packet(arrival->frame.subspan(ethernet_header_size));
    auto frame = copy_of(arrival->frame);
    std::ranges::copy(receiver->mac.bytes(), frame.begin());
    std::ranges::copy(socket_.interface().mac.bytes(), frame.begin() + Mac::size);
    // What the kernel has no room for is lost, as it could be anywhere.
    if (socket_.offer(frame)) ++passed_on_;
  }
}

// Null if the packet is not from one of the two to the other.
const Identity* GoBetween::receiver_of(ByteView frame) const {
  if (frame.size() < ethernet_header_size + ipv4_header_size) return nullptr;
  const auto source = Ipv4::from_bytes(frame.subspan(source_at));
  const auto destination = Ipv4::from_bytes(frame.subspan(destination_at));
  if (source == one_.address.v4() && destination == other_.address.v4()) return &other_;
  if (source == other_.address.v4() && destination == one_.address.v4()) return &one_;
  return nullptr;
}

}  // namespace wirelab::raw
