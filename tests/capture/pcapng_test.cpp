#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/capture_file.hpp"
#include "capture/pcapng_writer.hpp"
#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr Stamp start{1'700'000'000s + 123'456'789ns};

TraceInfo two_taps() {
  return {.comment = "ping, seed 1",
          .hardware = "two cores",
          .system = "Linux",
          .application = "wirelab",
          .taps = {{.name = "A:eth0", .description = "A, towards R", .filter = "icmp", .snap_length = 2048},
                   {.name = "S:eth0", .link = LinkType::raw_ip}},
          .names = {{Ipv4(10, 0, 1, 2), "A"}, {*Ipv6::parse("fd00::1"), "S"}}};
}

Packet a_packet() {
  return {.tap = 1,
          .stamp = start,
          .original_length = 1500,
          .bytes = {1, 2, 3, 4, 5},
          .direction = Direction::outbound,
          .id = 0x123456789ABCDEF0,
          .origin = Origin::raw,
          .comments = {"A sends an echo request", "by hand"}};
}

// Where the writer's bytes go: all of them, and each piece by itself.
struct Sink {
  Bytes file;
  std::vector<std::size_t> sizes;

  PcapngWriter::Sink sink() {
    return [this](ByteView bytes) {
      append(file, bytes);
      sizes.push_back(bytes.size());
    };
  }
};

TEST(PcapngWriter, what_was_written_is_read) {
  Sink out;
  PcapngWriter writer(out.sink(), two_taps());
  const auto packet = a_packet();
  writer.write(packet);
  writer.write(Packet{.bytes = {9}});
  const TapStatistics counts[] = {{.started = start, .ended = start + 2s, .received = 7, .dropped = 1},
                                  {.received = 0}};
  writer.finish(counts);
  EXPECT_EQ(writer.packets(), 2U);

  const auto read = parse_capture(out.file);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->malformed);
  const auto info = two_taps();
  EXPECT_EQ(read->info.comment, info.comment);
  EXPECT_EQ(read->info.hardware, info.hardware);
  EXPECT_EQ(read->info.system, info.system);
  EXPECT_EQ(read->info.application, info.application);
  EXPECT_EQ(read->info.names, info.names);
  ASSERT_EQ(read->info.taps.size(), 2U);
  EXPECT_EQ(read->info.taps[0].name, "A:eth0");
  EXPECT_EQ(read->info.taps[0].description, "A, towards R");
  EXPECT_EQ(read->info.taps[0].filter, "icmp");
  EXPECT_EQ(read->info.taps[0].snap_length, 2048U);
  EXPECT_EQ(read->info.taps[1].link, LinkType::raw_ip);

  ASSERT_EQ(read->packets.size(), 2U);
  const auto& first = read->packets[0];
  EXPECT_EQ(first.tap, 1U);
  EXPECT_EQ(first.stamp, start);
  EXPECT_EQ(first.original_length, 1500U);
  EXPECT_EQ(first.bytes, packet.bytes);
  EXPECT_EQ(first.direction, Direction::outbound);
  EXPECT_EQ(first.id, packet.id);
  EXPECT_EQ(first.origin, Origin::raw);
  EXPECT_EQ(first.comments, packet.comments);
  EXPECT_EQ(first.frame, 1U);
  EXPECT_EQ(read->packets[1].original_length, 1U);
  EXPECT_EQ(read->packets[1].direction, Direction::unknown);

  ASSERT_EQ(read->statistics.size(), 2U);
  EXPECT_EQ(read->statistics[0].started, start);
  EXPECT_EQ(read->statistics[0].ended, start + 2s);
  EXPECT_EQ(read->statistics[0].received, 7U);
  EXPECT_EQ(read->statistics[0].dropped, 1U);
  EXPECT_EQ(read->statistics[1].received, 0U);
  EXPECT_FALSE(read->statistics[1].dropped);
}

TEST(PcapngWriter, the_bytes_of_a_packet) {
  Sink out;
  PcapngWriter writer(out.sink(), {.taps = {{}}});
  out.file.clear();
  writer.write(Packet{.stamp = Stamp{4294967297ns},
                      .original_length = 60,
                      .bytes = {0xAA, 0xBB, 0xCC, 0xDD, 0xEE},
                      .direction = Direction::inbound,
                      .id = 8});
  EXPECT_EQ(to_hex(out.file),
            "06000000"          // enhanced packet block
            "40000000"          // 64 bytes long
            "00000000"          // interface
            "0100000001000000"  // stamp, its upper half first
            "05000000"          // captured
            "3c000000"          // on the wire
            "aabbccddee000000"
            "0200040001000000"          // flags: inbound
            "050008000800000000000000"  // packet id
            "00000000"
            "40000000");
}

TEST(PcapngWriter, whole_blocks_reach_the_sink_at_once) {
  Sink out;
  PcapngWriter writer(out.sink(), two_taps());
  for (std::size_t written = 1; written <= 3; ++written) {
    writer.write(a_packet());
    const auto read = parse_capture(out.file);
    EXPECT_EQ(read->packets.size(), written);
    EXPECT_FALSE(read->malformed);
  }
}

TEST(PcapngWriter, a_batch_waits_until_it_is_full) {
  Sink out;
  PcapngWriter writer(out.sink(), two_taps(), 1000);
  ASSERT_EQ(out.sizes.size(), 1U);
  for (int i = 0; i < 100; ++i) writer.write(a_packet());
  EXPECT_LT(out.sizes.size(), 30U);
  for (std::size_t i = 1; i < out.sizes.size(); ++i) EXPECT_GE(out.sizes[i], 1000U);
  writer.flush();
  const auto read = parse_capture(out.file);
  EXPECT_EQ(read->packets.size(), 100U);
}

TEST(PcapngWriter, what_waits_is_not_lost_with_the_writer) {
  Sink out;
  { PcapngWriter(out.sink(), two_taps(), 1 << 20).write(a_packet()); }
  EXPECT_EQ(parse_capture(out.file)->packets.size(), 1U);
}

TEST(PcapngWriter, a_refusing_sink_ends_it) {
  bool full = false;
  int calls = 0;
  {
    PcapngWriter writer(
        [&](ByteView) {
          ++calls;
          if (full) throw std::runtime_error("full");
        },
        two_taps());
    full = true;
    EXPECT_THROW(writer.write(a_packet()), std::runtime_error);
  }
  EXPECT_EQ(calls, 2) << "offered again";
}

TEST(PcapngWriter, mistakes_of_the_caller) {
  Sink out;
  PcapngWriter writer(out.sink(), {.taps = {{}}});
  EXPECT_THROW(writer.write(a_packet()), std::logic_error) << "tap 1 of 1";
  EXPECT_THROW(writer.finish(std::vector<TapStatistics>(2)), std::logic_error);
  writer.finish({});
  EXPECT_THROW(writer.write(Packet{}), std::logic_error);
}

TEST(PcapngWriter, texts_become_what_the_format_can_hold) {
  Sink out;
  PcapngWriter writer(out.sink(), {.taps = {{}}});
  std::string longest(65534, 'x');
  writer.write(Packet{.comments = {"bad \xFF byte", longest + "\u00e9", "", "\u4e2d"}});
  const auto read = parse_capture(out.file);
  EXPECT_FALSE(read->malformed);
  EXPECT_THAT(read->packets[0].comments, ElementsAre("bad \\xff byte", longest, "\u4e2d"));
}

}  // namespace
}  // namespace wirelab::capture
