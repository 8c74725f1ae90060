// Decoder: reads a frame layer by layer, a method a protocol. Not public: for decode*.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/decode.hpp"
#include "capture/reader.hpp"

namespace wirelab::capture {

class Decoder {
 public:
  // `depth` counts the ICMP errors around a quoted packet.
  explicit Decoder(unsigned depth = 0) : depth_(depth) {}

  // decode.cpp: the link layer and what it carries by EtherType.
  void link(LinkType type, Reader in);
  // decode_ip.cpp: a packet whose version is told by its first four bits.
  void ip(Reader in);
  Decoded out;

 private:
  void ethernet(Reader in);
  void cooked(Reader in);
  void cooked2(Reader in);
  void loopback(Reader in);
  void network(std::uint16_t ethertype, Reader in);
  void arp(Reader in);

  void ipv4(Reader in);
  void ipv6(Reader in);
  void ipv6_extensions(Ip& ip, Reader& in);
  void fragment_header(Ip& ip, Reader& in);
  void fragment_fits(const Ip& ip, const Reader& payload, std::size_t offset);
  void transport(Reader in);

  // decode_transport.cpp and decode_icmp.cpp
  void udp(Reader in);
  void tcp(Reader in);
  void tcp_options(Tcp& tcp, Reader in);
  void icmp(Reader in, bool v6);
  void icmp_body(Icmp& icmp, Reader in);
  void neighbour_options(Icmp& icmp, Reader in);
  void quote(Icmp& icmp, Reader in);
  [[nodiscard]] Checksum verify(std::uint16_t stated, std::size_t place, const Reader& segment, bool pseudo) const;

  static Checksum judge(std::uint16_t stated, std::uint16_t expected);

  // Remembers the first thing that is wrong.
  void malformed(std::string reason, std::size_t offset);
  // A header that ends before its time: malformed, unless the capture cut it.
  void too_short(std::string_view what, std::size_t needed, const Reader& from);

  unsigned depth_;
  bool final_destination_ = true;  // false while an IPv6 routing header names other hops
};

}  // namespace wirelab::capture
