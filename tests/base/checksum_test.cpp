#include "lab/base/checksum.hpp"

#include <random>
#include <string_view>

#include <gtest/gtest.h>

namespace wirelab {
namespace {

Bytes bytes(std::string_view hex) { return from_hex(hex).value(); }

// RFC 1071 as it is told there: 16-bit words added one by one, the carry put back each time.
std::uint16_t by_the_book(ByteView data) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < data.size(); i += 2) {
    sum += static_cast<std::uint32_t>(data[i]) << 8 | (i + 1 < data.size() ? data[i + 1] : 0U);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

Bytes random_bytes(std::mt19937& random, std::size_t size) {
  Bytes data(size);
  for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
  return data;
}

TEST(Checksum, KnownValues) {
  struct Fact {
    std::string_view data;
    std::uint16_t checksum;
  };
  const Fact facts[] = {
      {"", 0xFFFF},
      {"00 00", 0xFFFF},
      {"ff ff", 0x0000},
      {"ff ff ff ff ff ff", 0x0000},
      // The example of RFC 1071, section 3: its sum is ddf2.
      {"00 01 f2 03 f4 f5 f6 f7", 0x220D},
      // An odd byte counts as the high half of a word.
      {"01", 0xFEFF},
      {"00 01 80", 0x7FFE},
      // An IPv4 header whose checksum is b861, without and with it.
      {"45 00 00 73 00 00 40 00 40 11 00 00 c0 a8 00 01 c0 a8 00 c7", 0xB861},
      {"45 00 00 73 00 00 40 00 40 11 b8 61 c0 a8 00 01 c0 a8 00 c7", 0x0000},
  };
  for (const auto& [data, checksum] : facts) EXPECT_EQ(internet_checksum(bytes(data)), checksum) << data;
}

TEST(Checksum, AgreesWithTheBookAtEverySizeAndForEveryLastByte) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 70; ++size) {
    const auto data = random_bytes(random, size);
    EXPECT_EQ(internet_checksum(data), by_the_book(data)) << size;
  }
  for (unsigned last = 0; last < 256; ++last) {
    const Bytes data{0x12, 0x34, static_cast<std::uint8_t>(last)};
    EXPECT_EQ(internet_checksum(data), by_the_book(data)) << last;
  }
  const Bytes largest(65535, 0xFF);
  EXPECT_EQ(internet_checksum(largest), by_the_book(largest));
}

TEST(Checksum, EvenPartsMayBeAddedOneByOne) {
  std::mt19937 random(2);
  const auto data = random_bytes(random, 61);
  for (std::size_t cut = 0; cut <= data.size(); cut += 2) {
    ChecksumAdder adder;
    adder.add(ByteView(data).first(cut)).add(ByteView(data).subspan(cut));
    EXPECT_EQ(adder.finish(), internet_checksum(data)) << cut;
  }
  EXPECT_EQ(ChecksumAdder{}.add16(0xFFFF).add16(0x0001).finish(), 0xFFFE);
}

TEST(TransportChecksum, KnownSegments) {
  const IpAddress a4 = Ipv4(10, 0, 0, 1);
  const IpAddress b4 = Ipv4(10, 0, 0, 2);
  const IpAddress a6 = *Ipv6::parse("fd00::1");
  const IpAddress b6 = *Ipv6::parse("fd00::2");
  constexpr std::uint8_t udp = 17;
  constexpr std::uint8_t icmp6 = 58;
  struct Fact {
    IpAddress source;
    IpAddress destination;
    std::uint8_t protocol;
    std::string_view segment;
    std::uint16_t checksum;
  };
  const Fact facts[] = {
      {a4, b4, udp, "0001 0002 000a 0000 6869", 0x836B},
      {a6, b6, udp, "0001 0002 000a 0000 6869", 0x9D69},
      {a6, b6, icmp6, "8000 0000 0001 0001", 0x85B6},
      // With the checksum in place the whole adds up to zero.
      {a4, b4, udp, "0001 0002 000a 836b 6869", 0},
      {a6, b6, icmp6, "8000 85b6 0001 0001", 0},
  };
  for (const auto& [source, destination, protocol, segment, checksum] : facts)
    EXPECT_EQ(transport_checksum(source, destination, protocol, bytes(segment)), checksum)
        << source.to_string() << segment;
}

TEST(TransportChecksum, CountsLengthsBeyond16Bits) {
  const auto a = *Ipv6::parse("fd00::1");
  const Bytes jumbo(0x10002);
  const Bytes pseudo_header_and_zeros = [&] {
    Bytes all = copy_of(a.bytes());
    all.insert(all.end(), a.bytes().begin(), a.bytes().end());
    for (const int byte : {0x00, 0x01, 0x00, 0x02, 0, 0, 0, 17}) all.push_back(static_cast<std::uint8_t>(byte));
    return all;
  }();
  EXPECT_EQ(transport_checksum(a, a, 17, jumbo), by_the_book(pseudo_header_and_zeros));
}

// RFC 1624, section 4: the case in which equation 2 of RFC 1141 gives ffff.
TEST(UpdatedChecksum, ExampleOfRfc1624) { EXPECT_EQ(updated_checksum(0xDD2F, 0x5555, 0x3285), 0x0000); }

TEST(UpdatedChecksum, EqualsAFreshOne) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    auto data = random_bytes(random, 8);
    // Words of all zeros and all ones are where a carry goes wrong.
    for (std::size_t word = 0; word < data.size(); word += 2) {
      const auto kind = random() % 4;
      if (kind < 2) store_be16(data.data() + word, kind == 0 ? 0x0000 : 0xFFFF);
    }
    store_be16(data.data() + 6, 1);  // never nothing but zeros
    const auto before = internet_checksum(data);
    const auto old_word = load_be16(data.data() + 2);
    const std::uint16_t choices[] = {0x0000, 0xFFFF, static_cast<std::uint16_t>(random())};
    const auto new_word = choices[random() % 3];
    store_be16(data.data() + 2, new_word);
    ASSERT_EQ(updated_checksum(before, old_word, new_word), internet_checksum(data))
        << to_hex(data, " ") << ' ' << old_word;
  }
}

// Ones' complement has two zeros. Only data of nothing but zeros has the checksum ffff, and an update cannot know.
TEST(UpdatedChecksum, GivesZeroWhereTheLastOneOfTheDataGoes) {
  EXPECT_EQ(updated_checksum(internet_checksum(bytes("1234 0000")), 0x1234, 0x0000), 0x0000);
  EXPECT_EQ(internet_checksum(bytes("0000 0000")), 0xFFFF);
}

}  // namespace
}  // namespace wirelab
