// A registry as devices and watchers see it: they are plain sockets here, so that they can do whatever they should not.
#include "lab/services/registry.hpp"

#include <gmock/gmock.h>

#include "tests/services/service_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct RegistryTest : ServiceTest {
  PlainPeer& peer() { return peers.emplace_back(registry().local()); }
  static void enter(PlainPeer& one, const std::string& id, const std::string& name, const std::string& instance,
                    const std::string& port = "17020") {
    one.say("register", {{"id", id}, {"name", name}, {"instance", instance}, {"port", port}});
  }
  PlainPeer& device(const std::string& id, const std::string& name, const std::string& instance) {
    auto& one = peer();
    enter(one, id, name, instance);
    EXPECT_TRUE(meanwhile([&] { return !one.heard.empty(); }));
    return one;
  }
  PlainPeer& watcher() {
    auto& one = peer();
    one.say("watch");
    EXPECT_TRUE(meanwhile([&] { return !one.heard.empty(); }));
    return one;
  }
  Registry& registry() {
    if (!registry_) registry_ = std::make_unique<Registry>(loop, opener, loopback, Registry::Events{}, options);
    return *registry_;
  }
  [[nodiscard]] std::vector<std::string> instances() {
    std::vector<std::string> all;
    for (const auto& device : registry().devices()) all.push_back(device.instance);
    return all;
  }

  Registry::Options options;

 private:
  std::unique_ptr<Registry> registry_;
};

const std::string den = ";id:a1;name:Den;instance:i1;port:17020;address:127.0.0.1";
const std::string loft = ";id:b2;name:Loft;instance:i2;port:17020;address:127.0.0.1";

TEST_P(RegistryTest, ANewcomerGetsTheListAtOnceItselfInIt) {
  const auto& first = device("a1", "Den", "i1");
  EXPECT_TRUE(hears(first, "added" + den));
  EXPECT_THAT(first.heard, ElementsAre("list;devices:1;period:5000", "added" + den));
  const auto& second = device("b2", "Loft", "i2");
  EXPECT_TRUE(hears(second, "added" + loft));
  EXPECT_THAT(second.heard, ElementsAre("list;devices:2;period:5000", "added" + den, "added" + loft));
  EXPECT_TRUE(hears(first, "added" + loft));
}

TEST_P(RegistryTest, AWatcherIsToldEverythingAndIsNotListed) {
  const auto& one = watcher();
  EXPECT_THAT(one.heard, ElementsAre("list;devices:0;period:5000"));
  auto& first = device("a1", "Den", "i1");
  EXPECT_TRUE(hears(one, "added" + den));
  enter(first, "a1", "Cave", "i1", "99");
  EXPECT_TRUE(hears(one, "changed;id:a1;name:Cave;instance:i1;port:99;address:127.0.0.1"));
  EXPECT_TRUE(hears(first, "changed;id:a1;name:Cave;instance:i1;port:99;address:127.0.0.1"));
  enter(first, "a1", "Cave", "i1", "99");
  first.say("alive");
  EXPECT_TRUE(hears(first, "alive"));
  first.say("leave");
  EXPECT_TRUE(hears(one, "removed;id:a1;name:Cave;instance:i1;port:99;address:127.0.0.1;why:left"));
  EXPECT_EQ(one.heard.size(), 4U) << "said again, it is no change";
  EXPECT_THAT(registry().devices(), IsEmpty());
  EXPECT_EQ(registry().stats().registered, 3U);
}

TEST_P(RegistryTest, HoweverADeviceGoesTheOthersAreTold) {
  struct Way {
    std::function<void(PlainPeer&)> go;
    std::string why;
  };
  const std::vector<Way> ways{
      {[](PlainPeer& one) { one.say("leave"); }, "left"},
      {[](PlainPeer& one) { one.shut_down(); }, "closed"},
      {[](PlainPeer& one) { one.reset(); }, "lost"},
      {[](PlainPeer& one) { one.send("\xff\xff"); }, "malformed"},
      {[](PlainPeer& one) {
         EXPECT_EQ(::send(one.fd(), "\x20\0CL:0;ty", 9, 0), 9);
         one.reset();
       },
       "lost"},
  };
  const auto& one = watcher();
  for (const auto& [go, why] : ways) {
    go(device("a1", "Den", "i1"));
    const auto removed = "removed" + den + ";why:" + why;
    EXPECT_TRUE(meanwhile([&] { return one.heard.back() == removed; })) << one.heard.back();
    peers.pop_back();
  }
}

TEST_P(RegistryTest, ASilentDeviceIsRemovedAfterThreePeriods) {
  options.period = 150ms;
  auto& one = watcher();
  device("a1", "Den", "i1").stalled = true;
  EXPECT_TRUE(meanwhile([&] {
    one.say("alive");
    return std::ranges::find(one.heard, "removed" + den + ";why:silent") != one.heard.end();
  }));
  EXPECT_EQ(registry().stats().silent, 1U);
  EXPECT_EQ(one.end, std::nullopt) << "the watcher said that it lives";
}

TEST_P(RegistryTest, TwoDevicesOfOneNameAndEvenOfOneIdBothRemain) {
  auto& first = device("a1", "Den", "i1");
  device("a2", "Den", "i2");
  device("a1", "Den", "i3");
  EXPECT_TRUE(hears(first, "ask"));
  first.say("alive");
  EXPECT_TRUE(hears(first, "alive"));
  EXPECT_THAT(instances(), ElementsAre("i1", "i2", "i3"));
}

TEST_P(RegistryTest, ARestartedDeviceTakesThePlaceOfItsEarlierRun) {
  options.period = 150ms;
  auto& one = watcher();
  auto& earlier = device("a1", "Den", "i1");  // it lives on as a connection, and answers nothing
  const auto asked = now();
  auto& later = device("a1", "Den", "i9");
  EXPECT_TRUE(meanwhile([&] {
    one.say("alive");
    later.say("alive");
    return std::ranges::find(one.heard, "removed" + den + ";why:restarted") != one.heard.end();
  }));
  EXPECT_GE(now() - asked, options.period);
  EXPECT_TRUE(hears(earlier, "ask"));
  EXPECT_THAT(instances(), ElementsAre("i9"));
}

TEST_P(RegistryTest, TheSameRunOnAnotherConnectionIsNoChange) {
  auto& one = watcher();
  auto& before = device("a1", "Den", "i1");
  device("b2", "Loft", "i2");
  auto& again = device("a1", "Den", "i1");
  EXPECT_TRUE(meanwhile([&] { return before.end.has_value(); }));
  EXPECT_TRUE(hears(again, "added" + den));
  one.say("alive");
  EXPECT_TRUE(hears(one, "alive"));
  EXPECT_THAT(one.heard, ElementsAre("list;devices:0;period:5000", "added" + den, "added" + loft, "alive"));
  EXPECT_THAT(instances(), ElementsAre("i1", "i2")) << "in its old place";
}

TEST_P(RegistryTest, WhoRepeatsADeviceFromAnotherAddressDoesNotTakeItsPlace) {
  auto& one = watcher();
  auto& first = device("a1", "Den", "i1");
  auto& thief = peers.emplace_back(registry().local(), Ipv4(127, 0, 0, 9));
  enter(thief, "a1", "Den", "i1", "666");
  EXPECT_TRUE(hears(first, "ask"));
  first.say("alive");
  EXPECT_TRUE(hears(first, "alive"));
  EXPECT_EQ(first.end, std::nullopt);
  EXPECT_TRUE(hears(one, "added;id:a1;name:Den;instance:i1;port:666;address:127.0.0.9"));
  EXPECT_EQ(registry().devices().size(), 2U);
  EXPECT_EQ(registry().devices().front().address, IpAddress(Ipv4(127, 0, 0, 1)));
}

TEST_P(RegistryTest, ATypeOfAnyLengthIsAnsweredInShort) {
  auto& one = watcher();
  for (const auto& type : {std::string(4000, '\x01'), std::string(4080, 'x'), std::string(2000, '\\')}) {
    one.heard.clear();
    one.say(type);
    EXPECT_TRUE(meanwhile([&] { return !one.heard.empty(); }));
    EXPECT_TRUE(one.heard.front().starts_with("error;why:'")) << one.heard.front();
    EXPECT_LT(one.heard.front().size(), 400U);
  }
  one.say("watch");
  EXPECT_TRUE(hears(one, "error;why:you are told everything already"));
  const auto& other = watcher();
  EXPECT_EQ(other.heard.size(), 1U) << "others are served";
}

TEST_P(RegistryTest, WhatIsNoDeviceIsRefused) {
  struct Refused {
    std::string id, name, instance, port, why;
  };
  const std::vector<Refused> all{
      {"", "Den", "i1", "1", "a name is 1 to 64 bytes long"},
      {"a1", "", "i1", "1", "a name is 1 to 64 bytes long"},
      {"a1", "Den", "", "1", "a name is 1 to 64 bytes long"},
      {"a1", std::string(65, 'x'), "i1", "1", "a name is 1 to 64 bytes long"},
      {"a1", "D\x1b[2Jen", "i1", "1", "a name holds no control characters and nothing invisible"},
      {"a1", "D\nen", "i1", "1", "a name holds no control characters and nothing invisible"},
      {"a1", "Den ", "i1", "1", "a name neither begins nor ends with a blank"},
      {"a1", "Den", "i1", "", "a port is a number from 1 to 65535"},
      {"a1", "Den", "i1", "0", "a port is a number from 1 to 65535"},
      {"a1", "Den", "i1", "65536", "a port is a number from 1 to 65535"},
      {"a1", "Den", "i1", "-1", "a port is a number from 1 to 65535"},
      {"a1", "Den", "i1", "0x1", "a port is a number from 1 to 65535"},
  };
  auto& one = peer();
  for (const auto& refused : all) {
    enter(one, refused.id, refused.name, refused.instance, refused.port);
    EXPECT_TRUE(meanwhile([&] { return !one.heard.empty(); }));
    EXPECT_THAT(one.heard, ElementsAre("refused;why:" + refused.why));
    one.heard.clear();
  }
  EXPECT_THAT(registry().devices(), IsEmpty());
  enter(one, "a1", "Den", "i1");
  EXPECT_TRUE(hears(one, "added" + den)) << "it may try again";
  enter(one, "a1", "Den", "i2");
  EXPECT_TRUE(hears(one, "refused;why:this connection is another device's"));
  one.say("dance");
  EXPECT_TRUE(hears(one, "error;why:'dance' means nothing here"));
  one.say("watch", {}, "with content");
  EXPECT_TRUE(meanwhile([&] { return one.end.has_value(); }));
  EXPECT_TRUE(one.heard.back().starts_with("error;why:the content is longer than the limit")) << one.heard.back();
}

TEST_P(RegistryTest, WhoSaysNotWhatItWantsIsCutOff) {
  options.greet_limit = 30ms;
  auto& one = peer();
  EXPECT_TRUE(meanwhile([&] {
    one.say("alive");
    return one.end.has_value();
  }));
}

TEST_P(RegistryTest, AWatcherThatReadsNothingHurtsNobody) {
  options.max_queued = std::size_t{16} << 10;
  options.max_clients = 4;
  auto& stalled = watcher();
  const int small = 4096;
  ::setsockopt(stalled.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  stalled.stalled = true;
  auto& one = watcher();
  const std::string longest(64, 'x');
  auto& busy = device(longest, longest, longest);
  std::size_t port = 0;
  EXPECT_TRUE(meanwhile([&] {
    for (int i = 0; busy.sent_all() && i < 100; ++i) enter(busy, longest, longest, longest, std::to_string(++port));
    return registry().tcp().clients() == 2;
  })) << port;
  EXPECT_TRUE(meanwhile([&] { return one.heard.back().find(fmt::format(";port:{};", port)) != std::string::npos; }));
}

TEST_P(RegistryTest, StoppingEndsEveryConnection) {
  auto& one = watcher();
  auto& other = device("a1", "Den", "i1");
  bool stopped = false;
  registry().stop([&] { stopped = true; });
  EXPECT_TRUE(meanwhile([&] {
    for (auto* each : {&one, &other}) {
      if (each->end) each->close();
    }
    return stopped;
  }));
  EXPECT_EQ(other.end, 0);
}

INSTANTIATE_TEST_SUITE_P(All, RegistryTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
