#include "raw/station.hpp"

#include <utility>

namespace wirelab::raw {

Station::Listener::Listener(Station& station, OnPacket on_packet) : station_(station), id_(++station.last_id_) {
  station_.listeners_.emplace(id_, std::move(on_packet));
}

void Station::deliver(ByteView packet) {
  // One may go while another is called, or while it is called itself.
  for (auto next = listeners_.begin(); next != listeners_.end();) {
    const auto id = next->first;
    const auto call = next->second;
    call(packet);
    next = listeners_.upper_bound(id);
  }
}

}  // namespace wirelab::raw
