// Many questions at once, and what they find:
//
//   A ---- left, 10.0.1.0/24 ---- R ---- right, 10.0.2.0/24 ---- S
//          fd00:1::/64                   fd00:2::/64
#include <algorithm>
#include <array>

#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/net/nft.hpp"
#include "raw/arp.hpp"
#include "raw/frame_sender.hpp"
#include "raw/phantom_host.hpp"
#include "raw/ping_sweep.hpp"
#include "raw/port_probes.hpp"
#include "raw/probe_filter.hpp"
#include "raw/scan_ports.hpp"
#include "raw/watch.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

class ProbeWire : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] IpAddress address(std::string_view host) const {
    const auto& addresses = lab.host(host).interfaces().at(0).addresses;
    for (const auto& each : addresses) {
      if (each.address.is_v4() == GetParam()) return each.address;
    }
    throw std::logic_error("no such address");
  }
  // A socket on any port of that host.
  UniqueFd listen_on(std::string_view host, int type, Port port) {
    return lab.host(host).in([&] {
      UniqueFd fd(check_errno(::socket(GetParam() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0), "socket"));
      const SocketAddress at(Endpoint{address(host), port});
      check_errno(::bind(fd.get(), at.data(), at.size()), "bind");
      if (type == SOCK_STREAM) check_errno(::listen(fd.get(), 16), "listen");
      return fd;
    });
  }
  ScanReport scan(ScanKind kind, std::vector<Port> ports) {
    return scan_ports(at(lab, "A"), address("S"), ports, lab.random(), {.kind = kind, .probing = {.patience = 50ms}});
  }

  Lab lab{routed()};
};

TEST_P(ProbeWire, APortIsWhatItAnswers) {
  const auto open = listen_on("S", SOCK_STREAM, Port{80});
  const auto bound = listen_on("S", SOCK_DGRAM, Port{53});
  const struct {
    ScanKind kind;
    Port open_port;
    PortState open, closed;
  } facts[] = {
      {ScanKind::syn, Port{80}, PortState::open, PortState::closed},
      {ScanKind::fin, Port{80}, PortState::open_or_filtered, PortState::closed},
      {ScanKind::null, Port{80}, PortState::open_or_filtered, PortState::closed},
      {ScanKind::xmas, Port{80}, PortState::open_or_filtered, PortState::closed},
      {ScanKind::ack, Port{80}, PortState::unfiltered, PortState::unfiltered},
      {ScanKind::udp, Port{53}, PortState::open_or_filtered, PortState::closed},
  };
  for (const auto& fact : facts) {
    const auto report = scan(fact.kind, {fact.open_port, Port{9}, fact.open_port});
    ASSERT_EQ(report.ports.size(), 2U);
    EXPECT_EQ(report.ports[0].state, fact.open) << name_of(fact.kind);
    EXPECT_EQ(report.ports[1].state, fact.closed) << name_of(fact.kind);
    EXPECT_EQ(report.ports[1].attempts, 1U);
    ASSERT_TRUE(report.ports[1].answer);
    EXPECT_EQ(report.ports[1].answer->from, address("S"));
    EXPECT_FALSE(report.probing.cut_short);
  }
}

TEST_P(ProbeWire, AFilterThatDropsIsSilentAndOneThatRefusesIsNot) {
  apply_ruleset(lab.host("S"),
                "table inet t {\n chain c {\n  type filter hook input priority 0\n"
                "  tcp dport 81 drop\n  tcp dport 82 reject\n }\n}\n");
  const auto open = listen_on("S", SOCK_STREAM, Port{81});
  for (const auto kind : {ScanKind::syn, ScanKind::fin, ScanKind::ack}) {
    const auto report = scan(kind, {Port{81}, Port{82}});
    EXPECT_FALSE(report.ports[0].answer);
    EXPECT_EQ(report.ports[0].attempts, 3U);
    EXPECT_EQ(report.ports[0].state, kind == ScanKind::fin ? PortState::open_or_filtered : PortState::filtered);
    ASSERT_TRUE(report.ports[1].answer);
    EXPECT_EQ(report.ports[1].answer->kind, PortAnswerKind::port_unreachable);
    EXPECT_EQ(report.ports[1].state, PortState::filtered);
  }
}

TEST_P(ProbeWire, EveryPortOfAHostIsKnown) {
  const auto open = listen_on("S", SOCK_STREAM, Port{443});
  std::vector<Port> ports;
  for (unsigned i = 1; i <= 65535; ++i) ports.push_back(Port{static_cast<std::uint16_t>(i)});
  const auto report = scan(ScanKind::syn, ports);
  EXPECT_EQ(report.probing.answered, 65535U);
  for (const auto& each : report.ports)
    EXPECT_EQ(each.state, each.port == Port{443} ? PortState::open : PortState::closed) << number(each.port);
}

TEST_P(ProbeWire, AHostThatIsNotThereIsFilteredByItsRouter) {
  const IpAddress nobody = GetParam() ? IpAddress(Ipv4{10, 0, 2, 99}) : IpAddress(*Ipv6::parse("fd00:2::99"));
  const std::array ports{Port{80}};
  // Linux waits three seconds for ARP before it says so.
  const auto report = scan_ports(at(lab, "A"), nobody, ports, lab.random(),
                                 {.probing = {.attempts = 1, .patience = 10s, .deadline = 10s}});
  ASSERT_TRUE(report.ports[0].answer);
  EXPECT_EQ(report.ports[0].answer->kind, PortAnswerKind::unreachable);
  EXPECT_EQ(report.ports[0].answer->from, address("R"));
  EXPECT_EQ(report.ports[0].state, PortState::filtered);
}

TEST_P(ProbeWire, ADeadlineIsKept) {
  std::vector<Port> ports(2000);
  for (std::size_t i = 0; i < ports.size(); ++i) ports[i] = Port{static_cast<std::uint16_t>(i + 1)};
  const auto report =
      scan_ports(at(lab, "A"), address("S"), ports, lab.random(), {.probing = {.rate = 100, .deadline = 100ms}});
  EXPECT_TRUE(report.probing.cut_short);
  EXPECT_LT(report.probing.sent, 100U);
  EXPECT_EQ(report.ports.back().attempts, 0U);
}

INSTANTIATE_TEST_SUITE_P(, ProbeWire, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "v4" : "v6"); });

class RangeWire : public testing::Test {
 protected:
  Lab lab{routed()};
};

// A host that answers ARP for another's address as well as its own kernel does for its own.
class Twin {
 public:
  Twin(Lab& lab, std::string_view host, Ipv4 address)
      : address_(address),
        socket_(at(lab, host).open([] { return PacketSocket("eth0", {}, neighbour_filter()); })),
        watch_(lab.loop(), socket_.fd(), [this] { answer(); }) {}

 private:
  void answer() {
    while (const auto arrival = socket_.receive()) {
      const auto arp = parse_arp(arrival->frame);
      if (!arp || arp->operation != ArpOperation::request || arp->target_ip != address_) continue;
      socket_.send(arp_frame({.operation = ArpOperation::reply,
                              .sender_mac = socket_.interface().mac,
                              .sender_ip = address_,
                              .target_mac = arp->sender_mac,
                              .target_ip = arp->sender_ip},
                             arp->sender_mac));
    }
  }

  Ipv4 address_;
  PacketSocket socket_;
  Watch watch_;
};

TEST(ArpWire, ArpFindsWhoIsThereAndWhoIsThereTwice) {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.1.0/24"});
  for (const auto* const name : {"A", "S", "T"}) net.host(name, lan);
  Lab lab(net);
  const Twin twin(lab, "T", lab.address_of("S").v4());
  const auto report = arp_scan(at(lab, "A"), *Prefix::parse("10.0.1.0/24"), {});
  ASSERT_EQ(report.entries.size(), 2U);
  const auto mac = [&](std::string_view host) { return lab.host(host).interface("eth0").mac; };
  const auto& s = report.entries[0];
  EXPECT_EQ(s.address, lab.address_of("S").v4());
  ASSERT_EQ(s.others.size(), 1U);
  EXPECT_TRUE((s.mac == mac("S") && s.others[0] == mac("T")) || (s.mac == mac("T") && s.others[0] == mac("S")));
  EXPECT_EQ(report.entries[1].mac, mac("T"));
  EXPECT_TRUE(report.entries[1].others.empty());
  EXPECT_EQ(report.probing.duplicates, 1U);
  EXPECT_EQ(report.probing.probes.size(), 253U);  // not its own
}

TEST_F(RangeWire, AScanByAnAddressThatNoKernelOwns) {
  const auto place = at(lab, "A");
  PhantomHost phantom(place, {.interface = "eth0", .mac = Mac{{2, 0x66, 0, 0, 0, 9}}, .address = {10, 0, 1, 9}});
  const auto target = lab.address_of("S");
  const auto listener = lab.host("S").in([&] {
    UniqueFd fd(check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    const SocketAddress address(Endpoint{target, Port{80}});
    check_errno(::bind(fd.get(), address.data(), address.size()), "bind");
    check_errno(::listen(fd.get(), 16), "listen");
    return fd;
  });
  const std::array ports{Port{80}, Port{81}};
  const auto report =
      scan_ports(place, target, ports, lab.random(), {.way = {.self = Identity{phantom.address(), phantom.mac()}}});
  EXPECT_EQ(report.source.address, IpAddress(phantom.address()));
  EXPECT_EQ(report.ports[0].state, PortState::open);
  EXPECT_EQ(report.ports[1].state, PortState::closed);
  EXPECT_EQ(phantom.stats().arp_answered, 1U);
  const auto& forged = lab.journal().forged();
  // SYNs and, of the scan itself, the reset of what was half open.
  const auto resets = std::ranges::count_if(forged, [](const Journal::Forged& packet) {
    return packet.bytes.size() == ethernet_header_size + ipv4_header_size + tcp_header_size;
  });
  EXPECT_EQ(resets, 1);
}

TEST_F(RangeWire, WhatTheOwnBufferLosesIsNoSilence) {
  const auto place = at(lab, "A");
  const auto hop = find_next_hop(place, lab.address_of("S"), {});
  std::vector<Port> ports;
  for (std::uint16_t i = 1; i <= 1000; ++i) ports.push_back(Port{i});
  constexpr Port source{61500};
  PortProbes probes(ScanKind::syn, hop.headers(lab.address_of("S")), source, ports, lab.random());
  // The kernel's least: room for a few small packets, where 32 questions are asked at once.
  Prober prober(place, "eth0", answers_to(hop.self.address, protocol_tcp, PortRange{source, source}), 1);
  const auto report = prober.run(probes, {.attempts = 1});
  EXPECT_GT(report.dropped, 0U);
  EXPECT_EQ(report.answered, 1000U);
}

TEST_F(RangeWire, ASweepOfTheOwnLinkAndOfOneBehindARouter) {
  for (const std::string_view range : {"10.0.1.0/24", "10.0.2.0/24"}) {
    const auto report =
        ping_sweep(at(lab, "A"), *Prefix::parse(range), lab.random(), {.probing = {.attempts = 1, .patience = 50ms}});
    EXPECT_EQ(report.asked, 254U);
    EXPECT_EQ(report.entries.size(), range == "10.0.1.0/24" ? 1U : 2U) << range;
  }
}

TEST_F(RangeWire, ABurstKeepsItsBounds) {
  FrameSender sender(at(lab, "A"), "eth0");
  Bytes frame(60);
  const auto next = [&](std::uint64_t) { return ByteView(frame); };
  EXPECT_EQ(sender.burst({.count = 1000, .time = 10s, .rate = 1e6}, next).sent, 1000U);
  const auto timed = sender.burst({.count = 1'000'000'000, .time = 50ms, .rate = 1000}, next);
  EXPECT_LE(timed.sent, 51U);
  EXPECT_GE(timed.elapsed, 50ms);
  EXPECT_THROW(sender.burst({.count = 1, .time = 1s}, next), std::logic_error);
  EXPECT_THROW(sender.burst({.time = 1s, .rate = 1}, next), std::logic_error);
  EXPECT_THROW(sender.burst({.count = 1, .rate = 1}, next), std::logic_error);
}

TEST_F(RangeWire, AFlowLeavesTheLoopToOthers) {
  FrameSender sender(at(lab, "A"), "eth0");
  Bytes frame(60);
  sender.start({.count = 2000, .time = 30s, .rate = 100'000}, [&](std::uint64_t) { return ByteView(frame); });
  int beats = 0;
  const auto timer = lab.loop().every(1ms, [&] { ++beats; });
  EXPECT_TRUE(lab.wait_until([&] { return !sender.sending(); }, 30s));
  lab.loop().cancel(timer);
  EXPECT_EQ(sender.statistics().sent, 2000U);
  EXPECT_GT(beats, 1);
}

}  // namespace
}  // namespace wirelab::raw::test
