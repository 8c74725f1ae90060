#include "capture/deed.hpp"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

using testing::ElementsAre;
using Kind = Deed::Kind;

constexpr Below a_to_s{.source = "10.0.1.2", .destination = "10.0.2.2"};
constexpr Below s_to_a{.source = "10.0.2.2", .destination = "10.0.1.2"};
constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32;
constexpr std::string_view hello("\x0f\0CL:3;type:greethey", 20);

// What A (port 40000, from 1000 on) and S (port 7, from 5000 on) say to each other.
class DeedTest : public testing::Test {
 protected:
  std::deque<Bytes> frames;

  // Sequence and acknowledgement count from the SYN, which is 0.
  void a(std::uint8_t flags, std::uint32_t seq, std::uint32_t acks, std::string_view data = {},
         std::uint16_t window = 1000) {
    frames.push_back(tcp_frame(a_to_s, {40000, 7, 1000 + seq, 5000 + acks, flags, window}, data));
  }
  void s(std::uint8_t flags, std::uint32_t seq, std::uint32_t acks, std::string_view data = {},
         std::uint16_t window = 1000) {
    frames.push_back(tcp_frame(s_to_a, {7, 40000, 5000 + seq, 1000 + acks, flags, window}, data));
  }
  void connect() {
    a(syn, 0, 0);
    s(syn | ack, 0, 1);
    a(ack, 1, 1);
  }
  [[nodiscard]] std::vector<Deed> deeds() const {
    std::deque<Decoded> decoded;
    std::vector<const Decoded*> packets;
    for (const auto& frame : frames) packets.push_back(&decoded.emplace_back(decode(frame)));
    return deeds_of(packets);
  }
  // Without the handshake of connect().
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> texts;
    for (const auto& deed : deeds()) texts.push_back(deed.text(false));
    texts.erase(texts.begin(), texts.begin() + 3);
    return texts;
  }
};

TEST_F(DeedTest, counts_from_the_beginning_of_a_connection) {
  connect();
  a(psh | ack, 1, 1, "hello");
  s(ack, 1, 6);
  a(fin | ack, 6, 1);
  s(fin | ack, 1, 7);
  a(ack, 7, 2);
  struct Fact {
    Kind kind;
    const char* text;
  };
  const Fact facts[] = {
      {Kind::opening, "TCP [S] ports 40000 > 7"},
      {Kind::opening, "TCP [S.] ports 7 > 40000"},
      {Kind::opening, "TCP [.]"},
      {Kind::data, "TCP [P.] seq 1 ack 1 len 5"},
      {Kind::acknowledgement, "TCP [.] seq 1 ack 6"},
      {Kind::closing, "TCP [F.] seq 6 ack 1"},
      {Kind::closing, "TCP [F.] seq 1 ack 7"},
      {Kind::acknowledgement, "TCP [.] seq 7 ack 2"},
  };
  const auto found = deeds();
  ASSERT_EQ(found.size(), std::size(facts));
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].text(false), facts[i].text);
    EXPECT_EQ(found[i].kind, facts[i].kind) << facts[i].text;
    EXPECT_EQ(found[i].conversation, 0U);
  }
}

TEST_F(DeedTest, tells_the_numbers_of_what_was_forged) {
  a(syn, 0, 0);
  EXPECT_EQ(deeds().front().text(true), "TCP [S] seq 0 ports 40000 > 7");
}

TEST_F(DeedTest, names_the_frames_of_a_segment) {
  connect();
  const std::string two = std::string(hello) + std::string(hello);
  a(psh | ack, 1, 1, hello);
  a(psh | ack, 21, 1, two);
  a(psh | ack, 61, 1, two + std::string(hello));
  EXPECT_THAT(told(), ElementsAre("TCP frame CL:3;type:greet \"hey\"",
                                  "TCP frame CL:3;type:greet \"hey\", frame CL:3;type:greet \"hey\"",
                                  "TCP 3 frames, first CL:3;type:greet \"hey\""));
}

TEST_F(DeedTest, says_how_much_of_a_torn_frame_a_segment_holds) {
  connect();
  a(psh | ack, 1, 1, hello.substr(0, 1));
  a(psh | ack, 2, 1, hello.substr(1, 9));
  a(psh | ack, 11, 1, std::string(hello.substr(10)) + std::string(hello));
  EXPECT_THAT(told(),
              ElementsAre("TCP [P.] first 1 of 20 bytes of a frame", "TCP [P.] 9 of 20 bytes of a frame",
                          "TCP last 10 of 20 bytes of frame CL:3;type:greet \"hey\", frame CL:3;type:greet \"hey\""));
}

TEST_F(DeedTest, says_what_never_becomes_a_frame) {
  struct Fact {
    std::string_view bytes;
    const char* text;
  };
  const std::string follows = std::string(hello) + std::string("\x5\0CL:-7", 7);
  const Fact facts[] = {
      {hello.substr(0, 19), "TCP [P.] first 19 of 20 bytes of a frame CL:3;type:greet, never completed"},
      {hello.substr(0, 8), "TCP [P.] first 8 of at least 17 bytes of a frame, never completed"},
      {std::string_view("\x8\0name:Ada", 10), "TCP [P.] no frame: CL is missing"},
      {follows, "TCP frame CL:3;type:greet \"hey\", then no frame: CL is no plain decimal number"},
      {"just some text", "TCP [P.] seq 1 ack 1 len 14"},
      {std::string_view("\0\0\0\0\0\0", 6), "TCP [P.] seq 1 ack 1 len 6"},
      {std::string_view("\x10\0\xff\xd8\xff\xe0", 6), "TCP [P.] seq 1 ack 1 len 6"},
      {"GET /a HTTP/1.1\r\n\r\n", "TCP GET /a HTTP/1.1"},
      {"HTTP/1.1 404 Not Found\r\n\r\n", "TCP HTTP/1.1 404 Not Found"},
  };
  for (const auto& fact : facts) {
    frames.clear();
    connect();
    a(psh | ack, 1, 1, fact.bytes);
    EXPECT_THAT(told(), ElementsAre(fact.text));
  }
}

TEST_F(DeedTest, finds_frames_behind_a_file) {
  connect();
  a(psh | ack, 1, 1, hello);
  a(ack, 21, 1, std::string(1000, 'x'));
  a(psh | ack, 1021, 1, hello);
  EXPECT_THAT(told(), ElementsAre("TCP frame CL:3;type:greet \"hey\"", "TCP [.] seq 21 ack 1 len 1000",
                                  "TCP frame CL:3;type:greet \"hey\""));
}

TEST_F(DeedTest, tells_what_is_odd) {
  connect();
  a(psh | ack, 1, 1, "hello");
  a(psh | ack, 1, 1, "hello");
  a(psh | ack, 11, 1, "third");
  a(psh | ack, 6, 1, "secnd");
  a(rst, 700, 0);
  a(psh | ack, 500000, 1, "far");
  s(ack, 0, 16);
  a(psh | ack | urg, 16, 1, "!");
  EXPECT_THAT(told(), ElementsAre("TCP [P.] seq 1 ack 1 len 5", "TCP [P.] seq 1 ack 1 len 5, retransmission",
                                  "TCP [P.] seq 11 ack 1 len 5, what comes before is not there",
                                  "TCP [P.] seq 6 ack 1 len 5, out of order", "TCP [R] seq 700",
                                  "TCP [P.] seq 500000 ack 1 len 3, outside the window", "TCP [.], keep-alive",
                                  "TCP [P.U] seq 16 ack 1 len 1, urgent data"));
}

TEST_F(DeedTest, goes_on_behind_a_hole_larger_than_the_window) {
  connect();
  a(ack, 1, 1, std::string(500, 'x'));
  s(ack, 1, 501);
  // Up to 3501 the capture has nothing; that it arrived is said by who got it.
  s(ack, 1, 3501);
  a(ack, 3501, 1, std::string(500, 'x'));
  a(ack, 4001, 1, std::string(500, 'x'));
  EXPECT_THAT(told(), ElementsAre("TCP [.] seq 1 ack 1 len 500", "TCP [.] seq 1 ack 501", "TCP [.] seq 1 ack 3501",
                                  "TCP [.] seq 3501 ack 1 len 500, what comes before is not there",
                                  "TCP [.] seq 4001 ack 1 len 500"));
}

TEST_F(DeedTest, reads_a_frame_that_came_out_of_order) {
  connect();
  a(psh | ack, 11, 1, hello.substr(10));
  a(psh | ack, 1, 1, hello.substr(0, 10));
  EXPECT_THAT(told(), ElementsAre("TCP [P.] seq 11 ack 1 last 10 of 20 bytes of frame CL:3;type:greet \"hey\", what "
                                  "comes before is not there",
                                  "TCP [P.] seq 1 ack 1 first 10 of 20 bytes of a frame, out of order"));
}

TEST_F(DeedTest, follows_the_window) {
  connect();
  a(psh | ack, 1, 1, "hello");
  s(ack, 1, 6, "", 0);
  a(ack, 5, 1);
  s(ack, 1, 6, "", 0);
  s(ack, 1, 6, "", 500);
  EXPECT_THAT(told(), ElementsAre("TCP [P.] seq 1 ack 1 len 5", "TCP [.], window 0", "TCP [.], window probe",
                                  "TCP [.] seq 1 ack 6, window 0 still", "TCP [.], window opens to 500 bytes"));
}

TEST_F(DeedTest, a_second_connection_between_the_same_ports_counts_anew) {
  connect();
  s(rst | ack, 1, 1);
  frames.push_back(tcp_frame(a_to_s, {40000, 7, 900000, 0, syn}));
  frames.push_back(tcp_frame(s_to_a, {7, 40000, 0, 900001, rst | ack}));
  EXPECT_THAT(told(), ElementsAre("TCP [R.] seq 1 ack 1", "TCP [S] ports 40000 > 7", "TCP [R.] seq 0 ack 1"));
  EXPECT_NE(deeds()[3].conversation, deeds()[4].conversation);
}

TEST_F(DeedTest, sequence_numbers_wrap) {
  constexpr std::uint32_t last = 0xFFFFFFFE;
  frames.push_back(tcp_frame(a_to_s, {40000, 7, last, 0, syn}));
  frames.push_back(tcp_frame(s_to_a, {7, 40000, last, last + 1, syn | ack}));
  frames.push_back(tcp_frame(a_to_s, {40000, 7, last + 1, last + 1, ack}));
  frames.push_back(tcp_frame(a_to_s, {40000, 7, last + 1, last + 1, psh | ack}, "hello"));
  frames.push_back(tcp_frame(s_to_a, {7, 40000, last + 1, last + 6, ack}));
  EXPECT_THAT(told(), ElementsAre("TCP [P.] seq 1 ack 1 len 5", "TCP [.] seq 1 ack 6"));
}

TEST_F(DeedTest, makes_sense_of_the_middle_of_a_connection) {
  a(psh | ack, 300, 70, hello);
  s(ack, 70, 320);
  std::vector<std::string> texts;
  for (const auto& deed : deeds()) texts.push_back(deed.text(true));
  EXPECT_THAT(texts, ElementsAre("TCP [P.] seq 1 ack 1 frame CL:3;type:greet \"hey\"", "TCP [.] seq 1 ack 21"));
}

TEST_F(DeedTest, what_a_receiver_discards_says_nothing) {
  connect();
  a(psh | ack, 1, 1, hello);
  frames.back()[55] ^= 1;
  a(psh | ack, 1, 1, hello);
  EXPECT_EQ(deeds()[3].kind, Kind::none);
  EXPECT_EQ(deeds()[4].kind, Kind::message) << "and is no first sending";
}

TEST_F(DeedTest, says_what_a_datagram_lacks) {
  const auto two = std::string(hello) + std::string(hello);
  for (const auto payload : {hello, hello.substr(0, 12), std::string_view(two), std::string_view("hello")})
    frames.push_back(udp_frame(a_to_s, 40000, 7, payload));
  std::vector<std::string> texts;
  for (const auto& deed : deeds()) texts.push_back(deed.text(false));
  EXPECT_THAT(texts,
              ElementsAre("UDP frame CL:3;type:greet \"hey\"", "UDP len 12, no frame: the bytes end inside a frame",
                          "UDP len 40, no frame: bytes follow the frame in its datagram", "UDP len 5"));
}

TEST_F(DeedTest, cuts_a_long_header_behind_a_field) {
  std::string frame = "  CL:0;type:offer;name:a-name-of-some-length;size:123456;blocks:99;id:abcdef";
  frame[0] = static_cast<char>(frame.size() - 2);
  frame[1] = 0;
  frames.push_back(udp_frame(a_to_s, 40000, 7, frame));
  EXPECT_EQ(deeds().front().text(false), "UDP frame CL:0;type:offer;name:a-name-of-some-length;size:123456;...");
}

}  // namespace
}  // namespace wirelab::capture
