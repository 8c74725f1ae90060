// decode: the layers of a frame, read from bytes that may lie. Public, pure, a fuzz target.
//
// All views point into the given bytes. Reading goes on as long as a layer makes sense: a length that lies is told by
// `malformed` and cut to what is there, a header that cannot be read ends it. Checksums are verified, never trusted.
// What is merely unknown (a protocol, a link type) is not malformed, and neither is what the capture cut off.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "capture/packet.hpp"
#include "lab/base/address.hpp"

namespace wirelab::capture {

// A checksum field and the verdict on it, written `udp.checksum == Checksum::wrong`.
struct Checksum {
  enum State {
    unverifiable,  // part of what it covers was cut off or is in other fragments
    right,
    wrong,
    offloaded,  // only the pseudo header is summed up: the sender left the rest to its network card
    absent,     // IPv6 has none; UDP over IPv4 sent 0
  };
  State state = unverifiable;
  std::uint16_t stated = 0;    // the field as on the wire, host order
  std::uint16_t expected = 0;  // what it should be; meaningful when right or wrong
  friend bool operator==(const Checksum& checksum, State verdict) { return checksum.state == verdict; }
};

struct Ethernet {
  Mac source, destination;
  std::uint16_t type = 0;             // EtherType, after VLAN tags; below 1536 an IEEE 802.3 length
  std::optional<std::uint16_t> vlan;  // identifier of the outermost tag
};

// RFC 826 for Ethernet and IPv4.
struct Arp {
  static constexpr std::uint16_t request = 1, reply = 2;
  std::uint16_t operation = 0;
  Mac sender_mac;
  Ipv4 sender_ip;
  Mac target_mac;
  Ipv4 target_ip;
};

struct Ip {
  IpAddress source, destination;
  std::uint8_t protocol = 0;  // after IPv6 extension headers
  std::uint8_t ttl = 0;       // hop limit
  std::uint32_t length = 0;   // of the whole packet in bytes, as the header states it
  std::uint32_t id = 0;       // IPv6: the fragment header's, else 0
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint32_t fragment_offset = 0;  // in bytes
  Checksum checksum;                  // IPv6: absent
  ByteView header;                    // with options or extension headers
  ByteView payload;                   // by the length that the header states, cut at what was captured

  [[nodiscard]] bool is_fragment() const { return more_fragments || fragment_offset != 0; }
};

struct Udp {
  Port source{}, destination{};
  std::uint16_t length = 0;  // header and payload, as stated
  Checksum checksum;
  ByteView payload;
};

struct TcpFlags {
  bool fin, syn, rst, psh, ack, urg, ece, cwr;
};
struct Tcp {
  Port source{}, destination{};
  std::uint32_t sequence = 0, acknowledgement = 0;
  TcpFlags flags{};
  std::uint16_t window = 0;  // as on the wire, not scaled
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;
  bool sack_permitted = false;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> timestamps;  // value, echo reply
  std::uint32_t length = 0;                                           // of the payload on the wire
  bool cut = false;  // only ports and sequence number are there, as in most quoted packets
  Checksum checksum;
  ByteView payload;
};

struct Decoded;
// ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861).
struct Icmp {
  bool v6 = false;
  std::uint8_t type = 0, code = 0;
  std::uint16_t identifier = 0, sequence = 0;  // echo
  std::uint32_t mtu = 0;                       // fragmentation needed, packet too big; 0 = not stated
  std::optional<IpAddress> target;             // neighbour solicitation and advertisement; redirect: the better hop
  std::optional<Mac> link_address;             // the source or target link-layer address option
  std::uint32_t length = 0;                    // of the whole message in bytes
  Checksum checksum;
  ByteView payload;                       // what follows the eight bytes of header: echo data, or the quoted packet
  std::shared_ptr<const Decoded> quoted;  // errors: the packet that caused them, as far as quoted

  [[nodiscard]] bool is_echo_request() const { return type == (v6 ? 128 : 8) && code == 0; }
  [[nodiscard]] bool is_echo_reply() const { return type == (v6 ? 129 : 0) && code == 0; }
  [[nodiscard]] bool is_error() const;
};

struct Decoded {
  ByteView frame;
  std::uint32_t original_length = 0;  // on the wire
  std::optional<Ethernet> ethernet;
  std::optional<Arp> arp;
  std::optional<Ip> ip;
  std::variant<std::monostate, Udp, Tcp, Icmp> transport;
  std::optional<Malformed> malformed;  // the first lie; the offset counts from the start of `frame`

  // The layer, or null; the pointer lives as long as this object.
  [[nodiscard]] const Udp* udp() const { return std::get_if<Udp>(&transport); }
  [[nodiscard]] const Tcp* tcp() const { return std::get_if<Tcp>(&transport); }
  [[nodiscard]] const Icmp* icmp() const { return std::get_if<Icmp>(&transport); }
  // The ends of a UDP or TCP packet; nothing for all else.
  [[nodiscard]] std::optional<Endpoint> source() const;
  [[nodiscard]] std::optional<Endpoint> destination() const;
};

// `original_length` is the frame's on the wire when the capture cut it; 0 = nothing was cut.
Decoded decode(ByteView frame, LinkType link = LinkType::ethernet, std::uint32_t original_length = 0);
// The views point into `packet.bytes`.
Decoded decode(const Packet& packet, LinkType link = LinkType::ethernet);

}  // namespace wirelab::capture
