#include "scenarios/arp_talk.hpp"

namespace wirelab::scenarios::arp_talk {

using capture::Decoded;
using capture::Packet;
using raw::ArpOperation;

Arp request(const Identity& sender, const IpAddress& target) {
  return {ArpOperation::request, sender.mac, sender.address.v4(), {}, target.v4()};
}

Arp probe(const Mac& sender, const IpAddress& target) { return request({Ipv4(), sender}, target); }

Arp announcement(const Identity& of) { return request(of, of.address); }

Arp reply(const Identity& sender, const Identity& target) {
  return {ArpOperation::reply, sender.mac, sender.address.v4(), target.mac, target.address.v4()};
}

Arp gratuitous_reply(const Identity& of) { return reply(of, of); }

capture::Trace::Fits is(const Arp& made) {
  return [made](const Packet&, const Decoded& packet) {
    const auto& arp = packet.arp;
    return arp && ArpOperation{arp->operation} == made.operation && arp->sender_mac == made.sender_mac &&
           arp->sender_ip == made.sender_ip && arp->target_mac == made.target_mac && arp->target_ip == made.target_ip;
  };
}

capture::Trace::Fits answers(const Arp& question) {
  return [question](const Packet&, const Decoded& packet) {
    const auto& arp = packet.arp;
    return arp && arp->operation == capture::Arp::reply && arp->sender_ip == question.target_ip &&
           arp->target_mac == question.sender_mac && arp->target_ip == question.sender_ip;
  };
}

}  // namespace wirelab::scenarios::arp_talk
