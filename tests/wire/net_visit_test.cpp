// Visits to hosts, and what is done there: Host::in and nftables rules.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "lab/net/nft.hpp"
#include "tests/wire/net_labs.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

ino_t current_namespace() {
  struct stat status {};
  check_errno(::stat("/proc/thread-self/ns/net", &status), "stat the network namespace");
  return status.st_ino;
}

TEST(HostIn, ComesBackAndHandsOnWhatTheWorkReturns) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  const auto there = network.host("A").in(current_namespace);
  EXPECT_NE(there, home);
  EXPECT_EQ(current_namespace(), home);
  int value = 7;
  int& same = network.host("A").in([&]() -> int& { return value; });
  EXPECT_EQ(&same, &value);
}

TEST(HostIn, ComesBackFromAnException) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  EXPECT_THROW(network.host("A").in([] { throw std::runtime_error("x"); }), std::runtime_error);
  EXPECT_EQ(current_namespace(), home);
}

TEST(HostIn, Nests) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  const auto b = network.host("B").in(current_namespace);
  network.host("A").in([&] {
    const auto a = current_namespace();
    EXPECT_EQ(network.host("B").in(current_namespace), b);
    EXPECT_EQ(current_namespace(), a);
    const auto third = Network::up(pair());
    EXPECT_EQ(current_namespace(), a);
  });
  EXPECT_EQ(current_namespace(), home);
}

std::size_t open_descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(Ruleset, WorksInItsHostAlone) {
  const auto network = Network::up(pair());
  const auto before = open_descriptors();
  apply_ruleset(network.host("B"),
                "table ip test { chain in { type filter hook input priority 0; icmp type echo-request drop; }; }");
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(ping(network.host("A"), network.host("B").address(), 100ms));
  EXPECT_TRUE(ping(network.host("B"), network.host("A").address()));
}

TEST(Ruleset, SaysWhereItIsWrong) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  try {
    apply_ruleset(network.host("A"), "add rule ip nothing in accept");
    ADD_FAILURE() << "not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "nftables refused the rules: Could not process rule: No such file or directory\n"
                 "add rule ip nothing in accept\n"
                 "            ^^^^^^^");
  }
  EXPECT_EQ(current_namespace(), home);
}

}  // namespace
}  // namespace wirelab
