#!/usr/bin/env python3
"""Writes odd.pcap: packets that are right, wrong on purpose, cut or rare, made by scapy (python3-scapy).

    python3 tests/data/odd.py tests/data/odd.pcap

tests/capture/odd_test.cpp tells what each of them is. The stamps are fixed, so the file is the same each time.
"""
import logging
import sys

from scapy.all import (ARP, Dot1Q, Ether, GRE, ICMP, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr,
                       ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, IP, IPOption, IPv6, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, LLC, PadN, Raw, RouterAlert, TCP, UDP,
                       conf, fragment, wrpcap)

conf.verb = 0
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # raw bytes next to packets are meant
A, B = "02:77:00:00:00:01", "02:77:00:00:00:02"
ether = Ether(src=A, dst=B)
ip = IP(src="10.0.1.2", dst="10.0.2.2", ttl=64, id=7, flags="DF")
back = IP(src="10.0.2.2", dst="10.0.1.2", ttl=63, id=8)
ip6 = IPv6(src="fd00::1", dst="fd00::2", hlim=64)
echo = ICMP(type=8, id=4660, seq=1) / (b"x" * 56)
syn_options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]


def patched(packet, offset, data):
    """The packet's bytes with `data` at `offset`; checksums stay as they were."""
    raw = bytearray(bytes(packet))
    raw[offset:offset + len(data)] = data
    return Raw(bytes(raw))


def quoted(packet, size=28):
    return Raw(bytes(packet)[:size])


def padded(packet):
    return Raw(bytes(packet).ljust(60, b"\0"))


frame = b"\x11\0CL:7;type:messagecwsdwed"
udp = UDP(sport=40000, dport=7)
big = fragment(IP(src="10.0.1.2", dst="10.0.2.2", id=99) / udp / (b"f" * 3000), fragsize=1480)

packets = [
    # ARP
    Ether(src=A, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=A, psrc="10.0.1.2", pdst="10.0.1.1"),
    padded(Ether(src=B, dst=A) / ARP(op=2, hwsrc=B, psrc="10.0.1.1", hwdst=A, pdst="10.0.1.2")),
    Ether(src=A, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=A, psrc="10.0.1.2", pdst="10.0.1.2"),
    patched(ether / ARP(op=1, hwsrc=A, psrc="10.0.1.2", pdst="10.0.1.1"), 18, b"\x07"),
    Raw(bytes(ether / ARP(op=1, hwsrc=A, psrc="10.0.1.2", pdst="10.0.1.1"))[:30]),
    # ICMP
    ether / ip / echo,
    ether / back / ICMP(type=0, id=4660, seq=1) / (b"x" * 56),
    ether / ip / ICMP(type=8, id=4660, seq=2, chksum=0x1234) / b"odd",
    padded(ether / ip / ICMP(type=8, id=1, seq=3)),
    ether / IP(src="10.0.1.1", dst="10.0.1.2", id=5) / ICMP(type=11, code=0) / quoted(ip / echo),
    ether / back / ICMP(type=3, code=3) / quoted(ip / udp / b"hello", 33),
    ether / back / ICMP(type=3, code=4, nexthopmtu=1400) / quoted(ip / TCP(sport=40000, dport=7, seq=77)),
    ether / back / ICMP(type=5, code=1, gw="10.0.1.9") / quoted(ip / echo),
    ether / back / ICMP(type=3, code=1) / quoted(ip / ICMP(type=3, code=3) / quoted(back / udp / b"deep"), 60),
    ether / back / ICMP(type=3, code=1),
    ether / back / ICMP(type=3, code=1) / b"\x45\0\0",
    ether / ip / ICMP(type=250, code=9),
    ether / IP(src="10.0.1.2", dst="10.0.2.2", proto=1) / Raw(b"\x08\0\xf7\xff"),
    # UDP
    ether / ip / udp / b"hello",
    ether / ip / udp / frame,
    ether / ip / UDP(sport=40000, dport=7, chksum=0) / b"hello",
    ether / ip / UDP(sport=40000, dport=7, chksum=0x1234) / b"hello",
    ether / ip / UDP(sport=40000, dport=7, len=100) / b"hello",
    ether / ip / UDP(sport=40000, dport=7, len=7) / b"hello",
    ether / ip / UDP(sport=40000, dport=7, len=10, chksum=0) / b"hello",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", proto=17) / Raw(b"\x9c\x40\0\x07"),
    # TCP
    ether / ip / TCP(sport=40000, dport=7, flags="S", seq=1, window=64240, options=syn_options),
    ether / back / TCP(sport=7, dport=40000, flags="SA", seq=9, ack=2, window=65160),
    ether / ip / TCP(sport=40000, dport=7, flags="PA", seq=2, ack=10, window=502) / (frame + frame),
    ether / ip / TCP(sport=40000, dport=7, flags="FA", seq=52, ack=10, chksum=0xBEEF),
    ether / ip / TCP(sport=40000, dport=7, flags="FSRPAUEC", seq=1),
    ether / ip / TCP(sport=40000, dport=7, flags="", seq=1),
    ether / ip / TCP(sport=40000, dport=7, flags="S", dataofs=3),
    ether / ip / TCP(sport=40000, dport=7, flags="S", dataofs=15),
    ether / ip / TCP(sport=40000, dport=7, flags="S", dataofs=6) / b"\x02\0\0\0",
    ether / ip / TCP(sport=40000, dport=7, flags="S", dataofs=6) / b"\x02\x09\0\0",
    ether / ip / TCP(sport=40000, dport=7, flags="S", dataofs=6) / b"\x02\x03\x05\0",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", proto=6) / Raw(bytes(TCP(sport=40000, dport=7))[:12]),
    # IPv4
    ether / IP(src="10.0.1.2", dst="10.0.2.2", chksum=0x1234) / echo,
    ether / IP(src="10.0.1.2", dst="10.0.2.2", len=200) / udp / b"hello",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", len=12) / udp / b"hello",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", ihl=4) / udp / b"hello",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", ihl=15) / udp / b"hello",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", version=5) / udp / b"hello",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", options=[IPOption(b"\x07\x07\x04\0\0\0\0"), IPOption(b"\0")]) / echo,
    Raw(bytes(ether / ip / echo)[:30]),
    ether / IP(src="10.0.1.2", dst="10.0.2.2", proto=2) / Raw(b"\x16\0\x08\xfd\xe1\0\0\x02"),
    ether / ip / GRE() / ip / udp / b"inside",
    ether / IP(src="10.0.1.2", dst="10.0.2.2", proto=253) / b"experiment",
    *[ether / part for part in big],
    ether / IP(src="10.0.1.2", dst="10.0.2.2", id=66, frag=8189, proto=1) / (b"d" * 200),
    ether / IP(src="10.0.1.2", dst="10.0.2.2", id=67, frag=1, flags="MF", proto=17) / (b"d" * 9),
    # the link layer
    ether / Dot1Q(vlan=5) / ip / echo,
    Ether(src=A, dst=B, type=0x88A8) / Dot1Q(vlan=100) / Dot1Q(vlan=5) / ip / echo,
    Raw(bytes(ether / Dot1Q(vlan=5))[:16]),
    Raw(bytes.fromhex("0180c2000000") + bytes.fromhex(A.replace(":", "")) + b"\0\x07" + bytes(LLC(dsap=66, ssap=66, ctrl=3)) + b"\0\0\0\0"),
    Raw(bytes.fromhex("0180c2000000") + bytes.fromhex(A.replace(":", "")) + b"\x05\xdc" + bytes(LLC(dsap=66, ssap=66, ctrl=3))),
    Ether(src=A, dst=B, type=0x88B5) / b"local experiment",
    Raw(bytes(ether)[:10]),
    # IPv6
    ether / ip6 / ICMPv6EchoRequest(id=4660, seq=1, data=b"x" * 56),
    ether / ip6 / ICMPv6EchoReply(id=4660, seq=1, cksum=0x1234),
    ether / ip6 / udp / b"hello",
    ether / ip6 / UDP(sport=40000, dport=7, chksum=0) / b"hello",
    ether / ip6 / TCP(sport=40000, dport=7, flags="S", seq=1, options=syn_options),
    ether / ip6 / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLReport2(),
    ether / ip6 / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)]) / udp / b"hello",
    ether / ip6 / IPv6ExtHdrRouting(addresses=["fd00::3"], segleft=1) / udp / b"hello",
    ether / ip6 / IPv6ExtHdrFragment(id=0x12345678, offset=0, m=1, nh=17) / Raw(bytes(udp) + b"f" * 8),
    ether / ip6 / IPv6ExtHdrFragment(id=0x12345678, offset=2, m=0, nh=17) / Raw(b"f" * 5),
    ether / IPv6(src="fd00::1", dst="fd00::2", nh=59),
    ether / IPv6(src="fd00::1", dst="fd00::2", nh=60) / Raw(b"\x11\x09\0\0\0\0\0\0"),
    ether / IPv6(src="fd00::1", dst="fd00::2", nh=17, plen=100) / udp / b"hello",
    Raw(bytes(ether / ip6)[:50]),
    ether / IPv6(src="fe80::1", dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt="fd00::2")
    / ICMPv6NDOptSrcLLAddr(lladdr=A),
    ether / IPv6(src="fd00::2", dst="fe80::1", hlim=255) / ICMPv6ND_NA(tgt="fd00::2") / ICMPv6NDOptDstLLAddr(lladdr=B),
    ether / IPv6(src="fe80::1", dst="ff02::2", hlim=255) / ICMPv6ND_RS(),
    ether / IPv6(src="fe80::2", dst="ff02::1", hlim=255) / ICMPv6ND_RA() / ICMPv6NDOptSrcLLAddr(lladdr=B),
    ether / IPv6(src="fe80::1", dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt="fd00::2") / Raw(b"\x01\0" + b"\0" * 6),
    ether / ip6 / ICMPv6PacketTooBig(mtu=1400) / Raw(bytes(IPv6(src="fd00::2", dst="fd00::1") / udp / (b"t" * 40))),
    ether / ip6 / ICMPv6DestUnreach(code=4) / Raw(bytes(IPv6(src="fd00::2", dst="fd00::1") / udp / b"hello")),
]

records = [Raw(bytes(packet)) for packet in packets]
for number, record in enumerate(records):
    record.time = 1700000000 + number / 1000
wrpcap(sys.argv[1], records, linktype=1)
