#include "lab/net/impairment.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "lab/net/topology.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

struct Fault {
  Impairment impairment;
  const char* text;
};

TEST(Impairment, SaysWhatNoLinkCanBe) {
  const Fault faults[] = {
      {{.delay = -1ms}, "a delay of -1 ms is negative"},
      {{.delay = 10001ms}, "a delay of 10001 ms is more than 10 s"},
      {{.delay = 25ms, .jitter = -1us}, "a jitter of -0.001 ms is negative"},
      {{.delay = 25ms, .jitter = 26ms}, "a jitter of 26 ms is more than the delay of 25 ms"},
      {{.jitter = 1ms}, "a jitter of 1 ms is more than the delay of 0 ms"},
      {{.loss = -0.1}, "a loss of -0.1 is no share from 0 to 1"},
      {{.loss = 1.5}, "a loss of 1.5 is no share from 0 to 1"},
      {{.loss = std::nan("")}, "a loss of nan is no share from 0 to 1"},
      {{.duplicate = 2}, "a duplication of 2 is no share from 0 to 1"},
      {{.reorder = 1.01}, "a reordering of 1.01 is no share from 0 to 1"},
      {{.reorder = 0.1, .hold = 0ms}, "a hold of 0 ms reorders nothing"},
      {{.reorder = 0.1, .hold = 11s}, "a hold of 11000 ms is more than 10 s"},
      {{.rate = 0}, "a rate of 0 bit/s is less than 1000"},
      {{.rate = 999}, "a rate of 999 bit/s is less than 1000"},
  };
  for (const auto& [impairment, text] : faults) EXPECT_EQ(impairment.fault(), text);
  EXPECT_EQ(Impairment{}.fault(), std::nullopt);
  EXPECT_EQ((Impairment{.delay = 10s, .jitter = 10s, .loss = 1, .rate = 1000}.fault()), std::nullopt);
}

TEST(Impairment, IsToldInWords) {
  const std::pair<Impairment, const char*> texts[] = {
      {{}, ""},
      {{.delay = 25ms}, "delay 25 ms"},
      {{.delay = 25ms, .jitter = 1500us, .loss = 0.05}, "delay 25 ms, jitter 1.5 ms, loss 5 %"},
      {{.duplicate = 0.005, .reorder = 0.1, .rate = 1'500'000},
       "duplication 0.5 %, reordering 10 % by 10 ms, 1.5 Mbit/s"},
      {{.rate = 1'000'000'000}, "1 Gbit/s"},
      {{.rate = 64'000}, "64 kbit/s"},
  };
  for (const auto& [impairment, text] : texts) EXPECT_EQ(impairment.to_string(), text);
}

TEST(Impairment, KnowsHowLongAFrameMayBeUnderWay) {
  EXPECT_EQ(Impairment{}.longest(), 0ns);
  EXPECT_EQ((Impairment{.delay = 25ms, .jitter = 5ms}.longest()), 30ms);
  EXPECT_EQ((Impairment{.reorder = 0.1}.longest()), 10ms);
  EXPECT_EQ((Impairment{.rate = 8000, .queue = 2000}.longest()), 2s);
}

// A with its own way into the WAN, R and S as the WAN says.
Topology wan() {
  Topology net;
  const auto segment = net.lan("wan", {"10.0.0.0/24"}, {.impairment = {.delay = 25ms}});
  const auto a = net.host("A", segment);
  net.host("B", segment);
  net.router("R", {segment});
  net.impair(a, segment, {.delay = 25ms, .rate = 1'000'000});
  return net;
}

TEST(ImpairedTopology, IsDrawn) {
  EXPECT_EQ(wan().to_string(),
            "wan: LAN 10.0.0.0/24, each way: delay 25 ms\n"
            "├─ A  eth0  02:77:00:00:00:01  10.0.0.1  sends with delay 25 ms, 1 Mbit/s\n"
            "├─ B  eth0  02:77:00:00:00:02  10.0.0.2\n"
            "└─ R  eth0  02:77:00:00:00:03  10.0.0.3  router\n");
  auto net = wan();
  net.impair(*net.find("B"), *net.find_segment("wan"), {});
  EXPECT_NE(net.to_string().find("10.0.0.2  sends unimpaired\n"), std::string::npos);
}

TEST(ImpairedTopology, ASegmentImpairsAllThatJoin) {
  auto net = wan();
  const auto segment = *net.find_segment("wan");
  net.impair(segment, {.loss = 0.5});
  const auto late = net.host("C", segment);
  for (const auto& node : net.nodes()) EXPECT_EQ(node.interfaces[0].impairment.loss, 0.5) << node.name;
  EXPECT_TRUE(net.is_impaired(segment));
  net.impair(segment, {});
  EXPECT_FALSE(net.is_impaired(segment));
  net.impair(late, segment, {.loss = 0.5});
  EXPECT_TRUE(net.is_impaired(segment));
}

TEST(ImpairedTopology, RefusesWhatNoLinkCanBe) {
  const auto refusal = [](const std::function<void(Topology&)>& change) {
    auto net = wan();
    net.lan("other", {"10.0.1.0/24"});
    const auto before = net.to_string();
    try {
      change(net);
    } catch (const TopologyError& error) {
      EXPECT_EQ(net.to_string(), before);
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const std::pair<std::function<void(Topology&)>, const char*> refusals[] = {
      {[](Topology& n) { n.link("x", {"10.0.2.0/24"}, {.impairment = {.loss = 2}}); },
       "link \"x\": a loss of 2 is no share from 0 to 1"},
      {[](Topology& n) { n.impair(*n.find_segment("wan"), {.rate = 0}); },
       "LAN \"wan\": a rate of 0 bit/s is less than 1000"},
      {[](Topology& n) { n.impair(*n.find("A"), *n.find_segment("wan"), {.delay = -1ns}); },
       "LAN \"wan\": a delay of -1e-06 ms is negative"},
      {[](Topology& n) { n.impair(*n.find("A"), *n.find_segment("wan"), {.rate = 1000, .queue = 1513}); },
       "LAN \"wan\": a queue of 1513 bytes has no room for a frame of 1514"},
      {[](Topology& n) { n.impair(*n.find("A"), *n.find_segment("other"), {.loss = 0.1}); }, "A is not on \"other\""},
      {[](Topology& n) { n.impair({99}, *n.find_segment("wan"), {}); }, "node 99 is not of this topology, which has 3"},
  };
  for (const auto& [change, text] : refusals) EXPECT_EQ(refusal(change), text);
}

}  // namespace
}  // namespace wirelab
