// What tells devices apart, and where they are reached.
#include "lab/services/device.hpp"

#include <set>

#include <gtest/gtest.h>

#include "lab/services/device_id.hpp"
#include "lab/services/name.hpp"

namespace wirelab::testing {
namespace {

constexpr Port usual{17020};

TEST(DeviceId, IsTheSameInEveryRunAtOnePortOfOneHost) {
  const auto marks = marks_of_this_host();
  EXPECT_EQ(device_id("den", marks, usual), device_id("den", marks_of_this_host(), usual));
  EXPECT_FALSE(marks.boot.empty());
  EXPECT_TRUE(marks.network.starts_with("net:[")) << marks.network;
}

TEST(DeviceId, DiffersBetweenAllThatAreNotTheSameDevice) {
  const HostMarks marks{.machine = "m", .boot = "b", .network = "net:[1]"};
  const std::set<std::string> ids{
      device_id("den", marks, usual),
      device_id("loft", marks, usual),
      device_id("den", {.machine = "m2", .boot = "b", .network = "net:[1]"}, usual),
      device_id("den", {.machine = "m", .boot = "b2", .network = "net:[1]"}, usual),  // a copy of the disk
      device_id("den", {.machine = "m", .boot = "b", .network = "net:[2]"}, usual),   // a container beside it
      device_id("den", marks, Port{17021}),
  };
  EXPECT_EQ(ids.size(), 6U);
}

TEST(DeviceId, MayBeShownWhateverTheHostIsCalled) {
  for (const std::string host : {"den", "", " ", "a\x1b[2J", "a;b"}) {
    const auto id = device_id(host, marks_of_this_host(), usual);
    EXPECT_EQ(name_fault(id), std::nullopt) << id;
    EXPECT_TRUE(id.starts_with(host == "den" ? "den-" : "device-")) << id;
  }
  EXPECT_EQ(name_fault(device_id(std::string(255, 'x'), {}, usual)), std::nullopt);
}

TEST(DeviceId, DoesNotTellTheMachinesOwnId) {
  const auto marks = marks_of_this_host();
  const auto id = device_id("den", marks, usual);
  for (const auto& mark : {marks.machine, marks.boot}) EXPECT_TRUE(mark.empty() || id.find(mark) == id.npos);
}

// A device that runs beside its registry says so there at 127.0.0.1, where nobody else reaches it.
TEST(Device, BesideItsRegistryIsReachedFromElsewhereWhereTheRegistryIs) {
  struct Seen {
    const char *device, *registry, *reached;
  };
  for (const auto& [device, registry, reached] : {
           Seen{"10.0.0.3", "10.0.0.1:17019", "10.0.0.3"},
           Seen{"127.0.0.1", "10.0.0.1:17019", "10.0.0.1"},
           Seen{"127.3.2.1", "10.0.0.1:17019", "10.0.0.1"},
           Seen{"::1", "[fd00::1]:17019", "fd00::1"},
           Seen{"127.0.0.1", "127.0.0.1:17019", "127.0.0.1"},
           Seen{"::1", "[::1]:17019", "::1"},
           Seen{"10.0.0.3", "127.0.0.1:17019", "10.0.0.3"},
       }) {
    const auto seen = seen_through({.id = "a", .name = "Den", .instance = "i", .address = *IpAddress::parse(device)},
                                   *Endpoint::parse(registry));
    EXPECT_EQ(seen.address.to_string(), reached) << device << " by " << registry;
  }
}

}  // namespace
}  // namespace wirelab::testing
