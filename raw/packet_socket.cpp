#include "raw/packet_socket.hpp"

#include <utility>

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>

#include "lab/base/error.hpp"
#include "raw/receive.hpp"

namespace wirelab::raw {
namespace {

constexpr std::size_t largest_frame = 65535 + ethernet_header_size;

Interface ethernet_interface(const std::string& name) {
  auto interface = interface_named(name);
  if (!interface.ethernet)
    throw BadInput(fmt::format("{} carries no Ethernet frames\nsend through a raw socket instead", name));
  return interface;
}

void attach(int fd, Filter filter) {
  // The kernel copies the program and does not write to it.
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program, "attach a filter");
}

void bind_to(int fd, const Interface& interface, std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = static_cast<int>(interface.index);
  check_errno(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address),
              fmt::format("bind a packet socket to {}", interface.name));
}

}  // namespace

PacketSocket::PacketSocket(const std::string& interface, Witness witness, Filter filter)
    : interface_(ethernet_interface(interface)),
      witness_(std::move(witness)),
      fd_(filter.empty() ? open_raw(AF_PACKET, SOCK_RAW, 0, "a packet socket")
                         : open_stamped(AF_PACKET, SOCK_RAW, 0, "a packet socket")) {
  if (!filter.empty()) {
    attach(fd(), filter);
    set_option(fd(), SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "leave out what is sent");
    buffer_.resize(largest_frame);
  }
  bind_to(fd(), interface_, filter.empty() ? 0 : ETH_P_ALL);
}

Stamp PacketSocket::send(ByteView frame) {
  const auto when = offer(frame);
  if (!when) throw_errno(fmt::format("send a frame of {} bytes on {}", frame.size(), interface_.name), ENOBUFS);
  return *when;
}

std::optional<Stamp> PacketSocket::offer(ByteView frame) {
  if (witness_) witness_({stamp_now(), {}, Layer::ethernet, 0, {}, copy_of(frame)});
  const auto when = stamp_now();
  if (::send(fd(), frame.data(), frame.size(), 0) >= 0) return when;
  if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return std::nullopt;
  throw_errno(fmt::format("send a frame of {} bytes on {}", frame.size(), interface_.name));
}

std::optional<FrameArrival> PacketSocket::receive() {
  const auto received = receive_one(fd(), buffer_);
  if (!received) return std::nullopt;
  return FrameArrival{received->bytes, received->stamp};
}

void PacketSocket::enlarge_buffer(int bytes) {
  if (::setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes, "enlarge the receive buffer");
}

std::uint64_t PacketSocket::take_drops() {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  check_errno(::getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size), "count lost packets");
  return statistics.tp_drops;
}

}  // namespace wirelab::raw
