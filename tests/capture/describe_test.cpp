#include "capture/describe.hpp"

#include <gtest/gtest.h>

#include "capture/capture_file.hpp"
#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

constexpr Below below{.source = "10.0.1.2", .destination = "10.0.2.2"};

std::string described(const Bytes& frame) { return describe(decode(frame)); }
std::string labelled(const Bytes& frame) { return label(decode(frame)); }

// A line a packet of odd.pcap, in the order of odd.py.
constexpr const char* odd[] = {
    "ARP who has 10.0.1.1? tell 10.0.1.2",
    "ARP 10.0.1.1 is at 02:77:00:00:00:02",
    "ARP announcement 10.0.1.2 is at 02:77:00:00:00:01",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x0806 malformed: ARP address lengths 7 and 4 are not 6 and 4 at "
    "18",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x0806 malformed: ARP packet needs 28 bytes, 16 are there at 14",
    "10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl 64 length 64 DF",
    "10.0.2.2 > 10.0.1.2: ICMP echo reply id 4660 seq 1 ttl 63 length 64",
    "10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 2 ttl 64 length 11 DF bad checksum 0x1234 should be 0x1265",
    "10.0.1.2 > 10.0.2.2: ICMP echo request id 1 seq 3 ttl 64 length 8 DF",
    "10.0.1.1 > 10.0.1.2: ICMP time exceeded in transit (quoting 10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 "
    "ttl 64) ttl 64 length 36",
    "10.0.2.2 > 10.0.1.2: ICMP port unreachable (quoting 10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64) ttl 63 length 41",
    "10.0.2.2 > 10.0.1.2: ICMP fragmentation needed mtu 1400 (quoting 10.0.1.2:40000 > 10.0.2.2:7: TCP seq 77 ttl 64) "
    "ttl 63 length 36",
    "10.0.2.2 > 10.0.1.2: ICMP redirect to 10.0.1.9 (quoting 10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl "
    "64) ttl 63 length 36",
    "10.0.2.2 > 10.0.1.2: ICMP host unreachable (quoting 10.0.1.2 > 10.0.2.2: ICMP port unreachable ttl 64) ttl 63 "
    "length 64",
    "10.0.2.2 > 10.0.1.2: ICMP host unreachable ttl 63 length 8 malformed: packet quoted in an ICMP error needs 28 "
    "bytes, 0 are there at 42",
    "10.0.2.2 > 10.0.1.2: ICMP host unreachable (quoting 3 bytes) ttl 63 length 11",
    "10.0.1.2 > 10.0.2.2: ICMP type 250 code 9 ttl 64 length 8 DF",
    "10.0.1.2 > 10.0.2.2: ICMP ttl 64 len 4 malformed: ICMP header needs 8 bytes, 4 are there at 34",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 5 DF",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 26 DF frame CL:7;type:message",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 5 DF",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 5 DF bad checksum 0x1234 should be 0x08b7",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 92 DF malformed: UDP length 100 exceeds the 13 bytes there at 38",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 0 surplus 5 DF malformed: UDP length 7 is less than its header of 8 "
    "at 38",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 2 surplus 3 DF",
    "10.0.1.2 > 10.0.2.2: UDP ttl 64 len 4 malformed: UDP header needs 8 bytes, 4 are there at 34",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 1 win 64240 <mss 1460,sackOK,TS val 1 ecr 0,wscale 7> ttl 64 len 0 DF",
    "10.0.2.2:7 > 10.0.1.2:40000: TCP [S.] seq 9 ack 2 win 65160 ttl 63 len 0",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [P.] seq 2 ack 10 win 502 ttl 64 len 52 DF frame CL:7;type:message frame "
    "CL:7;type:message",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [F.] seq 52 ack 10 win 8192 ttl 64 len 0 DF bad checksum 0xbeef should be 0xdc4a",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [FSRP.UEW] seq 1 ack 0 win 8192 ttl 64 len 0 DF",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [none] seq 1 win 8192 ttl 64 len 0 DF",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 0 win 8192 ttl 64 len 0 DF malformed: TCP header length 12 is less than "
    "20 at 46",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 0 win 8192 ttl 64 len 0 DF malformed: TCP header length 60 exceeds the "
    "20 bytes there at 46",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 0 win 8192 ttl 64 len 0 DF malformed: TCP option 2 of length 0 at 54",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 0 win 8192 ttl 64 len 0 DF malformed: TCP option 2 reaches beyond the "
    "header at 54",
    "10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 0 win 8192 ttl 64 len 0 DF malformed: TCP option 2 of length 3 at 54",
    "10.0.1.2 > 10.0.2.2: TCP ttl 64 len 12 malformed: TCP header needs 20 bytes, 12 are there at 34",
    "10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl 64 length 64 bad IP checksum 0x1234 should be 0x63a5",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 5 bad checksum 0x0810 should be 0x08b7 malformed: IPv4 total length "
    "200 exceeds the 33 bytes there at 16",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 5 bad checksum 0x08c4 should be 0x08b7 malformed: IPv4 total length "
    "12 is less than its header of 20 at 16",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x0800 malformed: IPv4 header length 16 is less than 20 at 14",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x0800 malformed: IPv4 header with options needs 60 bytes, 33 "
    "are there at 14",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x0800 malformed: IPv4 header of version 5 at 14",
    "10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl 64 length 64",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x0800 malformed: IPv4 header needs 20 bytes, 16 are there at 14",
    "10.0.1.2 > 10.0.2.2: IGMP ttl 64 len 8",
    "10.0.1.2 > 10.0.2.2: GRE ttl 64 len 38 DF",
    "10.0.1.2 > 10.0.2.2: protocol 253 ttl 64 len 10",
    "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 3000 fragment 99 at 0 more",
    "10.0.1.2 > 10.0.2.2: UDP ttl 64 len 1480 fragment 99 at 1480 more",
    "10.0.1.2 > 10.0.2.2: UDP ttl 64 len 48 fragment 99 at 2960 last",
    "10.0.1.2 > 10.0.2.2: ICMP ttl 64 len 200 fragment 66 at 65512 last malformed: fragment at 65512 reaches beyond "
    "65535 at 20",
    "10.0.1.2 > 10.0.2.2: UDP ttl 64 len 9 fragment 67 at 8 more malformed: fragment of 9 bytes, no multiple of 8, is "
    "not the last at 20",
    "vlan 5 10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl 64 length 64 DF",
    "vlan 100 10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl 64 length 64 DF",
    "frame of 16 bytes malformed: VLAN tag needs 4 bytes, 2 are there at 14",
    "02:77:00:00:00:01 > 01:80:c2:00:00:00: IEEE 802.3 length 7",
    "02:77:00:00:00:01 > 01:80:c2:00:00:00: IEEE 802.3 length 1500 malformed: IEEE 802.3 length 1500 exceeds the 3 "
    "bytes there at 12",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x88b5",
    "frame of 10 bytes malformed: Ethernet header needs 14 bytes, 10 are there at 0",
    "fd00::1 > fd00::2: ICMPv6 echo request id 4660 seq 1 ttl 64 length 64",
    "fd00::1 > fd00::2: ICMPv6 echo reply id 4660 seq 1 ttl 64 length 8 bad checksum 0x1234 should be 0x7283",
    "[fd00::1]:40000 > [fd00::2]:7: UDP ttl 64 len 5",
    "[fd00::1]:40000 > [fd00::2]:7: UDP ttl 64 len 5 bad checksum 0x0000 should be 0x25b6",
    "[fd00::1]:40000 > [fd00::2]:7: TCP [S] seq 1 win 8192 <mss 1460,sackOK,TS val 1 ecr 0,wscale 7> ttl 64 len 0",
    "fd00::1 > fd00::2: ICMPv6 multicast listener report ttl 64 length 8",
    "[fd00::1]:40000 > [fd00::2]:7: UDP ttl 64 len 5",
    "[fd00::1]:40000 > [fd00::2]:7: UDP ttl 64 len 5",
    "[fd00::1]:40000 > [fd00::2]:7: UDP ttl 64 len 0 fragment 305419896 at 0 more",
    "fd00::1 > fd00::2: UDP ttl 64 len 5 fragment 305419896 at 16 last",
    "fd00::1 > fd00::2: no next header ttl 64 len 0",
    "fd00::1 > fd00::2: protocol 60 ttl 64 len 0 malformed: IPv6 extension header 60 needs 80 bytes, 8 are there at 54",
    "[fd00::1]:40000 > [fd00::2]:7: UDP ttl 64 len 5 malformed: IPv6 payload length 100 exceeds the 13 bytes there at "
    "18",
    "02:77:00:00:00:01 > 02:77:00:00:00:02: ethertype 0x86dd malformed: IPv6 header needs 40 bytes, 36 are there at 14",
    "fe80::1 > ff02::1:ff00:2: ICMPv6 neighbour solicitation fd00::2 at 02:77:00:00:00:01 ttl 255 length 32",
    "fd00::2 > fe80::1: ICMPv6 neighbour advertisement fd00::2 at 02:77:00:00:00:02 ttl 255 length 32",
    "fe80::1 > ff02::2: ICMPv6 router solicitation ttl 255 length 8",
    "fe80::2 > ff02::1: ICMPv6 router advertisement at 02:77:00:00:00:02 ttl 255 length 24",
    "fe80::1 > ff02::1:ff00:2: ICMPv6 neighbour solicitation fd00::2 ttl 255 length 32 malformed: neighbour discovery "
    "option 1 of length 0 at 78",
    "fd00::1 > fd00::2: ICMPv6 packet too big mtu 1400 (quoting [fd00::2]:40000 > [fd00::1]:7: UDP ttl 64) ttl 64 "
    "length 96",
    "fd00::1 > fd00::2: ICMPv6 port unreachable (quoting [fd00::2]:40000 > [fd00::1]:7: UDP ttl 64) ttl 64 length 61",
};

TEST(Describe, the_odd_packets) {
  const auto file = load_capture(WIRELAB_TEST_DATA "/odd.pcap");
  ASSERT_EQ(file.packets.size(), std::size(odd));
  for (const auto& packet : file.packets) EXPECT_EQ(describe(decode(packet)), odd[packet.frame - 1]) << packet.frame;
}

TEST(Describe, text_from_the_wire_is_made_safe) {
  const auto frame = udp_frame(below, 40000, 7, std::string_view("\x0b\0CL:0;a:\x1b[2J", 13));
  const auto text = described(frame);
  EXPECT_EQ(text, "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 13 DF frame CL:0;a:\\x1b[2J");
}

TEST(Describe, what_the_capture_cut_off) {
  const auto frame = udp_frame(below, 40000, 7, "hello");
  EXPECT_EQ(describe(decode(ByteView(frame).first(44), LinkType::ethernet, 47)),
            "10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 5 DF captured 44 of 47");
}

TEST(Describe, only_whole_frames_are_named) {
  const std::string_view frame("\x11\0CL:7;type:messagecwsdwed", 26);
  const TcpFields fields{40000, 7, 1, 2, 0x18};
  EXPECT_NE(described(tcp_frame(below, fields, frame)).find(" frame CL:7;type:message"), std::string::npos);
  EXPECT_EQ(described(tcp_frame(below, fields, frame.substr(0, 25))).find("frame"), std::string::npos);
  EXPECT_EQ(described(tcp_frame(below, fields, std::string(frame) + "x")).find("frame"), std::string::npos);
  EXPECT_EQ(described(udp_frame(below, 40000, 7, std::string(frame) + "x")).find("frame"), std::string::npos);
}

TEST(Label, is_short) {
  struct Fact {
    Bytes frame;
    const char* label;
  };
  auto wrong = echo_frame(below, true, 4660, 1);
  wrong[36] ^= 1;
  auto lie = udp_frame(below, 40000, 7, "hello");
  lie[39] = 100;
  auto lying_arp = arp_frame(2, "02:77:00:00:00:02", "10.0.1.1", "10.0.1.2", "02:77:00:00:00:01");
  lying_arp[11] = 9;
  auto part = below;
  part.fragment = 4;
  const Fact facts[] = {
      {echo_frame(below, true, 4660, 1), "echo request id 4660 seq 1"},
      {echo_frame(below, false, 4660, 1), "echo reply id 4660 seq 1"},
      {wrong, "echo request id 4660 seq 1 bad checksum"},
      {ip_frame(below, 1, icmp_message(3, 4, 1400, ip_packet(below, 1, icmp_message(8, 0, 1, {})))),
       "fragmentation needed mtu 1400 (quoting echo request id 0 seq 1)"},
      {arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.1"), "who has 10.0.1.1? tell 10.0.1.2"},
      {arp_frame(2, "02:77:00:00:00:02", "10.0.1.1", "10.0.1.2", "02:77:00:00:00:01"),
       "10.0.1.1 is at 02:77:00:00:00:02"},
      {arp_frame(1, "02:77:00:00:00:01", "0.0.0.0", "10.0.1.2"), "probe, who has 10.0.1.2? from 02:77:00:00:00:01"},
      {arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.2"), "announcement 10.0.1.2 is at 02:77:00:00:00:01"},
      {arp_frame(2, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.2", "ff:ff:ff:ff:ff:ff"),
       "gratuitous reply, 10.0.1.2 is at 02:77:00:00:00:01"},
      {lying_arp, "10.0.1.1 is at 02:77:00:00:00:02, sent by 02:77:00:00:00:09"},
      {tcp_frame(below, {40000, 7, 1, 0, 0x02}), "TCP [S]"},
      {tcp_frame(below, {40000, 7, 1, 2, 0x12}), "TCP [S.]"},
      {tcp_frame(below, {40000, 7, 1, 2, 0x18}, "abc"), "TCP [P.] len 3"},
      {tcp_frame(below, {40000, 7, 1, 2, 0x18}, std::string_view("\4\0CL:0", 6)), "TCP [P.] frame CL:0"},
      {udp_frame(below, 40000, 7, std::string_view("\4\0CL:0", 6)), "UDP frame CL:0"},
      {tcp_frame(below, {40000, 80, 1, 2, 0x18}, "GET / HTTP/1.1\r\nHost: s\r\n\r\n"), "TCP [P.] GET / HTTP/1.1"},
      {tcp_frame(below, {80, 40000, 1, 2, 0x18}, "HTTP/1.1 200 OK\r\n\r\n"), "TCP [P.] HTTP/1.1 200 OK"},
      {tcp_frame(below, {80, 40000, 1, 2, 0x18}, "GET it over with\r\n"), "TCP [P.] len 18"},
      {ip_frame(below, 1, icmp_message(3, 3, 0, ByteView(udp_frame(below, 40000, 7, "hello")).subspan(14))),
       "port unreachable (quoting UDP 40000 > 7)"},
      {udp_frame(below, 40000, 7, "hello"), "UDP len 5"},
      {lie, "UDP len 92 malformed: UDP length 100 exceeds the 13 bytes there"},
      {ip_frame(part, 17, as_bytes("12345678")), "UDP fragment at 32, last"},
      {ethernet_frame("02:77:00:00:00:01", "02:77:00:00:00:02", 0x88B5, as_bytes("x")), "ethertype 0x88b5"},
      {Bytes{1, 2, 3}, "3 bytes malformed: Ethernet header needs 14 bytes, 3 are there"},
  };
  for (const auto& fact : facts) EXPECT_EQ(labelled(fact.frame), fact.label);
}

TEST(Letters, as_tcpdump_writes_them) {
  EXPECT_EQ(letters_of({.syn = true}), "S");
  EXPECT_EQ(letters_of({.fin = true, .ack = true}), "F.");
  EXPECT_EQ(letters_of({}), "none");
}

}  // namespace
}  // namespace wirelab::capture
