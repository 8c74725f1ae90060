#include "capture/ladder.hpp"

#include <deque>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/scene.hpp"
#include "lab/base/text.hpp"
#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr Stamp start{1'700'000'000s};
constexpr std::string_view mac_a = "02:77:00:00:00:01", mac_r = "02:77:00:00:00:02";
constexpr Below a_to_s{.source = "10.0.1.2", .destination = "10.0.2.2"};
constexpr Below s_to_a{.source = "10.0.2.2", .destination = "10.0.1.2"};
constexpr Below r_to_a{.source = "10.0.1.1", .destination = "10.0.1.2"};

// A - R - S, with taps at A and S.
class LadderTest : public testing::Test {
 protected:
  static constexpr std::size_t at_a = 0, at_s = 1;
  TraceInfo info;
  std::deque<Packet> packets;

  LadderTest() {
    info.comment = "wirelab\nhosts: A, R, S";
    info.taps = {{.name = "A:eth0"}, {.name = "S:eth0"}};
    for (const auto& [address, name] :
         {std::pair{"10.0.1.1", "R"}, {"10.0.1.2", "A"}, {"10.0.2.1", "R"}, {"10.0.2.2", "S"}}) {
      info.names.emplace(*IpAddress::parse(address), name);
    }
  }
  Packet& seen(std::size_t tap, Direction direction, Duration when, std::uint64_t id, Origin origin, Bytes frame) {
    packets.push_back({.tap = tap,
                       .stamp = start + when,
                       .direction = direction,
                       .id = id,
                       .origin = origin,
                       .frame = packets.size() + 1});
    packets.back().original_length = static_cast<std::uint32_t>(frame.size());
    packets.back().bytes = std::move(frame);
    return packets.back();
  }
  // All the way through R. Gives the first sighting.
  Packet& crosses(Duration when, Origin origin, const Below& below, const Bytes& frame) {
    const bool rightwards = below.source == a_to_s.source;
    const auto id = packets.size() + 100;
    auto& first = seen(rightwards ? at_a : at_s, Direction::outbound, when, id, origin, frame);
    seen(rightwards ? at_s : at_a, Direction::inbound, when + 5us, id, origin, frame);
    return first;
  }
  [[nodiscard]] std::string draw(const LadderOptions& options) const {
    return '\n' + draw_ladder(info, pointers_to(packets), options);
  }
  void tell_ping() {
    seen(at_a, Direction::outbound, 0us, 1, Origin::kernel, arp_frame(1, mac_a, "10.0.1.2", "10.0.1.1")).comments = {
        "A asks for the hardware address of its router"};
    seen(at_a, Direction::inbound, 9us, 2, Origin::kernel, arp_frame(2, mac_r, "10.0.1.1", "10.0.1.2", mac_a));
    crosses(21us, Origin::raw, a_to_s, echo_frame(a_to_s, true, 7, 1)).comments = {
        "A sends an echo request made by hand, through a raw socket that the kernel routes like any other packet"};
    crosses(40us, Origin::kernel, s_to_a, echo_frame(s_to_a, false, 7, 1));
    const Bytes dying = echo_frame(a_to_s, true, 7, 2);
    seen(at_a, Direction::outbound, 1500us, 5, Origin::raw, dying).comments = {"A sends one with TTL 1"};
    seen(at_a, Direction::inbound, 1510us, 6, Origin::kernel,
         ip_frame(r_to_a, 1, icmp_message(11, 0, 0, ByteView(dying).subspan(14))));
    Bytes broken = echo_frame(a_to_s, true, 7, 3);
    broken[36] ^= 0x55;
    crosses(3ms, Origin::raw, a_to_s, broken).comments = {"One with a wrong checksum"};
  }
  void tell_conversation(int rounds) {
    for (int n = 0; n < rounds; ++n) {
      const auto sequence = static_cast<std::uint32_t>(5 * n);
      crosses(5ms + n * 1ms, Origin::stack, a_to_s, tcp_frame(a_to_s, {40001, 7, sequence, 1, 24}, "hello"));
      crosses(5ms + n * 1ms + 300us, Origin::stack, s_to_a, tcp_frame(s_to_a, {7, 40001, 1, sequence + 5, 16}));
    }
  }
};

TEST_F(LadderTest, tells_a_ping_in_unicode) {
  tell_ping();
  EXPECT_EQ(draw({.width = 100}), R"(
   time ms  frame           A                                R                                 S
                        10.0.1.2                         10.0.1.1                          10.0.2.2
                                                         10.0.2.1
                            │                                │                                 │
▸ A asks for the hardware address of its router
     0.000  1       kernel  │ who has 10.0.1.1? tell 10.0.1.2                                  │
                            │───────────────────────────────▶│                                 │
     0.009  2       kernel  │ 10.0.1.1 is at 02:77:00:00:00:02                                 │
                            │◀───────────────────────────────│                                 │
                            │                                │                                 │
▸ A sends an echo request made by hand, through a raw socket that the kernel routes like any other
  packet
     0.021  3,4     raw     │── echo request id 7 seq 1 ─────┼────────────────────────────────▶│
     0.040  5,6     kernel  │◀───────────────────────────────┼── echo reply id 7 seq 1 ────────│
                            │                                │                                 │
▸ A sends one with TTL 1
     1.500  7       raw     │ echo request id 7 seq 2, not seen further                        │
                            │───────────────────────────────✗│                                 │
     1.510  8       kernel  │ time exceeded in transit (quoting echo request id 7 seq 2)       │
                            │◀───────────────────────────────│                                 │
                            │                                │                                 │
▸ One with a wrong checksum
     3.000  9,10    raw     │ echo request id 7 seq 3 bad checksum, not answered               │
                            │────────────────────────────────┼────────────────────────────────✗│
)");
}

TEST_F(LadderTest, is_plain_ascii_and_as_narrow_as_asked) {
  tell_ping();
  EXPECT_EQ(draw({.width = 80, .unicode = false}), R"(
   time ms  frame           A                      R                       S
                        10.0.1.2               10.0.1.1                10.0.2.2
                                               10.0.2.1
                            |                      |                       |
* A asks for the hardware address of its router
     0.000  1       kernel  | who has 10.0.1.1? tell 10.0.1.2              |
                            |--------------------->|                       |
     0.009  2       kernel  | 10.0.1.1 is at 02:77:00:00:00:02             |
                            |<---------------------|                       |
                            |                      |                       |
* A sends an echo request made by hand, through a raw socket that the kernel
  routes like any other packet
     0.021  3,4     raw     | echo request id 7 seq 1                      |
                            |----------------------+---------------------->|
     0.040  5,6     kernel  | echo reply id 7 seq 1                        |
                            |<---------------------+-----------------------|
                            |                      |                       |
* A sends one with TTL 1
     1.500  7       raw     | echo request id 7 seq 2, not seen further    |
                            |---------------------x|                       |
     1.510  8       kernel  | time exceeded in transit (quoting echo request id
                            | 7 seq 2)             |                       |
                            |<---------------------|                       |
                            |                      |                       |
* One with a wrong checksum
     3.000  9,10    raw     | echo request id 7 seq 3 bad checksum, not answered
                            |----------------------+----------------------x|
)");
}

TEST_F(LadderTest, folds_a_long_conversation) {
  crosses(1ms, Origin::raw, a_to_s, echo_frame(a_to_s, true, 7, 1));
  tell_conversation(3);
  crosses(30ms, Origin::kernel, s_to_a, echo_frame(s_to_a, false, 7, 1));
  EXPECT_EQ(draw({.width = 100, .unicode = false}), R"(
   time ms  frame           A                                R                                 S
                        10.0.1.2                         10.0.1.1                          10.0.2.2
                                                         10.0.2.1
                            |                                |                                 |
     0.000  1,2     raw     |-- echo request id 7 seq 1 -----+-------------------------------->|
     4.000  3-14    stack   | TCP 3 segments, 15 bytes, 3 ACKs                                 |
                            |--------------------------------+-------------------------------->|
    29.000  15,16   kernel  |<-------------------------------+-- echo reply id 7 seq 1 --------|
)");
}

TEST_F(LadderTest, draws_each_packet_if_asked) {
  tell_conversation(1);
  EXPECT_EQ(draw({.width = 100, .unicode = false, .fold = false}), R"(
   time ms  frame           A                                R                                 S
                        10.0.1.2                         10.0.1.1                          10.0.2.2
                                                         10.0.2.1
                            |                                |                                 |
     0.000  1,2     stack   |-- TCP [P.] seq 1 ack 1 len 5 --+-------------------------------->|
     0.300  3,4     stack   |<-------------------------------+-- TCP [.] seq 1 ack 6 ----------|
)");
}

TEST_F(LadderTest, breaks_a_label_between_the_fields_of_a_header) {
  std::string frame = "  CL:0;type:message;to:everybody;text:a header that is longer than the picture is wide";
  frame[0] = static_cast<char>(frame.size() - 2);
  frame[1] = 0;
  crosses(0us, Origin::stack, a_to_s, udp_frame(a_to_s, 4000, 7, frame));
  EXPECT_EQ(draw({.width = 60, .unicode = false}), R"(
   time ms  frame           A            R             S
                        10.0.1.2     10.0.1.1      10.0.2.2
                                     10.0.2.1
                            |            |             |
     0.000  1,2     stack   | UDP frame CL:0;type:message;
                            | to:everybody;...         |
                            |------------+------------>|
)");
}

TEST_F(LadderTest, is_a_list_where_there_is_no_room) {
  tell_ping();
  EXPECT_EQ(draw({.width = 40, .unicode = false}), R"(
* A asks for the hardware address of
  its router
0.000 A > R  who has 10.0.1.1? tell
  10.0.1.2 (kernel, frame 1)
0.009 R > A  10.0.1.1 is at
  02:77:00:00:00:02 (kernel, frame 2)
* A sends an echo request made by
  hand, through a raw socket that the
  kernel routes like any other packet
0.021 A > S  echo request id 7 seq 1
  (raw, frame 3,4)
0.040 S > A  echo reply id 7 seq 1
  (kernel, frame 5,6)
* A sends one with TTL 1
1.500 A x R  echo request id 7 seq 2,
  not seen further (raw, frame 7)
1.510 R > A  time exceeded in transit
  (quoting echo request id 7 seq 2)
  (kernel, frame 8)
* One with a wrong checksum
3.000 A x S  echo request id 7 seq 3
  bad checksum, not answered (raw, frame
  9,10)
)");
}

TEST_F(LadderTest, never_exceeds_the_width_asked_for) {
  tell_ping();
  tell_conversation(2);
  info.names[*IpAddress::parse("10.0.2.2")] = "a-host-with-a-very-long-name";
  for (std::size_t width = 20; width <= 160; ++width) {
    std::istringstream lines(draw({.width = width}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(cells_of(line), width) << line;
  }
}

// Without colour too: the words stay, whatever the width.
TEST_F(LadderTest, tells_who_made_a_packet_at_any_width) {
  crosses(0us, Origin::raw, a_to_s, tcp_frame(a_to_s, {4000, 7, 1, 0, 2}));
  crosses(1us, Origin::kernel, s_to_a, tcp_frame(s_to_a, {7, 4000, 9, 2, 18}));
  crosses(2us, Origin::stack, a_to_s, udp_frame(a_to_s, 4000, 7, "hello"));
  for (const std::size_t width : std::initializer_list<std::size_t>{20, 40, 60, 80, 140}) {
    const auto text = draw({.width = width});
    for (const auto* maker : {"raw", "kernel", "stack"}) EXPECT_THAT(text, testing::HasSubstr(maker)) << width;
  }
}

TEST_F(LadderTest, marks_who_made_a_packet_by_colour) {
  crosses(0us, Origin::raw, a_to_s, echo_frame(a_to_s, true, 7, 1));
  const auto text = draw({.width = 100, .color = true});
  EXPECT_THAT(text, testing::HasSubstr("\033[33mraw\033[0m"));
  EXPECT_THAT(text, testing::HasSubstr("\033[31m\u2717\033[0m")) << "unanswered";
}

TEST_F(LadderTest, shows_texts_of_a_foreign_file_safely) {
  crosses(0us, Origin::unknown, a_to_s, echo_frame(a_to_s, true, 7, 1)).comments = {"clear \033[2J screen"};
  EXPECT_THAT(draw({}), testing::HasSubstr("clear \\x1b[2J screen"));
}

// Without names: addresses in the order of their appearance, and no claim that anything was lost.
TEST_F(LadderTest, draws_a_foreign_trace) {
  info = {.taps = {TapInfo{}}};
  const auto at = [&](Duration when, const Bytes& frame) {
    seen(0, Direction::unknown, when, 0, Origin::unknown, frame);
  };
  at(0us, arp_frame(1, mac_a, "10.0.2.2", "10.0.1.2"));
  at(10us, udp_frame(s_to_a, 53, 4000, "hello"));
  at(20us, echo_frame(s_to_a, true, 7, 1));
  at(30us, echo_frame(a_to_s, false, 7, 1));
  EXPECT_EQ(draw({.width = 90, .unicode = false}), R"(
   time ms  frame       10.0.2.2                                                 10.0.1.2
                            |                                                        |
     0.000  1               |-- who has 10.0.1.2? tell 10.0.2.2 -------------------->|
     0.010  2               |-- UDP len 5 ------------------------------------------>|
     0.020  3               |-- echo request id 7 seq 1 ---------------------------->|
     0.030  4               |<- echo reply id 7 seq 1 -------------------------------|
)");
}

TEST_F(LadderTest, gathers_hosts_that_have_no_room) {
  info = {.taps = {TapInfo{}}};
  for (const auto* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}) {
    const Below below{.source = host, .destination = "10.0.0.9"};
    seen(0, Direction::unknown, 0us, 0, Origin::unknown, udp_frame(below, 1, 2, "hello"));
  }
  EXPECT_EQ(draw({.width = 72, .unicode = false}), R"(
   time ms  frame       10.0.0.1           10.0.0.9             others
                            |                  |                   |
     0.000  1               |-- UDP len 5 ---->|                   |
     0.000  2               |                  |<- UDP len 5 ------|
     0.000  3               |                  |<- UDP len 5 ------|
     0.000  4               |                  |<- UDP len 5 ------|
)");
}

// S answers everybody, and two of many are attacked: these have lanes of their own, however much the others talk.
TEST_F(LadderTest, gives_lanes_to_what_the_story_is_about) {
  info = {.taps = {TapInfo{}}};
  info.comment = "hosts: A, B, C, D, E, S";
  for (const auto& [address, name] : {std::pair{"10.0.1.1", "A"},
                                      {"10.0.1.2", "B"},
                                      {"10.0.1.3", "C"},
                                      {"10.0.1.4", "D"},
                                      {"10.0.1.5", "E"},
                                      {"10.0.1.9", "S"}}) {
    info.names.emplace(*IpAddress::parse(address), name);
  }
  for (const auto* host : {"10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5"}) {
    const Below below{.source = host, .destination = "10.0.1.9"};
    for (int n = 0; n < 5; ++n)
      seen(0, Direction::unknown, 0us, 0, Origin::stack, udp_frame(below, 1, 2, "hello " + std::to_string(n)));
  }
  for (const auto* host : {"10.0.1.2", "10.0.1.5"}) {
    const Below below{.source = host, .destination = "10.0.1.9"};
    seen(0, Direction::unknown, 1us, 0, Origin::raw, udp_frame(below, 1, 2, "forged"));
  }
  const auto names = [&](std::size_t most) {
    std::vector<std::string> found;
    const auto scene = make_scene(info, pointers_to(packets), {.most_columns = most});
    for (const auto& column : scene.columns) found.push_back(column.name);
    return found;
  };
  EXPECT_THAT(names(6), ElementsAre("A", "B", "C", "D", "E", "S"));
  EXPECT_THAT(names(4), ElementsAre("B", "E", "S", "others"));
  EXPECT_THAT(names(2), ElementsAre("S", "others"));
}

TEST_F(LadderTest, says_that_it_was_folded_further) {
  for (int n = 0; n < 9; ++n)
    crosses(1ms * n, Origin::stack, a_to_s, udp_frame(a_to_s, 4000, 7, std::string(4, static_cast<char>('a' + n))));
  EXPECT_THAT(draw({.width = 100, .most_rows = 5}),
              testing::AllOf(testing::HasSubstr("UDP 9 datagrams, 36 bytes"),
                             testing::HasSubstr("1 row for 9 packets: what tells less shares a row; --unfold draws")));
  EXPECT_THAT(draw({.width = 100, .most_rows = 9}), testing::Not(testing::HasSubstr("--unfold")));
}

TEST_F(LadderTest, ends_with_what_came_after_the_last_packet) {
  crosses(0us, Origin::kernel, s_to_a, echo_frame(s_to_a, false, 7, 1)).comments = {"the last", "then: that was all"};
  EXPECT_EQ(draw({.width = 100, .unicode = false}), R"(
   time ms  frame           A                                R                                 S
                        10.0.1.2                         10.0.1.1                          10.0.2.2
                                                         10.0.2.1
                            |                                |                                 |
* the last
     0.000  1,2     kernel  |<-------------------------------+-- echo reply id 7 seq 1 --------|
                            |                                |                                 |
* that was all
)");
}

TEST_F(LadderTest, names_what_emulated_links_lost) {
  seen(at_a, Direction::outbound, 0us, 1, Origin::raw, echo_frame(a_to_s, true, 7, 1)).comments = {
      "A sends one", "emulated link: lost behind A:eth0 (loss 5 %; seed 7)"};
  crosses(1ms, Origin::stack, a_to_s, tcp_frame(a_to_s, {40001, 7, 1, 1, 24}, "hello")).comments = {
      "emulated link: duplicated behind A:eth0 (loss 5 %; seed 7)"};
  const auto text = draw({.width = 140});
  EXPECT_THAT(text, testing::HasSubstr(", lost by the emulated link"));
  EXPECT_THAT(text, testing::HasSubstr(", duplicated by the emulated link"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("not seen further")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("seed 7"))) << "no sentence of the story";
  EXPECT_THAT(to_mermaid(info, pointers_to(packets), true), testing::HasSubstr(", lost by the emulated link"));
}

TEST_F(LadderTest, is_empty_without_packets) { EXPECT_EQ(draw({}), "\n"); }

TEST_F(LadderTest, becomes_a_mermaid_diagram) {
  tell_ping();
  tell_conversation(2);
  EXPECT_EQ('\n' + to_mermaid(info, pointers_to(packets)), R"(
sequenceDiagram
  participant h0 as A
  participant h1 as R
  participant h2 as S
  Note over h0,h2: A asks for the hardware address of its router
  h0->>h1: who has 10.0.1.1? tell 10.0.1.2 (kernel), frame 1
  h1->>h0: 10.0.1.1 is at 02:77:00:00:00:02 (kernel), frame 2
  Note over h0,h2: A sends an echo request made by hand, through a raw socket that the kernel routes like any other packet
  h0->>h2: echo request id 7 seq 1 (raw), frame 3,4
  h2->>h0: echo reply id 7 seq 1 (kernel), frame 5,6
  Note over h0,h2: A sends one with TTL 1
  h0-xh1: echo request id 7 seq 2, not seen further (raw), frame 7
  h1->>h0: time exceeded in transit (quoting echo request id 7 seq 2) (kernel), frame 8
  Note over h0,h2: One with a wrong checksum
  h0-xh2: echo request id 7 seq 3 bad checksum, not answered (raw), frame 9,10
  h0->>h2: TCP 2 segments, 10 bytes, 2 ACKs (stack), frame 11-18
)");
}

TEST_F(LadderTest, draws_any_bytes) {
  const Bytes frame = ip_frame(s_to_a, 1, icmp_message(3, 3, 0, ip_packet(a_to_s, 17, as_bytes("12345678"))));
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    const auto direction = size % 2 == 0 ? Direction::inbound : Direction::outbound;
    seen(size % 3 == 0 ? at_a : at_s, direction, 1us * size, size / 2, Origin::unknown,
         copy_of(ByteView(frame).first(size)));
  }
  const auto text = draw({});
  EXPECT_TRUE(is_utf8(text));
  EXPECT_THAT(text, testing::HasSubstr("port unreachable"));
  EXPECT_THAT(to_mermaid(info, pointers_to(packets)), testing::StartsWith("sequenceDiagram\n"));
}

TEST(Scene, keeps_the_hosts_order_in_the_comment) {
  EXPECT_EQ(hosts_line({"A", "R", "S"}), "hosts: A, R, S");
  EXPECT_THAT(hosts_of("wirelab 1\nhosts: A, R, S\nseed: 1"), ElementsAre("A", "R", "S"));
  EXPECT_THAT(hosts_of("hosts: A"), ElementsAre("A"));
  EXPECT_THAT(hosts_of("no such hosts: A"), ElementsAre());
}

// What a packet sent by A to S, which R forwards, is shown to have done, by where it was seen.
TEST_F(LadderTest, claims_what_the_taps_show) {
  struct Fact {
    const char* what;
    std::vector<std::pair<std::size_t, Direction>> seen_at;
    std::size_t to;
    Scene::End end;
  };
  constexpr std::size_t a = 0, r = 1, s = 2;
  info.taps.push_back({.name = "R:eth1"});
  constexpr std::size_t at_r = 2;
  const Fact facts[] = {
      {"at both ends", {{at_a, Direction::outbound}, {at_s, Direction::inbound}}, s, Scene::End::arrived},
      {"only where it left", {{at_a, Direction::outbound}}, r, Scene::End::unseen},
      {"until R", {{at_a, Direction::outbound}, {at_r, Direction::inbound}}, r, Scene::End::unseen},
      {"on R's other side, but not at S",
       {{at_a, Direction::outbound}, {at_r, Direction::outbound}},
       s,
       Scene::End::unseen},
  };
  for (const auto& fact : facts) {
    packets.clear();
    for (const auto& [tap, direction] : fact.seen_at) {
      seen(tap, direction, 0us, 1, Origin::raw, udp_frame(a_to_s, 4000, 7, "hello"));
    }
    const auto scene = make_scene(info, pointers_to(packets), {});
    ASSERT_EQ(scene.rows.size(), 1U) << fact.what;
    EXPECT_EQ(scene.rows[0].from, a) << fact.what;
    EXPECT_EQ(scene.rows[0].to, fact.to) << fact.what;
    EXPECT_EQ(scene.rows[0].end, fact.end) << fact.what;
  }
}

TEST_F(LadderTest, a_forged_source_does_not_move_the_sender) {
  const Below forged{.source = "10.0.1.1", .destination = "10.0.2.2"};
  seen(at_a, Direction::outbound, 0us, 1, Origin::raw, udp_frame(forged, 4000, 7, "hello"));
  EXPECT_EQ(make_scene(info, pointers_to(packets), {}).rows.at(0).from, 0U);
}

TEST(FrameList, is_as_short_as_it_must_be) {
  struct Fact {
    std::vector<std::size_t> frames;
    const char* text;
  };
  const Fact facts[] = {
      {{3}, "3"},           {{2, 1}, "1,2"},          {{1, 4}, "1,4"},         {{12, 13, 14}, "12-14"},
      {{1, 3, 5}, "1,3,5"}, {{12, 15, 29}, "12..29"}, {{100, 101}, "100,101"}, {{1000, 1001}, "1000-1001"}};
  for (const auto& fact : facts) {
    std::deque<Packet> packets;
    for (const auto frame : fact.frames) packets.push_back({.frame = frame});
    EXPECT_EQ(frame_list(pointers_to(packets), 7), fact.text);
  }
}

}  // namespace
}  // namespace wirelab::capture
