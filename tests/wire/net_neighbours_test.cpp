// What a kernel believes about its neighbours, read and set.
#include <gtest/gtest.h>

#include "lab/net/neighbours.hpp"
#include "tests/wire/net_labs.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

const Mac elsewhere = Mac::parse("02:00:5e:10:00:09").value();

TEST(Neighbours, AreUnknownUntilTheyAreNeeded) {
  const auto network = Network::up(pair());
  EXPECT_EQ(neighbour_of(network.host("A"), network.host("B").address()), std::nullopt);
}

TEST(Neighbours, AreLearnedByResolution) {
  const auto network = Network::up(pair());
  const auto& b = network.host("B");
  ASSERT_TRUE(ping(network.host("A"), b.address()));
  const auto entry = neighbour_of(network.host("A"), b.address());
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->mac, b.interface("eth0").mac);
  EXPECT_EQ(entry->interface, "eth0");
  EXPECT_EQ(entry->state, NeighbourState::reachable) << entry->to_string();
}

TEST(Neighbours, ASilentOneIsIncompleteOrFailed) {
  const auto network = Network::up(pair());
  const auto nobody = IpAddress::parse("10.0.0.77").value();
  ASSERT_FALSE(ping(network.host("A"), nobody));
  const auto entry = neighbour_of(network.host("A"), nobody);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->mac, std::nullopt);
  EXPECT_TRUE(entry->state == NeighbourState::incomplete || entry->state == NeighbourState::failed);
}

TEST(Neighbours, AStaticOneIsBelievedAndForgotten) {
  const auto network = Network::up(pair());
  const auto& a = network.host("A");
  const auto b = network.host("B").address();
  set_static_neighbour(a, "eth0", b, elsewhere);
  const auto entry = neighbour_of(a, b);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->to_string(), b.to_string() + " is at 02:00:5e:10:00:09 (permanent)");
  EXPECT_FALSE(ping(a, b)) << "the frames go to nobody";
  forget_neighbour(a, b);
  EXPECT_EQ(neighbour_of(a, b), std::nullopt);
  EXPECT_TRUE(ping(a, b));
}

TEST(Neighbours, WhatIsNotThereIsForgottenWithoutAWord) {
  const auto network = Network::up(pair());
  EXPECT_NO_THROW(forget_neighbour(network.host("A"), network.host("B").address()));
}

TEST(Neighbours, AnUnknownInterfaceIsTheCallersMistake) {
  const auto network = Network::up(pair());
  EXPECT_THROW(set_static_neighbour(network.host("A"), "eth7", network.host("B").address(), elsewhere),
               std::logic_error);
}

}  // namespace
}  // namespace wirelab
