#include "raw/phantom_host.hpp"

#include <algorithm>
#include <utility>

#include <linux/if_packet.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "raw/filter.hpp"
#include "raw/icmp.hpp"
#include "raw/icmp_reply.hpp"
#include "raw/patch.hpp"
#include "raw/receive.hpp"
#include "raw/route.hpp"

namespace wirelab::raw {
namespace {

constexpr int most_questions = 3;
constexpr std::size_t most_waiting = 64;  // packets for a next hop that has not answered yet

// A real card would throw away frames to a MAC that is not its own.
void take_all_frames(const PacketSocket& socket) {
  packet_mreq membership{};
  membership.mr_ifindex = static_cast<int>(socket.interface().index);
  membership.mr_type = PACKET_MR_PROMISC;
  set_option(socket.fd(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership, "take in all frames");
}

PacketSocket open_socket(const PhantomHost::Options& options, const Witness& witness) {
  if (options.mac.is_group()) throw BadInput("a host's MAC address is no group's");
  PacketSocket socket(options.interface, witness, station_filter(options.mac, options.address));
  take_all_frames(socket);
  return socket;
}

}  // namespace

PhantomHost::PhantomHost(const Place& place, const Options& options)
    : Station(place.loop, options.address),
      place_(place),
      options_(options),
      socket_(place.open([&] { return open_socket(options, place.witness); })),
      watch_(place.loop, socket_.fd(), [this] { read(); }) {}

PhantomHost::~PhantomHost() {
  for (auto& [address, hop] : next_hops_) loop().cancel(hop.timer);
}

void PhantomHost::send(Packet packet) {
  const auto address = next_hop_to(packet.destination().v4());
  auto& hop = next_hops_[address];
  if (hop.mac) return put_on_wire(packet, *hop.mac);
  if (hop.waiting.size() == most_waiting) {
    ++stats_.unreachable;
    return;
  }
  hop.waiting.push_back(std::move(packet));
  if (hop.questions == 0) ask(address);
}

Ipv4 PhantomHost::next_hop_to(Ipv4 destination) {
  const auto known = routes_.find(destination);
  if (known != routes_.end()) return known->second;
  const auto route = place_.open([&] { return route_to(destination, socket_.interface().index); });
  return routes_[destination] = route.next_hop.v4();
}

void PhantomHost::ask(Ipv4 address) {
  auto& hop = next_hops_[address];
  if (hop.questions == most_questions) {
    stats_.unreachable += hop.waiting.size();
    hop = {};
    return;
  }
  ++hop.questions;
  socket_.send(arp_frame({.operation = ArpOperation::request,
                          .sender_mac = mac(),
                          .sender_ip = this->address(),
                          .target_mac = {},
                          .target_ip = address},
                         Mac::broadcast()));
  hop.timer = loop().after(options_.neighbour_limit / most_questions, [this, address] { ask(address); });
}

void PhantomHost::put_on_wire(Packet& packet, const Mac& to) {
  set_link(packet, mac(), to);
  // What the kernel has no room for is lost, as it could be anywhere.
  socket_.offer(packet.from(Layer::ethernet));
}

void PhantomHost::read() {
  while (const auto arrival = socket_.receive()) {
    if (const auto arp = parse_arp(arrival->frame)) {
      on_arp(*arp);
    } else {
      on_packet(arrival->frame);
    }
  }
}

void PhantomHost::on_arp(const Arp& arp) {
  if (arp.operation == ArpOperation::request && arp.target_ip == address()) {
    ++stats_.arp_answered;
    socket_.send(arp_frame({.operation = ArpOperation::reply,
                            .sender_mac = mac(),
                            .sender_ip = address(),
                            .target_mac = arp.sender_mac,
                            .target_ip = arp.sender_ip},
                           arp.sender_mac));
  }
  // Only who was asked is believed.
  const auto found = next_hops_.find(arp.sender_ip);
  if (arp.operation != ArpOperation::reply || found == next_hops_.end() || found->second.questions == 0) return;
  auto& hop = found->second;
  loop().cancel(hop.timer);
  hop.mac = arp.sender_mac;
  hop.questions = 0;
  for (auto& packet : std::exchange(hop.waiting, {})) put_on_wire(packet, *hop.mac);
}

void PhantomHost::on_packet(ByteView frame) {
  const auto packet = frame.subspan(std::min(frame.size(), ethernet_header_size));
  if (options_.answers_echo && answer_echo(frame)) return;
  deliver(packet);
}

// To where it came from, so that no route is needed for whatever source a packet claims.
bool PhantomHost::answer_echo(ByteView frame) {
  const auto parsed = parse_icmp(frame.subspan(ethernet_header_size));
  const auto* const request = std::get_if<IcmpMessage>(&parsed);
  if (request == nullptr || request->kind != ReplyKind::echo_request) return false;
  auto reply =
      echo_reply({.source = address(), .destination = request->from},
                 {.identifier = request->identifier, .sequence = request->sequence, .payload = request->payload});
  put_on_wire(reply, Mac::from_bytes(frame.subspan(Mac::size)));
  ++stats_.echo_answered;
  return true;
}

}  // namespace wirelab::raw
