// Which frames count as answers to a scan or a trace, and which only look like some.
#include <random>

#include <gtest/gtest.h>

#include "raw/icmp.hpp"
#include "raw/patch.hpp"
#include "raw/port_probes.hpp"
#include "raw/tcp_segment.hpp"
#include "raw/trace_probes.hpp"
#include "raw/udp.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

constexpr Port mine{61234};

// From the target back to us.
Headers back(const Headers& headers) {
  auto turned = headers;
  std::swap(turned.source, turned.destination);
  std::swap(turned.ethernet_source, turned.ethernet_destination);
  return turned;
}

// What was sent as the question, from its IP header on.
Bytes sent(Probes& probes, std::size_t index) { return copy_of(probes.frame(index).subspan(ethernet_header_size)); }

TcpSegment segment_in(ByteView packet) { return std::get<TcpArrival>(parse_tcp(packet)).segment; }

TcpSegment answer_to(const TcpSegment& probe, TcpFlags flags, std::uint32_t acknowledged) {
  return {.source = probe.destination,
          .destination = probe.source,
          .acknowledgement = probe.sequence + acknowledged,
          .flags = flags};
}

std::optional<std::size_t> give(Probes& probes, const Packet& packet) {
  return probes.answered({.frame = packet.from(Layer::ethernet)});
}

class ProbeAnswers : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] Headers headers() const { return GetParam() ? v4_headers() : v6_headers(); }
  PortProbes ports(ScanKind kind) { return {kind, headers(), mine, asked, random}; }

  std::vector<Port> asked{Port{80}, Port{443}, Port{80}};
  std::mt19937_64 random{3};
};

TEST_P(ProbeAnswers, ASegmentAnswersOnlyWithTheNumbersOfTheProbe) {
  auto probes = ports(ScanKind::syn);
  ASSERT_EQ(probes.count(), 2U);
  const auto probe = segment_in(sent(probes, 1));
  EXPECT_EQ(probe.destination, Port{443});
  EXPECT_TRUE(probe.flags.syn);
  const TcpFlags syn_ack{.syn = true, .ack = true}, reset{.rst = true, .ack = true};
  const auto answered = [&](const TcpSegment& segment) { return give(probes, tcp_packet(back(headers()), segment)); };
  EXPECT_FALSE(answered(answer_to(probe, syn_ack, 0)));
  EXPECT_FALSE(answered(answer_to(probe, syn_ack, 2)));
  EXPECT_FALSE(answered(answer_to(probe, reset, 0)));
  EXPECT_FALSE(answered(answer_to(probe, {.syn = true}, 1)));
  EXPECT_FALSE(answered(answer_to(probe, {.ack = true}, 1)));
  auto elsewhere = answer_to(probe, syn_ack, 1);
  elsewhere.destination = Port{61235};
  EXPECT_FALSE(answered(elsewhere));
  auto never_asked = answer_to(probe, syn_ack, 1);
  never_asked.source = Port{81};
  EXPECT_FALSE(answered(never_asked));
  EXPECT_FALSE(probes.answer(1));
  EXPECT_EQ(answered(answer_to(probe, syn_ack, 1)), 1U);
  EXPECT_EQ(probes.answer(1)->kind, PortAnswerKind::syn_ack);
  EXPECT_EQ(answered(answer_to(segment_in(sent(probes, 0)), reset, 1)), 0U);
  EXPECT_EQ(probes.answer(0)->kind, PortAnswerKind::reset);
}

TEST_P(ProbeAnswers, AResetAcknowledgesWhatTheProbeTook) {
  // RFC 9293, 3.10.7.1: the sequence number and the length; an ACK's reset carries what it acknowledged instead.
  const struct {
    ScanKind kind;
    std::uint32_t length;
  } facts[] = {{ScanKind::fin, 1}, {ScanKind::null, 0}, {ScanKind::xmas, 1}};
  for (const auto& fact : facts) {
    auto probes = ports(fact.kind);
    const auto probe = segment_in(sent(probes, 0));
    const auto reset = [&](std::uint32_t acknowledged) {
      return give(probes, tcp_packet(back(headers()), answer_to(probe, {.rst = true, .ack = true}, acknowledged)));
    };
    EXPECT_FALSE(reset(fact.length + 1)) << name_of(fact.kind);
    EXPECT_EQ(reset(fact.length), 0U) << name_of(fact.kind);
  }
  auto probes = ports(ScanKind::ack);
  const auto probe = segment_in(sent(probes, 0));
  TcpSegment reset{.source = probe.destination, .destination = probe.source, .flags = {.rst = true}};
  EXPECT_FALSE(give(probes, tcp_packet(back(headers()), reset)));
  reset.sequence = probe.acknowledgement;
  EXPECT_EQ(give(probes, tcp_packet(back(headers()), reset)), 0U);
}

TEST_P(ProbeAnswers, AnErrorCountsOnlyForTheProbeThatItQuotes) {
  for (const auto kind : {ScanKind::syn, ScanKind::udp}) {
    auto probes = ports(kind);
    auto router = back(headers());
    router.source = GetParam() ? IpAddress(Ipv4{192, 0, 2, 1}) : IpAddress(*Ipv6::parse("fd00::99"));
    const auto quoted = sent(probes, 1);
    const std::size_t transport = GetParam() ? ipv4_header_size : ipv6_header_size;
    for (const std::size_t at : {transport, transport + 2, transport - 1}) {
      auto garbage = quoted;
      garbage[at] ^= 0x55;
      EXPECT_FALSE(give(probes, unreachable(router, 1, garbage))) << at;
    }
    EXPECT_FALSE(give(probes, unreachable(router, 1, ByteView(quoted).first(transport + 7))));
    EXPECT_FALSE(give(probes, unreachable(router, 1, {})));
    EXPECT_FALSE(give(probes, time_exceeded(router, quoted)));
    EXPECT_EQ(give(probes, unreachable(router, 1, quoted)), 1U);
    EXPECT_EQ(probes.answer(1)->from, router.source);
    EXPECT_EQ(state_of(kind, probes.answer(1)->kind), PortState::filtered);
  }
}

TEST_P(ProbeAnswers, ADatagramFromTheTargetIsAnOpenPort) {
  auto probes = ports(ScanKind::udp);
  auto datagram = udp_datagram(back(headers()), Port{443}, mine, as_bytes("hello"));
  auto broken = datagram;
  break_checksum(broken);
  EXPECT_FALSE(give(probes, broken));
  EXPECT_EQ(give(probes, datagram), 1U);
  EXPECT_EQ(state_of(ScanKind::udp, probes.answer(1)->kind), PortState::open);
}

TEST_P(ProbeAnswers, WhatIsHalfOpenIsReset) {
  auto probes = ports(ScanKind::syn);
  Bytes reset;
  probes.on_half_open = [&](ByteView frame) { reset = copy_of(frame); };
  const auto probe = segment_in(sent(probes, 1));
  give(probes, tcp_packet(back(headers()), answer_to(probe, {.syn = true, .ack = true}, 1)));
  ASSERT_FALSE(reset.empty());
  const auto last = segment_in(ByteView(reset).subspan(ethernet_header_size));
  EXPECT_TRUE(last.flags.rst);
  EXPECT_EQ(last.destination, Port{443});
  EXPECT_EQ(last.sequence, probe.sequence + 1);
}

TEST_P(ProbeAnswers, EveryCutAndEveryFlippedByteIsSurvived) {
  auto scan = ports(ScanKind::syn);
  TraceProbes trace(headers(), {}, random);
  const auto error = unreachable(back(headers()), 1, sent(scan, 0));
  const auto segment = tcp_packet(back(headers()), answer_to(segment_in(sent(scan, 0)), {.rst = true}, 1));
  for (const auto& packet : {error, segment}) {
    const auto frame = packet.from(Layer::ethernet);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      EXPECT_FALSE(scan.answered({.frame = frame.first(size)}));
      EXPECT_FALSE(trace.answered({.frame = frame.first(size)}));
    }
    for (std::size_t at = 0; at < frame.size(); ++at) {
      auto flipped = copy_of(frame);
      flipped[at] ^= 0xFF;
      (void)scan.answered({.frame = flipped});
      (void)trace.answered({.frame = flipped});
    }
  }
}

TEST_P(ProbeAnswers, EachProbeOfATraceIsTheOneThatIsQuoted) {
  for (const auto kind : {TraceKind::icmp, TraceKind::udp, TraceKind::tcp}) {
    TraceProbes probes(headers(), {.kind = kind}, random);
    EXPECT_EQ(probes.count(), 12U);
    for (std::size_t i = 0; i < probes.count(); ++i)
      EXPECT_EQ(give(probes, time_exceeded(back(headers()), sent(probes, i))), i) << name_of(kind);
    const auto old = sent(probes, 0);
    probes.begin(5);
    EXPECT_FALSE(give(probes, time_exceeded(back(headers()), old))) << "of a group that is over";
    EXPECT_FALSE(probes.settled());
    EXPECT_EQ(give(probes, unreachable(back(headers()), 1, sent(probes, 0))), 0U);
    EXPECT_EQ(probes.end(), 5);
    EXPECT_FALSE(probes.settled());
    for (const std::size_t i : {1U, 2U}) give(probes, time_exceeded(back(headers()), sent(probes, i)));
    EXPECT_TRUE(probes.settled());
  }
}

TEST(TraceMarks, AreThoseOfTraceroute) {
  const struct {
    bool v4;
    std::uint8_t code;
    std::string_view mark;
  } facts[] = {{true, 0, "!N"},  {true, 1, "!H"},  {true, 2, "!P"},  {true, 3, "!<3>"}, {true, 5, "!S"},
               {true, 9, "!X"},  {true, 10, "!X"}, {true, 13, "!X"}, {true, 14, "!V"},  {true, 15, "!C"},
               {false, 0, "!N"}, {false, 1, "!X"}, {false, 2, "!S"}, {false, 3, "!H"},  {false, 6, "!<6>"}};
  for (const auto& fact : facts) {
    TraceAnswer answer{.kind = TraceAnswerKind::unreachable,
                       .from = fact.v4 ? v4_headers().source : v6_headers().source,
                       .code = fact.code,
                       .mtu = std::nullopt};
    EXPECT_EQ(mark_of(answer), fact.mark);
    answer.mtu = 1400;
    EXPECT_EQ(mark_of(answer), "!F-1400");
    answer.kind = TraceAnswerKind::time_exceeded;
    EXPECT_EQ(mark_of(answer), "");
  }
}

TEST(ScanMeaning, OfEveryAnswerAndOfSilence) {
  using enum ScanKind;
  using enum PortState;
  const std::optional<PortAnswerKind> nothing;
  const struct {
    ScanKind kind;
    std::optional<PortAnswerKind> answer;
    PortState state;
  } facts[] = {
      {syn, PortAnswerKind::syn_ack, open},
      {syn, PortAnswerKind::reset, closed},
      {syn, PortAnswerKind::unreachable, filtered},
      {syn, PortAnswerKind::port_unreachable, filtered},
      {syn, nothing, filtered},
      {fin, PortAnswerKind::reset, closed},
      {fin, nothing, open_or_filtered},
      {null, nothing, open_or_filtered},
      {xmas, nothing, open_or_filtered},
      {xmas, PortAnswerKind::unreachable, filtered},
      {ack, PortAnswerKind::reset, unfiltered},
      {ack, nothing, filtered},
      {udp, PortAnswerKind::datagram, open},
      {udp, PortAnswerKind::port_unreachable, closed},
      {udp, PortAnswerKind::unreachable, filtered},
      {udp, nothing, open_or_filtered},
  };
  for (const auto& fact : facts) EXPECT_EQ(state_of(fact.kind, fact.answer), fact.state) << name_of(fact.kind);
  for (const auto kind : {syn, fin, null, xmas, ack, udp}) EXPECT_EQ(scan_kind(name_of(kind)), kind);
  EXPECT_FALSE(scan_kind("SYN"));
}

INSTANTIATE_TEST_SUITE_P(, ProbeAnswers, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "v4" : "v6"); });

}  // namespace
}  // namespace wirelab::raw::test
