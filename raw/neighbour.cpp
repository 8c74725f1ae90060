#include "raw/neighbour.hpp"

namespace wirelab::raw {
namespace {

constexpr int questions = 3;

Bytes question(const Mac& mac, const IpAddress& source, const IpAddress& target) {
  if (target.is_v6()) return neighbour_solicitation(mac, source.v6(), target.v6());
  return arp_frame({.operation = ArpOperation::request,
                    .sender_mac = mac,
                    .sender_ip = source.v4(),
                    .target_mac = {},
                    .target_ip = target.v4()},
                   Mac::broadcast());
}

}  // namespace

NeighbourAsker::NeighbourAsker(const Place& place, const std::string& interface)
    : loop_(place.loop),
      socket_(place.open([&] { return PacketSocket(interface, place.witness, neighbour_filter()); })),
      watch_(place.loop, socket_.fd(), [this] { read(); }) {}

std::optional<NeighbourAsker::Answer> NeighbourAsker::ask(const IpAddress& source, const IpAddress& target,
                                                          Duration limit) {
  const auto frame = question(interface().mac, source, target);
  wanted_ = target;
  answer_.reset();
  for (int i = 0; i < questions && !answer_; ++i) {
    asked_ = socket_.send(frame);
    loop_.run_until([this] { return answer_.has_value(); }, limit / questions);
  }
  return answer_;
}

void NeighbourAsker::read() {
  while (const auto arrival = socket_.receive()) {
    const auto neighbour = parse_neighbour(arrival->frame);
    if (neighbour && neighbour->address == wanted_ && !answer_)
      answer_ = {.mac = neighbour->mac, .rtt = arrival->stamp - asked_};
  }
}

}  // namespace wirelab::raw
