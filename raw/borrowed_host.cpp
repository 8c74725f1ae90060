#include "raw/borrowed_host.hpp"

#include <algorithm>

#include "raw/filter.hpp"

namespace wirelab::raw {
namespace {

PacketSocket open_frames(const std::string& interface, Ipv4 address) {
  const auto mac = interface_named(interface).mac;
  return PacketSocket(interface, {}, station_filter(mac, address));
}

}  // namespace

BorrowedHost::BorrowedHost(const Place& place, const std::string& interface, Ipv4 address)
    : Station(place.loop, address),
      packets_(place.open([&] { return RawIpSocket(IpVersion::v4, place.witness); })),
      frames_(place.open([&] { return open_frames(interface, address); })),
      watch_(place.loop, frames_.fd(), [this] { read(); }) {}

void BorrowedHost::read() {
  while (const auto arrival = frames_.receive())
    deliver(arrival->frame.subspan(std::min(arrival->frame.size(), ethernet_header_size)));
}

}  // namespace wirelab::raw
