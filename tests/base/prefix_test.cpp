#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "lab/base/address.hpp"

namespace wirelab {
namespace {

Prefix prefix(std::string_view text) {
  const auto parsed = Prefix::parse(text);
  if (!parsed) throw std::logic_error("no prefix: " + std::string(text));
  return *parsed;
}

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(Prefix, Text) {
  struct Fact {
    std::string_view text;
    std::string_view becomes;
  };
  const Fact facts[] = {
      {"10.0.0.0/24", "10.0.0.0/24"},
      {"10.0.0.1/32", "10.0.0.1/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"fd00:0::/64", "fd00::/64"},
      {"::/0", "::/0"},
      {"fd00::1/128", "fd00::1/128"},
      {"10.0.0.1/24", "-"},
      {"10.0.0.128/24", "-"},
      {"fd00::1/64", "-"},
      {"10.0.0.0/33", "-"},
      {"fd00::/129", "-"},
      {"10.0.0.0", "-"},
      {"10.0.0.0/", "-"},
      {"10.0.0.0/-1", "-"},
      {"10.0.0.0/24/24", "-"},
      {"10.0.0.0/ 24", "-"},
      {"10.0.0/24", "-"},
      {"/24", "-"},
      {"", "-"},
  };
  for (const auto& [text, becomes] : facts) {
    const auto parsed = Prefix::parse(text);
    EXPECT_EQ(parsed ? parsed->to_string() : "-", becomes) << text;
  }
}

TEST(Prefix, ClearsHostBits) {
  EXPECT_EQ(Prefix(Ipv4(10, 1, 2, 3), 24).to_string(), "10.1.2.0/24");
  EXPECT_EQ(Prefix(Ipv4(10, 1, 2, 255), 25).to_string(), "10.1.2.128/25");
  EXPECT_EQ(Prefix(Ipv4(255, 255, 255, 255), 0).to_string(), "0.0.0.0/0");
  EXPECT_EQ(Prefix(address("fd00:ffff::1"), 17).to_string(), "fd00:8000::/17");
  EXPECT_THROW(Prefix(Ipv4{}, 33), std::logic_error);
  EXPECT_THROW(Prefix(Ipv6{}, 129), std::logic_error);
}

TEST(Prefix, Contains) {
  struct Fact {
    std::string_view prefix;
    std::string_view address;
    bool contains;
  };
  const Fact facts[] = {
      {"10.0.0.0/24", "10.0.0.0", true},
      {"10.0.0.0/24", "10.0.0.255", true},
      {"10.0.0.0/24", "10.0.1.0", false},
      {"10.0.0.0/24", "9.255.255.255", false},
      {"10.0.0.128/25", "10.0.0.127", false},
      {"10.0.0.1/32", "10.0.0.1", true},
      {"10.0.0.1/32", "10.0.0.0", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::", false},
      {"::/0", "10.0.0.1", false},
      {"fd00::/64", "fd00::ffff:ffff:ffff:ffff", true},
      {"fd00::/64", "fd00:0:0:1::", false},
      {"fd00::/63", "fd00:0:0:1::", true},
  };
  for (const auto& fact : facts)
    EXPECT_EQ(prefix(fact.prefix).contains(address(fact.address)), fact.contains) << fact.prefix << ' ' << fact.address;
}

TEST(Prefix, Overlaps) {
  EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("10.1.0.0/16")));
  EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
  EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.1.0.0/16")));
  EXPECT_FALSE(prefix("10.1.0.0/16").overlaps(prefix("10.2.0.0/16")));
  EXPECT_FALSE(prefix("0.0.0.0/0").overlaps(prefix("::/0")));
}

// RFC 3021 for /31; RFC 6164 for /127; RFC 4291, section 2.6.1 for the anycast address of a longer block.
TEST(Prefix, Hosts) {
  struct Fact {
    std::string_view prefix;
    std::uint64_t hosts;
    std::string_view first;
    std::string_view last;
  };
  const Fact facts[] = {
      {"10.0.0.0/24", 254, "10.0.0.1", "10.0.0.254"},
      {"10.0.0.0/30", 2, "10.0.0.1", "10.0.0.2"},
      {"10.0.0.2/31", 2, "10.0.0.2", "10.0.0.3"},
      {"10.0.0.2/32", 1, "10.0.0.2", "10.0.0.2"},
      {"10.0.0.0/15", 131070, "10.0.0.1", "10.1.255.254"},
      {"0.0.0.0/0", 0xFFFFFFFE, "0.0.0.1", "255.255.255.254"},
      {"fd00::/126", 3, "fd00::1", "fd00::3"},
      {"fd00::2/127", 2, "fd00::2", "fd00::3"},
      {"fd00::2/128", 1, "fd00::2", "fd00::2"},
      {"fd00::/65", 0x7FFFFFFFFFFFFFFF, "fd00::1", "fd00::7fff:ffff:ffff:ffff"},
      {"fd00::/64", 0xFFFFFFFFFFFFFFFF, "fd00::1", "fd00::ffff:ffff:ffff:ffff"},
      {"fd00::/8", 0xFFFFFFFFFFFFFFFF, "fd00::1", "fd00::ffff:ffff:ffff:ffff"},
  };
  for (const auto& [text, hosts, first, last] : facts) {
    const auto block = prefix(text);
    EXPECT_EQ(block.hosts(), hosts) << text;
    EXPECT_EQ(block.host(1).to_string(), first) << text;
    EXPECT_EQ(block.host(hosts).to_string(), last) << text;
    EXPECT_THROW(static_cast<void>(block.host(0)), std::logic_error) << text;
    // hosts + 1 is 0 again where hosts saturates.
    EXPECT_THROW(static_cast<void>(block.host(hosts + 1)), std::logic_error) << text;
  }
}

}  // namespace
}  // namespace wirelab
