#include "capture/capture_file.hpp"

#include <bit>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/base/error.hpp"
#include "tests/capture/build_frame.hpp"
#include "tests/support/temp_dir.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// Composes files of either byte order, also such as no program would write.
class Build {
 public:
  explicit Build(std::endian order = std::endian::little) : order_(order) {}

  Build& number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      const auto place = order_ == std::endian::little ? i : size - 1 - i;
      bytes_.push_back(static_cast<std::uint8_t>(value >> 8 * place));
    }
    return *this;
  }
  Build& u16(std::uint64_t value) { return number(value, 2); }
  Build& u32(std::uint64_t value) { return number(value, 4); }
  Build& u64(std::uint64_t value) { return number(value, 8); }
  Build& text(std::string_view text) {
    append(bytes_, as_bytes(text));
    return *this;
  }
  Build& pad() {
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    return *this;
  }
  Build& option(unsigned code, std::string_view value) { return u16(code).u16(value.size()).text(value).pad(); }
  Build& block(std::uint32_t type, const Build& body) {
    const auto length = body.bytes_.size() + 12;
    u32(type).u32(length);
    append(bytes_, body.bytes_);
    return u32(length);
  }
  Build& section() { return block(0x0A0D0D0A, Build(order_).u32(0x1A2B3C4D).u16(1).u16(0).u64(~std::uint64_t{0})); }
  Build& interface(std::string_view options = {}) { return block(1, Build(order_).u16(1).u16(0).u32(0).text(options)); }
  Build& enhanced(std::uint32_t interface, std::uint64_t ticks, std::string_view bytes) {
    return block(
        6,
        Build(order_).u32(interface).u32(ticks >> 32).u32(ticks).u32(bytes.size()).u32(bytes.size()).text(bytes).pad());
  }
  Build& pcap_header(std::uint32_t magic, std::uint32_t link = 1) {
    return u32(magic).u16(2).u16(4).u64(0).u32(65535).u32(link);
  }
  Build& pcap_packet(std::uint32_t seconds, std::uint32_t units, std::string_view bytes) {
    return u32(seconds).u32(units).u32(bytes.size()).u32(bytes.size() + 10).text(bytes);
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] CaptureFile read() const { return parse_capture(bytes_).value(); }

 private:
  std::endian order_;
  Bytes bytes_;
};

class EitherOrder : public testing::TestWithParam<std::endian> {};
INSTANTIATE_TEST_SUITE_P(ByteOrder, EitherOrder, testing::Values(std::endian::little, std::endian::big),
                         [](const auto& tested) { return tested.param == std::endian::little ? "little" : "big"; });

TEST_P(EitherOrder, pcap_of_either_resolution) {
  const auto micro = Build(GetParam()).pcap_header(0xA1B2C3D4).pcap_packet(1700000000, 5, "abc").read();
  const auto nano = Build(GetParam()).pcap_header(0xA1B23C4D, 101).pcap_packet(1700000000, 5, "abc").read();
  ASSERT_EQ(micro.packets.size(), 1U);
  EXPECT_EQ(micro.packets[0].stamp, Stamp{1700000000s + 5us});
  EXPECT_EQ(as_text(micro.packets[0].bytes), "abc");
  EXPECT_EQ(micro.packets[0].original_length, 13U);
  EXPECT_EQ(micro.info.taps.at(0).link, LinkType::ethernet);
  EXPECT_EQ(micro.info.taps.at(0).snap_length, 65535U);
  EXPECT_EQ(nano.packets.at(0).stamp, Stamp{1700000000s + 5ns});
  EXPECT_EQ(nano.info.taps.at(0).link, LinkType::raw_ip);
  EXPECT_FALSE(micro.malformed || nano.malformed);
}

TEST_P(EitherOrder, pcapng_with_all_blocks) {
  const auto order = GetParam();
  Build file(order);
  file.section();
  file.interface(as_text(Build(order).option(2, "eth0").option(9, "\x09").option(0, "").bytes()));
  file.block(0xBAD, Build(order).text("what nobody knows").pad());
  file.enhanced(0, 1'700'000'000'000'000'001, "abcde");
  file.block(3, Build(order).u32(3).text("abc").pad());                                          // simple packet
  file.block(2, Build(order).u16(0).u16(9).u32(0).u32(5).u32(3).u32(60).text("old").pad());      // old packet
  file.block(4, Build(order).option(1, std::string_view("\x0a\0\0\1A\0B\0", 8)).option(0, ""));  // names
  file.block(5, Build(order).u32(0).u64(0).u16(5).u16(8).u64(44).u32(0));                        // 44 dropped
  const auto read = file.read();
  EXPECT_FALSE(read.malformed);
  ASSERT_EQ(read.packets.size(), 3U);
  EXPECT_EQ(read.packets[0].stamp, Stamp{1700000000s + 1ns});
  EXPECT_EQ(as_text(read.packets[0].bytes), "abcde");
  EXPECT_EQ(as_text(read.packets[1].bytes), "abc");
  EXPECT_EQ(as_text(read.packets[2].bytes), "old");
  EXPECT_EQ(read.packets[2].original_length, 60U);
  EXPECT_EQ(read.packets[2].stamp, Stamp{5ns});
  EXPECT_EQ(read.info.names, (Names{{Ipv4(10, 0, 0, 1), "A"}}));
  EXPECT_EQ(read.statistics.at(0).dropped, 44U);
}

TEST(CaptureFile, sections_of_both_orders_in_one_file) {
  const auto little = Build().section().interface().interface().enhanced(1, 0, "a").bytes();
  const auto big = Build(std::endian::big).section().interface().enhanced(0, 0, "b").bytes();
  auto both = little;
  append(both, big);
  const auto read = parse_capture(both);
  EXPECT_FALSE(read->malformed);
  ASSERT_EQ(read->info.taps.size(), 3U);
  ASSERT_EQ(read->packets.size(), 2U);
  EXPECT_EQ(read->packets[0].tap, 1U);
  EXPECT_EQ(read->packets[1].tap, 2U) << "interfaces count from 0 in each section";
  EXPECT_EQ(read->packets[1].frame, 2U);
}

TEST(CaptureFile, time_is_read_in_the_interface_s_units) {
  struct Fact {
    std::string_view options;
    std::uint64_t ticks;
    Stamp stamp;
  };
  using namespace std::string_view_literals;
  constexpr Stamp last{Stamp::duration::max()};
  const Fact facts[] = {
      {""sv, 1'000'001, Stamp{1s + 1us}},                      // microseconds unless told
      {"\x09\0\1\0\3\0\0\0"sv, 1'500, Stamp{1500ms}},          // 10^-3
      {"\x09\0\1\0\0\0\0\0"sv, 7, Stamp{7s}},                  // 10^0
      {"\x09\0\1\0\x0c\0\0\0"sv, 1'999, Stamp{1ns}},           // 10^-12
      {"\x09\0\1\0\x7f\0\0\0"sv, ~0ULL, Stamp{}},              // 10^-127
      {"\x09\0\1\0\x81\0\0\0"sv, 3, Stamp{1500ms}},            // 2^-1
      {"\x09\0\1\0\xa0\0\0\0"sv, 0x180000000, Stamp{1500ms}},  // 2^-32
      {"\x09\0\1\0\xff\0\0\0"sv, ~0ULL, Stamp{}},              // 2^-127
      {"\x09\0\1\0\0\0\0\0"sv, ~0ULL, last},
      {"\x0e\0\x08\0\x10\0\0\0\0\0\0\0"sv, 5, Stamp{16s + 5us}},  // 16 s later
      {"\x0e\0\x08\0\xff\xff\xff\xff\xff\xff\xff\xff"sv, 5'000'000, Stamp{4s}},
      {"\x0e\0\x08\0\0\0\0\0\0\0\0\x80"sv, 5, Stamp{}},
  };
  for (const auto& fact : facts) {
    const auto read = Build().section().interface(fact.options).enhanced(0, fact.ticks, "x").read();
    EXPECT_EQ(read.packets.at(0).stamp, fact.stamp) << to_hex(as_bytes(fact.options));
  }
}

TEST(CaptureFile, a_simple_packet_is_cut_by_the_snapshot_length) {
  auto file = Build().section();
  file.block(1, Build().u16(1).u16(0).u32(2)).block(3, Build().u32(60).text("ab").pad());
  const auto read = file.read();
  EXPECT_EQ(as_text(read.packets.at(0).bytes), "ab");
  EXPECT_EQ(read.packets.at(0).original_length, 60U);
}

// Reading ends where the frame of the blocks is broken; a block that is only wrong inside is left out.
TEST(CaptureFile, corrupt_blocks_are_told_with_their_place) {
  const auto begin = Build().section().interface();
  const auto at = begin.bytes().size();
  struct Fact {
    const char* what;
    Build file;
    std::size_t packets;
    Malformed malformed;
  };
  const auto good = [&] { return Build(begin).enhanced(0, 0, "good"); };
  const auto good_size = good().bytes().size();
  const Fact facts[] = {
      {"unknown interface", Build(begin).enhanced(1, 0, "x").enhanced(0, 0, "y"), 1, {"interface 1 of 1", at + 8}},
      {"a block of 4 GB",
       good().u32(6).u32(0xFFFFFFFC).u32(0),
       1,
       {"the file ends within a block of 4294967292 bytes", good_size}},
      {"an odd length", good().u32(6).u32(33).u64(0).u64(0), 1, {"block length 33", good_size + 4}},
      {"too short a length", good().u32(6).u32(8).u64(0).u64(0), 1, {"block length 8", good_size + 4}},
      {"lengths that differ",
       good().u32(6).u32(12).u32(16),
       1,
       {"block length 12 differs from its repetition 16", good_size + 8}},
      {"a packet of 4 GB",
       Build(begin).block(6, Build().u32(0).u64(0).u32(0xFFFFFFFF).u32(0xFFFFFFFF).text("x").pad()).enhanced(0, 0, "y"),
       1,
       {"a packet of 4294967295 bytes does not fit into its block", at + 8}},
      {"a simple packet of 4 GB",
       Build(begin).block(3, Build().u32(0xFFFFFFFF).text("x").pad()),
       0,
       {"a packet of 4294967295 bytes does not fit into its block", at + 8}},
      {"an option too long",
       Build(begin).block(6, Build().u32(0).u64(0).u32(0).u32(0).u16(1).u16(9).text("x").pad()),
       1,
       {"option 1 reaches beyond its block", at + 28}},
      {"another version",
       Build(good()).block(0x0A0D0D0A, Build().u32(0x1A2B3C4D).u16(2).u16(0).u64(0)),
       1,
       {"section of pcapng version 2", good_size + 12}},
      {"a wrong byte-order magic",
       Build(good()).block(0x0A0D0D0A, Build().u32(0x11223344).u64(0)),
       1,
       {"byte-order magic 0x11223344", good_size + 8}},
  };
  for (const auto& fact : facts) {
    const auto read = fact.file.read();
    EXPECT_EQ(read.packets.size(), fact.packets) << fact.what;
    ASSERT_TRUE(read.malformed) << fact.what;
    EXPECT_EQ(read.malformed->reason, fact.malformed.reason) << fact.what;
    EXPECT_EQ(read.malformed->offset, fact.malformed.offset) << fact.what;
  }
}

// Cut anywhere, a file gives the packets that are whole, and says so unless it was cut between two.
TEST(CaptureFile, every_prefix) {
  const Bytes files[] = {
      Build().section().interface().enhanced(0, 0, "one").enhanced(0, 1, "two").enhanced(0, 2, "three").bytes(),
      Build().pcap_header(0xA1B2C3D4).pcap_packet(1, 0, "one").pcap_packet(2, 0, "two").pcap_packet(3, 0, "x").bytes()};
  for (const auto& file : files) {
    std::size_t clean = 0;
    std::size_t seen = 0;
    for (std::size_t size = 4; size <= file.size(); ++size) {
      const auto read = parse_capture(ByteView(file).first(size));
      ASSERT_TRUE(read) << size;
      EXPECT_GE(read->packets.size(), seen) << size;
      seen = read->packets.size();
      clean += read->malformed ? 0 : 1;
      EXPECT_LE(read->malformed.value_or(Malformed{}).offset, size);
    }
    EXPECT_EQ(seen, 3U);
    EXPECT_EQ(clean, &file == &files[0] ? 5U : 4U) << "after the header(s) and after each packet";
  }
}

TEST(CaptureFile, what_is_no_capture) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "\xd4\xc3\xb2"sv, "hello, world"sv, "\0\0\0\0\0\0\0\0"sv})
    EXPECT_FALSE(parse_capture(as_bytes(text)));
}

TEST(CaptureFile, loading_says_why_not) {
  const TempDir folder;
  struct Fact {
    std::string path;
    std::string_view content;
    const char* says;
  };
  const Fact facts[] = {{folder / "empty", "", "empty"},
                        {folder / "text", "hello, world", "no capture"},
                        {folder / "x.pcap.gz", "\x1f\x8b\x08", "gunzip"},
                        {"/dev/zero", "", "no capture"}};
  for (const auto& fact : facts) {
    if (fact.path != "/dev/zero") std::ofstream(fact.path, std::ios::binary) << fact.content;
    try {
      load_capture(fact.path);
      ADD_FAILURE() << fact.path;
    } catch (const BadInput& error) {
      EXPECT_THAT(error.what(), HasSubstr(fact.says));
      EXPECT_THAT(error.what(), HasSubstr(fact.path));
    }
  }
  EXPECT_THROW(load_capture(folder / "nothing"), BadInput);
  EXPECT_THROW(load_capture(folder / "text/nothing"), BadInput);
  EXPECT_THROW(load_capture(folder.path()), BadInput);
}

}  // namespace
}  // namespace wirelab::capture
