// What a trace says of packets that emulated links lost, copied and held back.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/capture_file.hpp"
#include "capture/emulation.hpp"
#include "capture/trace.hpp"
#include "tests/wire/net_frame_socket.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Topology two_hosts(const Impairment& impairment) {
  Topology net;
  const auto wan = net.link("wan", {"10.0.0.0/24"}, {.impairment = impairment});
  net.host("A", wan);
  net.host("B", wan);
  return net;
}

struct Told {
  std::size_t at_a = 0, at_b = 0, copies = 0;
  bool lost = false, duplicated = false, held_back = false;
};

std::map<std::uint64_t, Told> by_packet(const std::deque<Packet>& packets) {
  std::map<std::uint64_t, Told> all;
  for (const auto& packet : packets) {
    auto& told = all[packet.id];
    ++(packet.tap == 0 ? told.at_a : told.at_b);
    const auto fate = fate_at(packet);
    told.lost = told.lost || fate.find("lost by") != fate.npos;
    told.duplicated = told.duplicated || fate.find("duplicated") != fate.npos;
    told.held_back = told.held_back || fate.find("held back") != fate.npos;
    if (std::ranges::count(packet.comments, copy_comment()) > 0) ++told.copies;
  }
  return all;
}

TEST(EmulationInTraces, tells_equal_frames_apart_by_what_became_of_them) {
  constexpr int count = 60;
  Lab lab(two_hosts({.loss = 0.3, .duplicate = 0.3}), {.seed = 7});
  Trace trace(lab);
  trace.add_all_taps();
  trace.start();
  // All alike: only what the links tell keeps them apart.
  const FrameSocket a(lab.host("A"));
  for (int i = 0; i < count / 10; ++i) {
    for (int n = 0; n < 10; ++n) a.send(a.frame(0));
    lab.wait_until([] { return false; }, 2ms);
  }
  const auto arrived = [&] {
    std::size_t at_b = 0;
    for (const auto& packet : trace.packets()) at_b += packet.tap;
    return at_b;
  };
  std::size_t due = count;
  const auto complete = [&] {
    lab.hear_links();
    due = count;
    for (const auto& frame : lab.journal().emulated()) due += is_dropped(frame.fate) ? std::size_t{0} - 1 : 1;
    return arrived() == due;
  };
  ASSERT_TRUE(lab.wait_until(complete, 5s)) << arrived() << " of " << due;
  trace.finish();
  // A long run does not keep every frame that was lost.
  for (const auto& frame : lab.journal().emulated()) EXPECT_TRUE(frame.bytes.empty());
  const auto packets = by_packet(trace.packets());
  EXPECT_EQ(packets.size(), std::size_t{count});
  std::size_t lost = 0;
  for (const auto& [id, told] : packets) {
    EXPECT_EQ(told.at_a, 1U) << id;
    EXPECT_EQ(told.at_b, told.lost ? 0U : told.duplicated ? 2U : 1U) << id;
    EXPECT_EQ(told.copies, told.duplicated ? 1U : 0U) << id;
    lost += told.lost ? 1 : 0;
  }
  EXPECT_GT(lost, 0U);
}

TEST(EmulationInTraces, is_written_into_the_file) {
  const std::string file = testing::TempDir() + "emulation.pcapng";
  {
    Lab lab(two_hosts({.loss = 1}), {.seed = 7});
    Trace trace(lab, {.merged = file});
    trace.add_all_taps();
    trace.start();
    const FrameSocket a(lab.host("A"));
    a.send(a.frame(1));
    ASSERT_NE(trace.await([](const Packet&, const Decoded&) { return true; }, 5s), nullptr);
    trace.finish();
  }
  const auto read = load_capture(file);
  EXPECT_THAT(read.info.comment, HasSubstr("emulated link: from A:eth0 into wan: loss 100 %\n"));
  ASSERT_EQ(read.packets.size(), 1U);
  EXPECT_THAT(read.packets[0].comments, Contains("emulated link: lost behind A:eth0 (loss 100 %; seed 7)"));
  EXPECT_EQ(fate_at(read.packets[0]), "lost by the emulated link");
}

TEST(EmulationInTraces, holds_nothing_back_from_what_waits_for_it) {
  Lab lab(two_hosts({.delay = 1500ms}));
  Trace trace(lab);
  trace.add_all_taps();
  trace.start();
  const FrameSocket a(lab.host("A"));
  a.send(a.frame(1));
  const auto* arrived = trace.await([](const Packet& packet, const Decoded&) { return packet.tap == 1; }, 5s);
  ASSERT_NE(arrived, nullptr);
  const auto& sent = trace.packets().front();
  EXPECT_EQ(sent.id, arrived->id);
  EXPECT_GE(arrived->stamp - sent.stamp, 1500ms);
  EXPECT_THAT(sent.comments, IsEmpty());
}

}  // namespace
}  // namespace wirelab::capture
