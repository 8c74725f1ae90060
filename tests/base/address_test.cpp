#include "lab/base/address.hpp"

#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <variant>

#include <gtest/gtest.h>

namespace wirelab {
namespace {

using std::literals::string_view_literals::operator""sv;

// What parsing makes of `text`, printed again; "-" if it refuses.
template <class T>
std::string reparsed(std::string_view text) {
  const auto value = T::parse(text);
  return value ? value->to_string() : "-";
}

struct Fact {
  std::string_view text;
  std::string_view becomes;
};

TEST(Ipv4, Text) {
  const Fact facts[] = {
      {"10.1.0.2", "10.1.0.2"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"", "-"},
      {"10.1.0", "-"},
      {"10.1.0.2.3", "-"},
      {"10.1.0.256", "-"},
      {"10.1.0.-1", "-"},
      {"10.1..2", "-"},
      {"10.1.0.02", "-"},
      {" 10.1.0.2", "-"},
      {"10.1.0.2 ", "-"},
      {"0x0a.1.0.2", "-"},
      {"167837698", "-"},
      {"::1", "-"},
      {"10.1.0.2\0"sv, "-"},
      {"10.1.0.2\0x"sv, "-"},
  };
  for (const auto& [text, becomes] : facts) EXPECT_EQ(reparsed<Ipv4>(text), becomes) << text;
}

TEST(Ipv4, NumberIsInHostOrderAndBytesInNetworkOrder) {
  constexpr Ipv4 address(10, 1, 2, 3);
  static_assert(address.number() == 0x0A010203);
  static_assert(Ipv4::from_number(0x0A010203) == address);
  EXPECT_EQ(to_hex(address.bytes()), "0a010203");
  EXPECT_EQ(Ipv4::from_bytes(address.bytes()), address);
  EXPECT_EQ(Ipv4::from_bytes(Bytes{10, 1, 2, 3, 99}), address);
  EXPECT_THROW(Ipv4::from_bytes(Bytes{10, 1, 2}), std::logic_error);
  EXPECT_EQ(Ipv4::from_number(address.number() + 1).to_string(), "10.1.2.4");
}

TEST(Ipv4, Kinds) {
  static_assert(Ipv4(224, 0, 0, 0).is_multicast() && Ipv4(239, 255, 255, 255).is_multicast());
  static_assert(!Ipv4(223, 255, 255, 255).is_multicast() && !Ipv4(240, 0, 0, 0).is_multicast());
  static_assert(Ipv4{}.is_unspecified() && !Ipv4(0, 0, 0, 1).is_unspecified());
  EXPECT_LT(Ipv4(9, 255, 255, 255), Ipv4(10, 0, 0, 0));
}

// RFC 5952 as the shortest unambiguous text; RFC 4291, section 2.2 as what may be read.
TEST(Ipv6, Text) {
  const Fact facts[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"FD00:0:0:0:0:0:0:1", "fd00::1"},
      {"2001:0db8::0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
      {"64:ff9b::10.0.0.1", "64:ff9b::a00:1"},
      {"", "-"},
      {":", "-"},
      {":::", "-"},
      {"1::2::3", "-"},
      {"1:2:3:4:5:6:7", "-"},
      {"1:2:3:4:5:6:7:8:9", "-"},
      {"12345::", "-"},
      {"g::", "-"},
      {"fe80::1%eth0", "-"},
      {"[::1]", "-"},
      {"10.0.0.1", "-"},
      {"::1\0"sv, "-"},
  };
  for (const auto& [text, becomes] : facts) EXPECT_EQ(reparsed<Ipv6>(text), becomes) << text;
}

TEST(Ipv6, BytesAndKinds) {
  const auto address = *Ipv6::parse("fe80::102");
  EXPECT_EQ(to_hex(address.bytes()), "fe800000000000000000000000000102");
  EXPECT_EQ(Ipv6::from_bytes(address.bytes()), address);
  EXPECT_THROW(Ipv6::from_bytes(Bytes(15)), std::logic_error);
  const auto kinds = [](std::string_view text) {
    const auto parsed = *Ipv6::parse(text);
    return std::string(parsed.is_multicast() ? "multicast " : "") + (parsed.is_unspecified() ? "unspecified" : "");
  };
  EXPECT_EQ(kinds("fe80::1"), "");
  EXPECT_EQ(kinds("ff02::1"), "multicast ");
  EXPECT_EQ(kinds("::"), "unspecified");
  EXPECT_EQ(kinds("::1"), "");
}

TEST(IpAddress, IsOfEitherVersion) {
  const auto v4 = *IpAddress::parse("10.0.0.1");
  const auto v6 = *IpAddress::parse("fd00::1");
  EXPECT_TRUE(v4.is_v4() && !v4.is_v6() && v6.is_v6() && !v6.is_v4());
  EXPECT_EQ(v4.bytes().size(), 4);
  EXPECT_EQ(v6.bytes().size(), 16);
  EXPECT_EQ(v4.to_string() + ' ' + v6.to_string(), "10.0.0.1 fd00::1");
  EXPECT_THROW(static_cast<void>(v4.v6()), std::bad_variant_access);
  EXPECT_THROW(static_cast<void>(v6.v4()), std::bad_variant_access);
  EXPECT_EQ(IpAddress::parse("10.0.0.1:80"), std::nullopt);
  EXPECT_EQ(IpAddress{}, IpAddress(Ipv4{}));
  EXPECT_NE(IpAddress(Ipv4{}), IpAddress(Ipv6{})) << "unspecified, but of another version";
  EXPECT_TRUE(IpAddress(Ipv6{}).is_unspecified());
  EXPECT_TRUE(IpAddress(Ipv4(224, 0, 0, 1)).is_multicast());
}

TEST(Mac, Text) {
  const Fact facts[] = {
      {"02:00:5e:10:00:01", "02:00:5e:10:00:01"},
      {"FF:FF:ff:ff:FF:FF", "ff:ff:ff:ff:ff:ff"},
      {"", "-"},
      {"02:00:5e:10:00", "-"},
      {"02:00:5e:10:00:1", "-"},
      {"02:00:5e:10:00:01:02", "-"},
      {"02-00-5e-10-00-01", "-"},
      {"02005e100001", "-"},
      {"02:00:5e:10:00:0g", "-"},
      {"02:00:5e:10:00: 1", "-"},
      {"02:00:5e:10:0:001", "-"},
      {"02 00 5e 10 00 01", "-"},
      {":02:00:5e:10:0001", "-"},
  };
  for (const auto& [text, becomes] : facts) EXPECT_EQ(reparsed<Mac>(text), becomes) << text;
}

TEST(Mac, Kinds) {
  static_assert(Mac::broadcast().is_group() && !Mac{}.is_group());
  const auto multicast = *Mac::parse("01:00:5e:00:00:01");
  EXPECT_TRUE(multicast.is_group());
  EXPECT_EQ(Mac::from_bytes(multicast.bytes()), multicast);
  EXPECT_THROW(Mac::from_bytes(Bytes(5)), std::logic_error);
}

TEST(Port, Text) {
  struct PortFact {
    std::string_view text;
    std::optional<Port> becomes;
  };
  const PortFact facts[] = {
      {"0", Port{0}},        {"80", Port{80}},       {"65535", Port{65535}}, {"65536", std::nullopt},
      {"-1", std::nullopt},  {"+1", std::nullopt},   {"", std::nullopt},     {" 80", std::nullopt},
      {"80 ", std::nullopt}, {"0x50", std::nullopt}, {"http", std::nullopt}, {"99999999999999999999", std::nullopt},
  };
  for (const auto& [text, becomes] : facts) EXPECT_EQ(parse_port(text), becomes) << text;
  EXPECT_EQ(number(Port{443}), 443);
}

TEST(Endpoint, Text) {
  const Fact facts[] = {
      {"10.0.0.1:80", "10.0.0.1:80"},
      {"[fd00::1]:80", "[fd00::1]:80"},
      {"[::]:0", "[::]:0"},
      {"10.0.0.1", "-"},
      {"10.0.0.1:", "-"},
      {":80", "-"},
      {"10.0.0.1:65536", "-"},
      {"10.0.0.1:80:80", "-"},
      {"fd00::1:80", "-"},
      {"[10.0.0.1]:80", "-"},
      {"[fd00::1:80", "-"},
      {"fd00::1]:80", "-"},
      {"[fd00::1]80", "-"},
      {"[]:80", "-"},
      {"", "-"},
  };
  for (const auto& [text, becomes] : facts) EXPECT_EQ(reparsed<Endpoint>(text), becomes) << text;
}

TEST(Addresses, ArePrintedByFmtAsByToString) {
  EXPECT_EQ(fmt::format("{} {} {}", Ipv4(10, 0, 0, 1), Ipv6{}, Mac::broadcast()), "10.0.0.1 :: ff:ff:ff:ff:ff:ff");
  EXPECT_EQ(fmt::format("{:>12}|{:<9}|{}", IpAddress(Ipv4(1, 2, 3, 4)), Ipv4{}, Port{80}), "     1.2.3.4|0.0.0.0  |80");
  EXPECT_EQ(fmt::format("{} {}", Endpoint{Ipv4(1, 2, 3, 4), Port{5}}, Prefix(Ipv4(10, 0, 0, 0), 8)),
            "1.2.3.4:5 10.0.0.0/8");
}

TEST(Addresses, AreKeys) {
  const Endpoint a{Ipv4(10, 0, 0, 1), Port{1}};
  const Endpoint b{Ipv4(10, 0, 0, 1), Port{2}};
  EXPECT_EQ((std::unordered_set<Endpoint>{a, b, a}).size(), 2);
  EXPECT_EQ((std::set<Endpoint>{b, a, a}).begin()->port, Port{1});
  EXPECT_EQ((std::unordered_set<IpAddress>{Ipv4{}, Ipv6{}, Ipv4{}}).size(), 2);
  EXPECT_EQ((std::unordered_set<Mac>{Mac{}, Mac::broadcast(), Mac{}}).size(), 2);
}

TEST(Addresses, DoNotConvertSilently) {
  static_assert(!std::is_convertible_v<std::uint32_t, Ipv4> && !std::is_convertible_v<Ipv4, std::uint32_t>);
  static_assert(!std::is_convertible_v<std::uint32_t, IpAddress>);
  static_assert(!std::is_convertible_v<int, Port> && !std::is_convertible_v<Port, int>);
  static_assert(!std::is_convertible_v<std::array<std::uint8_t, 6>, Mac>);
  SUCCEED();
}

}  // namespace
}  // namespace wirelab
