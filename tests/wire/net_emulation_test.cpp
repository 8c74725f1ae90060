// Emulated links between real hosts: what arrives, when, and what is told of it.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "tests/wire/net_frame_socket.hpp"
#include "tests/wire/net_labs.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Ge;
using testing::Lt;
using Fate = EmulatedFrame::Fate;

struct Place {
  const char* name;
  Topology::SegmentId (*segment)(Topology&, Topology::SegmentOptions);
};
std::ostream& operator<<(std::ostream& out, const Place& place) { return out << place.name; }

constexpr Place link{"link", [](Topology& net, Topology::SegmentOptions options) {
                       return net.link("wan", {"10.0.0.0/24", "fd00::/64"}, options);
                     }};
constexpr Place lan{"LAN", [](Topology& net, Topology::SegmentOptions options) {
                      return net.lan("wan", {"10.0.0.0/24", "fd00::/64"}, options);
                    }};

Topology two(const Place& place, const Impairment& impairment, std::uint32_t mtu = 1500) {
  Topology net;
  const auto segment = place.segment(net, {.mtu = mtu, .impairment = impairment});
  net.host("A", segment);
  net.host("B", segment);
  return net;
}

class Emulation : public testing::TestWithParam<Place> {};

TEST_P(Emulation, DelaysEachWayOnce) {
  const auto network = Network::up(two(GetParam(), {.delay = 25ms}));
  const auto& a = network.host("A");
  for (const auto& [address, prefix] : network.host("B").interfaces()[0].addresses) {
    // The first one waits for the answer of address resolution as well.
    const auto first = ping(a, address);
    const auto second = ping(a, address);
    ASSERT_TRUE(first && second) << address.to_string();
    EXPECT_GE(*first, 100ms) << address.to_string();
    EXPECT_GE(*second, 50ms) << address.to_string();
  }
}

TEST_P(Emulation, PassesWholeFrames) {
  for (const std::uint32_t mtu : {576U, 1500U, 9000U, 65'535U}) {
    Topology net;
    const auto segment = mtu < 1280 ? net.link("wan", {"10.0.0.0/24"}, {.mtu = mtu, .impairment = {.delay = 1ms}})
                                    : GetParam().segment(net, {.mtu = mtu, .impairment = {.delay = 1ms}});
    net.host("A", segment);
    net.host("B", segment);
    const auto network = Network::up(net);
    const FrameSocket a(network.host("A"));
    const FrameSocket b(network.host("B"));
    auto frame = a.frame(1, mtu);
    for (std::size_t i = ETH_HLEN + 4; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i * 7);
    a.send(frame);
    EXPECT_EQ(b.receive(), frame) << mtu;
  }
}

TEST_P(Emulation, LosesAllInOneDirectionOnly) {
  auto net = two(GetParam(), {});
  net.impair(*net.find("A"), *net.find_segment("wan"), {.loss = 1});
  auto network = Network::up(net);
  const FrameSocket a(network.host("A"));
  const FrameSocket b(network.host("B"));
  a.send(a.frame(1));
  b.send(b.frame(2));
  EXPECT_THAT(a.numbers_until(2), ElementsAre(2));
  const auto events = network.take_emulated();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].host, "A");
  EXPECT_EQ(events[0].interface, "eth0");
  EXPECT_EQ(events[0].fate, Fate::lost);
  EXPECT_EQ(events[0].link, "loss 100 %");
  EXPECT_EQ(events[0].bytes, a.frame(1));
  EXPECT_TRUE(network.take_emulated().empty());
}

TEST_P(Emulation, TellsWhatItDidToEachFrame) {
  constexpr std::uint32_t count = 120;  // what a socket has room for, twice
  auto network = Network::up(two(GetParam(), {.loss = 0.2, .duplicate = 0.2, .reorder = 0.2, .hold = 20ms}), 7);
  const FrameSocket a(network.host("A"));
  const FrameSocket b(network.host("B"));
  std::vector<int> expected(count, 1);
  for (std::uint32_t i = 0; i < count; ++i) a.send(a.frame(i));
  std::uint32_t held_back = 0;
  for (const auto& event : network.take_emulated()) {
    const auto number = load_be32(&event.bytes[ETH_HLEN]);
    if (event.fate == Fate::lost) expected[number] = 0;
    if (event.fate == Fate::duplicated) ++expected[number];
    if (event.fate == Fate::held_back) ++held_back;
  }
  std::vector<int> arrived(count, 0);
  int due = 0;
  std::uint32_t overtaken = 0;
  std::uint32_t highest = 0;
  for (const int copies : expected) due += copies;
  for (; due > 0; --due) {
    const auto bytes = b.receive();
    ASSERT_TRUE(bytes) << due << " frames are missing";
    const auto number = load_be32(&(*bytes)[ETH_HLEN]);
    ++arrived.at(number);
    if (number < highest) ++overtaken;
    highest = std::max(highest, number);
  }
  EXPECT_EQ(arrived, expected);
  EXPECT_GT(held_back, 0U);
  EXPECT_GT(overtaken, 0U);
  const auto counters = network.line_counters();
  ASSERT_EQ(counters.size(), 2U);
  EXPECT_EQ(counters[0].host, "A");
  EXPECT_EQ(counters[0].entered, count);
  EXPECT_EQ(network.emulation_failures(), 0U);
}

TEST_P(Emulation, ARateHasItsQueue) {
  // 60-byte frames at 48 kbit/s take 10 ms each; the queue has room for ten of them.
  auto network = Network::up(two(GetParam(), {.rate = 48'000, .queue = 1514}));
  const FrameSocket a(network.host("A"));
  const FrameSocket b(network.host("B"));
  const auto start = std::chrono::steady_clock::now();
  constexpr std::uint32_t count = 60;
  for (std::uint32_t i = 0; i < count; ++i) a.send(a.frame(i));
  const auto events = network.take_emulated();
  const auto sent_in = std::chrono::steady_clock::now() - start;
  for (std::size_t due = count - events.size(); due > 0; --due) ASSERT_TRUE(b.receive());
  const auto took = std::chrono::steady_clock::now() - start;
  // What leaves while the burst is still being sent makes room for more.
  EXPECT_THAT(count - events.size(), testing::AllOf(Ge(25U), Lt(28 + static_cast<std::size_t>(sent_in / 10ms))));
  EXPECT_GE(took, 10ms * (count - events.size()));
  for (const auto& event : events) EXPECT_EQ(event.fate, Fate::queue_full);
}

TEST_P(Emulation, KeepsVlanTags) {
  auto network = Network::up(two(GetParam(), {.delay = 1ms}));
  const FrameSocket a(network.host("A"));
  const FrameSocket b(network.host("B"));
  auto frame = a.frame(1);
  const std::array<std::uint8_t, 4> tag{0x81, 0x00, 0x20, 0x05};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  a.send(frame);
  EXPECT_EQ(b.receive(), frame);
}

TEST_P(Emulation, TheSeedTellsWhichAreLost) {
  const auto lost_with = [](std::uint64_t seed) {
    auto network = Network::up(two(GetParam(), {.loss = 0.5}), seed);
    const FrameSocket a(network.host("A"));
    for (std::uint32_t i = 0; i < 200; ++i) a.send(a.frame(i));
    std::vector<std::uint32_t> lost;
    for (const auto& event : network.take_emulated()) lost.push_back(load_be32(&event.bytes[ETH_HLEN]));
    return lost;
  };
  const auto once = lost_with(7);
  EXPECT_FALSE(once.empty());
  EXPECT_EQ(lost_with(7), once);
  EXPECT_NE(lost_with(8), once);
}

INSTANTIATE_TEST_SUITE_P(On, Emulation, testing::Values(link, lan),
                         [](const auto& place) { return std::string(place.param.name); });

TEST(EmulatedNetwork, FramesDroppedForWantOfMemoryAreFailures) {
  constexpr std::uint32_t largest = 65'535;
  constexpr std::uint32_t too_many = (256U << 20) / largest + 10;
  auto network = Network::up(two(link, {.delay = 10s}, largest));
  const FrameSocket a(network.host("A"));
  const auto frame = a.frame(1, largest);
  std::vector<EmulatedFrame> events;
  for (std::uint32_t i = 0; i < too_many; ++i) {
    a.send(frame);
    // The ring has room for a few that large.
    const auto more = network.take_emulated();
    events.insert(events.end(), more.begin(), more.end());
  }
  const auto dropped = network.line_counters().at(0).relay_full;
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(events.size(), dropped);
  for (const auto& event : events) EXPECT_EQ(event.fate, Fate::relay_full);
  EXPECT_EQ(network.emulation_failures(), dropped);
}

TEST(EmulatedNetwork, DelaysABroadcastOnALanOnceForEachReceiver) {
  Topology net;
  const auto segment = net.lan("lan", {"10.0.0.0/24"}, {.impairment = {.delay = 5ms}});
  for (const auto* name : {"A", "B", "C"}) net.host(name, segment);
  const auto network = Network::up(net);
  const FrameSocket a(network.host("A"));
  const FrameSocket b(network.host("B"));
  const FrameSocket c(network.host("C"));
  a.send(a.frame(9));
  EXPECT_THAT(b.numbers_until(9), ElementsAre(9));
  EXPECT_THAT(c.numbers_until(9), ElementsAre(9));
}

TEST(EmulatedNetwork, IsSilentAndCostsNothingWhileNothingIsSent) {
  const auto network = Network::up(two(lan, {.delay = 5ms, .loss = 0.5}));
  const auto before = std::clock();
  ::poll(nullptr, 0, 100);
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 50);
  EXPECT_EQ(counters_of(network.host("A")), (Counters{0, 0}));
}

TEST(EmulatedNetwork, EndsWithFramesUnderWay) {
  const auto start = std::chrono::steady_clock::now();
  {
    const auto network = Network::up(two(link, {.delay = 10s}));
    const FrameSocket a(network.host("A"));
    a.send(a.frame(1));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 8s);
}

TEST(EmulatedNetwork, ManyMayBeUpAtOnce) {
  const auto one = Network::up(two(link, {.delay = 5ms}));
  auto two_of_them = Network::up(two(lan, {.delay = 5ms}));
  const auto moved = std::move(two_of_them);
  EXPECT_TRUE(ping(one.host("A"), one.host("B").address()));
  EXPECT_TRUE(ping(moved.host("A"), moved.host("B").address()));
}

}  // namespace
}  // namespace wirelab
