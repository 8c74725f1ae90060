#include "capture/layer_text.hpp"

#include "capture/describe.hpp"
#include "capture/icmp_names.hpp"

namespace wirelab::capture {

std::string ethernet_text(const Ethernet& ethernet) {
  if (ethernet.type < 1536) return fmt::format("IEEE 802.3 length {}", ethernet.type);
  return fmt::format("ethertype 0x{:04x}", ethernet.type);
}

std::string arp_text(const Arp& arp) {
  // RFC 5227, 1.1: nobody's address asks as a probe; one's own as an announcement, which replies may be too.
  if (arp.operation == Arp::request && arp.sender_ip == Ipv4())
    return fmt::format("probe, who has {}? from {}", arp.target_ip, arp.sender_mac);
  if (arp.operation == Arp::request && arp.sender_ip == arp.target_ip)
    return fmt::format("announcement {} is at {}", arp.sender_ip, arp.sender_mac);
  if (arp.operation == Arp::request) return fmt::format("who has {}? tell {}", arp.target_ip, arp.sender_ip);
  if (arp.operation == Arp::reply && arp.sender_ip == arp.target_ip)
    return fmt::format("gratuitous reply, {} is at {}", arp.sender_ip, arp.sender_mac);
  if (arp.operation == Arp::reply) return fmt::format("{} is at {}", arp.sender_ip, arp.sender_mac);
  return fmt::format("operation {}", arp.operation);
}

// https://www.iana.org/assignments/protocol-numbers
std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case 1:
      return "ICMP";
    case 2:
      return "IGMP";
    case 6:
      return "TCP";
    case 17:
      return "UDP";
    case 47:
      return "GRE";
    case 50:
      return "ESP";
    case 58:
      return "ICMPv6";
    case 59:
      return "no next header";
    case 89:
      return "OSPF";
    case 132:
      return "SCTP";
    default:
      return fmt::format("protocol {}", protocol);
  }
}

std::string icmp_text(const Icmp& icmp) {
  Line line;
  line.add("{}", icmp_name(icmp));
  if (icmp.is_echo_request() || icmp.is_echo_reply()) line.add(" id {} seq {}", icmp.identifier, icmp.sequence);
  if (icmp.mtu != 0) line.add(" mtu {}", icmp.mtu);
  if (icmp.target) line.add(" {}{}", icmp.is_error() ? "to " : "", *icmp.target);
  if (icmp.link_address) line.add(" at {}", *icmp.link_address);
  return line.text();
}

namespace {

std::string tcp_options(const Tcp& tcp) {
  Line line;
  if (tcp.mss) line.add(",mss {}", *tcp.mss);
  if (tcp.sack_permitted) line.add(",sackOK");
  if (tcp.timestamps) line.add(",TS val {} ecr {}", tcp.timestamps->first, tcp.timestamps->second);
  if (tcp.window_scale) line.add(",wscale {}", *tcp.window_scale);
  return line.text().empty() ? "" : fmt::format(" <{}>", line.text().substr(1));
}

}  // namespace

std::string tcp_text(const Tcp& tcp) {
  if (tcp.cut) return fmt::format("seq {}", tcp.sequence);
  Line line;
  line.add("[{}] seq {}", letters_of(tcp.flags), tcp.sequence);
  if (tcp.flags.ack) line.add(" ack {}", tcp.acknowledgement);
  return line.add(" win {}{}", tcp.window, tcp_options(tcp)).text();
}

std::string letters_of(const TcpFlags& flags) {
  std::string letters;
  if (flags.fin) letters += 'F';
  if (flags.syn) letters += 'S';
  if (flags.rst) letters += 'R';
  if (flags.psh) letters += 'P';
  if (flags.ack) letters += '.';
  if (flags.urg) letters += 'U';
  if (flags.ece) letters += 'E';
  if (flags.cwr) letters += 'W';
  return letters.empty() ? "none" : letters;
}

}  // namespace wirelab::capture
