// Odd answers: twice, altered, of other people, malformed.
#include <vector>

#include "raw/icmp.hpp"
#include "raw/patch.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

// The target is an address on the right that nobody owns, and S answers in its name whatever the test wants.
class OddAnswers : public RawWire {
 protected:
  [[nodiscard]] static IpAddress phantom() {
    if (GetParam().v4) return Ipv4{10, 0, 2, 99};
    return *Ipv6::parse("fd00:2::99");
  }
  Pinger pinger_with_data_of(std::size_t size) {
    return Pinger(at(lab, "A"), phantom(), lab.random(), {.layer = GetParam().layer, .size = size});
  }
  Packet reply_from(const IpAddress& source, const Pinger& ping, std::uint16_t sequence, std::string_view data = {}) {
    const Headers headers{.source = source, .destination = address("A"), .ip_id = 1};
    return echo_reply(headers, {.identifier = ping.identifier(), .sequence = sequence, .payload = as_bytes(data)});
  }
  RawIpSocket socket_in(std::string_view host) {
    const auto place = at(lab, host);
    return place.open([&] { return RawIpSocket(version_of(phantom()), place.witness); });
  }
  bool comes_to(const std::uint64_t& counter, std::uint64_t expected) {
    return lab.wait_until([&] { return counter == expected; }, soon);
  }
};

TEST_P(OddAnswers, ADuplicateIsNoticed) {
  auto ping = pinger_with_data_of(0);
  auto s = socket_in("S");
  std::vector<bool> told;
  ping.on_reply = [&](const Reply& reply) { told.push_back(reply.duplicate); };
  ping.send(1);
  s.send(reply_from(phantom(), ping, 1));
  s.send(reply_from(phantom(), ping, 1));
  EXPECT_TRUE(comes_to(ping.counts().duplicates, 1));
  EXPECT_EQ(told, (std::vector{false, true}));
  EXPECT_TRUE(ping.reply_within(0s));
  EXPECT_FALSE(ping.reply_within(0s));
}

TEST_P(OddAnswers, OtherDataThanWasSentIsNoReply) {
  auto ping = pinger_with_data_of(4);
  auto s = socket_in("S");
  ping.send(1);
  s.send(reply_from(phantom(), ping, 1, "evil"));
  s.send(reply_from(phantom(), ping, 1, "wire!"));
  EXPECT_TRUE(comes_to(ping.counts().altered, 2));
  s.send(reply_from(phantom(), ping, 1, "wire"));  // how "wirelab ..." begins
  EXPECT_TRUE(ping.reply_within(soon));
}

TEST_P(OddAnswers, OtherPeoplesAnswersAreForeign) {
  auto ping = pinger_with_data_of(0);
  auto s = socket_in("S");
  ping.send(1);
  auto other_identifier = reply_from(phantom(), ping, 1);
  set_identifier(other_identifier, static_cast<std::uint16_t>(ping.identifier() ^ 1));
  s.send(other_identifier);
  s.send(reply_from(phantom(), ping, 2));     // a sequence number that was never sent
  s.send(reply_from(address("S"), ping, 1));  // another host's
  s.send(time_exceeded({.source = address("S"), .destination = address("A"), .ip_id = 1}, {}));  // quotes nothing
  EXPECT_TRUE(comes_to(ping.counts().foreign, 4));
  EXPECT_FALSE(ping.reply_within(0s));
  s.send(reply_from(phantom(), ping, 1));
  EXPECT_TRUE(ping.reply_within(soon));
}

TEST_P(OddAnswers, AnErrorThatQuotesAnotherRequestIsForeign) {
  auto ping = pinger_with_data_of(0);
  auto r = socket_in("R");
  ping.send(1);
  const auto quote = [&](const IpAddress& target, std::uint16_t identifier, std::uint16_t sequence) {
    const auto offending = echo_request({.source = address("A"), .destination = target, .ip_id = 1},
                                        {.identifier = identifier, .sequence = sequence});
    r.send(
        time_exceeded({.source = router(), .destination = address("A"), .ip_id = 1}, offending.from(Layer::network)));
  };
  quote(phantom(), static_cast<std::uint16_t>(ping.identifier() ^ 1), 1);
  quote(phantom(), ping.identifier(), 2);
  quote(address("S"), ping.identifier(), 1);
  EXPECT_TRUE(comes_to(ping.counts().foreign, 3));
  EXPECT_FALSE(ping.reply_within(0s));
  quote(phantom(), ping.identifier(), 1);
  EXPECT_EQ(ping.reply_within(soon)->kind, ReplyKind::time_exceeded);
}

TEST_P(OddAnswers, AMalformedAnswerIsCountedAsSuch) {
  auto ping = pinger_with_data_of(0);
  auto s = socket_in("S");
  ping.send(1);
  auto wrong = reply_from(phantom(), ping, 1);
  break_checksum(wrong);
  s.send(wrong);
  // A raw ICMPv6 socket never gives a message with a wrong checksum; all others do.
  const bool kernel_checks = !GetParam().v4 && GetParam().layer != Layer::ethernet;
  if (!kernel_checks) {
    EXPECT_TRUE(comes_to(ping.counts().malformed, 1));
  }
  EXPECT_FALSE(ping.reply_within(silence));
}

INSTANTIATE_TEST_SUITE_P(, OddAnswers,
                         testing::Values(Way{Layer::transport, true}, Way{Layer::transport, false},
                                         Way{Layer::ethernet, true}, Way{Layer::ethernet, false}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace wirelab::raw::test
