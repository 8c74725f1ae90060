#include "capture/fold.hpp"

#include <deque>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Below a_to_s{.source = "10.0.1.2", .destination = "10.0.2.2"};
constexpr Below s_to_a{.source = "10.0.2.2", .destination = "10.0.1.2"};
constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;
constexpr std::string_view hello("\x0f\0CL:3;type:greethey", 20);
constexpr std::size_t plenty = 1000;

// What A and S say to each other, one TCP connection at a time, and the rows that it makes.
class FoldTest : public testing::Test {
 protected:
  struct Said {
    Bytes frame;
    bool from_a;
    Origin origin;
    std::string step;
  };
  std::deque<Said> said;
  Folder::Folded folded;
  std::uint16_t port = 40000;
  std::uint32_t a_sent = 0, s_sent = 0;  // counted from the SYN

  void a(std::uint8_t flags, std::string_view data = {}, std::uint16_t window = 60000) {
    said.push_back({tcp_frame(a_to_s, {port, 7, 1000 + a_sent, 5000 + s_sent, flags, window}, data), true,
                    Origin::stack, std::exchange(step_, "")});
    a_sent += static_cast<std::uint32_t>(data.size()) + ((flags & (syn | fin)) != 0 ? 1 : 0);
  }
  void s(std::uint8_t flags, std::string_view data = {}, std::uint16_t window = 60000) {
    said.push_back({tcp_frame(s_to_a, {7, port, 5000 + s_sent, 1000 + a_sent, flags, window}, data), false,
                    Origin::stack, std::exchange(step_, "")});
    s_sent += static_cast<std::uint32_t>(data.size()) + ((flags & (syn | fin)) != 0 ? 1 : 0);
  }
  void connect() {
    a_sent = s_sent = 0;
    a(syn);
    s(syn | ack);
    a(ack);
  }
  void close() {
    a(fin | ack);
    s(fin | ack);
    a(ack);
  }
  void step(std::string text) { step_ = std::move(text); }
  void datagram(std::string_view text, Origin origin = Origin::stack) {
    said.push_back({udp_frame(a_to_s, 40000, 7, text), true, origin, std::exchange(step_, "")});
  }
  // An arrow and a label each.
  std::vector<std::string> rows(std::size_t most = plenty) {
    std::deque<Decoded> decoded;
    std::vector<const Decoded*> packets;
    for (const auto& one : said) packets.push_back(&decoded.emplace_back(decode(one.frame)));
    const auto deeds = deeds_of(packets);
    Folder folder;
    for (std::size_t i = 0; i < said.size(); ++i) folder.add(row_of(said[i], deeds[i]), deeds[i]);
    folded = folder.take(most);
    std::vector<std::string> texts;
    for (const auto& row : folded.rows)
      texts.push_back(fmt::format("{} {}", row.both_ways ? "<>" : row.from < row.to ? ">" : "<", row.label));
    return texts;
  }

 private:
  static Scene::Row row_of(const Said& one, const Deed& deed) {
    Scene::Row row{.origin = one.origin, .label = deed.text(false), .steps = {}};
    row.from = one.from_a ? 0 : 1;
    row.to = one.from_a ? 1 : 0;
    if (!one.step.empty()) row.steps.push_back(one.step);
    return row;
  }
  std::string step_;
};

TEST_F(FoldTest, shows_what_a_conversation_is_about) {
  connect();
  a(psh | ack, hello);
  s(ack);
  s(psh | ack, hello);
  a(ack);
  close();
  EXPECT_THAT(rows(), ElementsAre("<> TCP handshake 40000 > 7", "> TCP frame CL:3;type:greet \"hey\", ACK",
                                  "< TCP frame CL:3;type:greet \"hey\", ACK", "> TCP [F.] seq 21 ack 21",
                                  "< TCP [F.] seq 21 ack 22, ACK"));
  EXPECT_FALSE(folded.further);
}

TEST_F(FoldTest, folds_bulk_until_something_happens) {
  connect();
  for (int n = 0; n < 20; ++n) {
    a(ack, std::string(1000, 'x'));
    if (n % 4 == 3) s(ack);
  }
  s(ack, {}, 0);
  s(ack, {}, 30000);
  a(psh | ack, "yy");
  s(rst);
  EXPECT_THAT(rows(), ElementsAre("<> TCP handshake 40000 > 7", "> TCP 20 segments, 19 KiB, 5 ACKs",
                                  "< TCP [.], window 0", "< TCP [.], window opens to 30000 bytes",
                                  "> TCP [P.] seq 20001 ack 1 len 2", "< TCP [R] seq 1"));
}

TEST_F(FoldTest, a_handshake_that_is_not_completed_keeps_its_parts) {
  a(syn);
  s(syn | ack);
  s(rst);
  EXPECT_THAT(rows(), ElementsAre("> TCP [S] ports 40000 > 7", "< TCP [S.] ports 7 > 40000", "< TCP [R] seq 1"));
}

TEST_F(FoldTest, a_frame_in_many_segments_is_one_row) {
  connect();
  const std::string frame = std::string("\x10\0CL:90;type:greet", 18) + std::string(90, 'x');
  for (std::size_t at = 0; at < frame.size(); at += 36) a(ack, frame.substr(at, 36));
  EXPECT_THAT(rows(), ElementsAre("<> TCP handshake 40000 > 7", "> TCP frame CL:90;type:greet, 3 segments"));
}

TEST_F(FoldTest, what_is_torn_in_two_shows_where) {
  connect();
  a(psh | ack, hello.substr(0, 1));
  s(ack);
  a(psh | ack, hello.substr(1));
  EXPECT_THAT(rows(), ElementsAre("<> TCP handshake 40000 > 7", "> TCP [P.] first 1 of 20 bytes of a frame, ACK",
                                  "> TCP last 19 of 20 bytes of frame CL:3;type:greet \"hey\""));
}

TEST_F(FoldTest, what_was_forged_is_never_bulk) {
  datagram("one", Origin::raw);
  datagram("two", Origin::raw);
  datagram("three", Origin::raw);
  EXPECT_EQ(rows().size(), 3U);
}

// The same story, with less and less room for it.
TEST_F(FoldTest, folds_first_what_tells_least) {
  connect();
  for (int n = 0; n < 4; ++n) {
    a(psh | ack, hello);
    s(psh | ack, hello);
  }
  s(ack, {}, 0);
  close();
  EXPECT_EQ(rows(12).size(), 12U);
  EXPECT_FALSE(folded.further);
  EXPECT_THAT(rows(11), ElementsAre("<> TCP handshake 40000 > 7", "> TCP 4 messages type:greet, 80 bytes",
                                    "< TCP 4 messages type:greet, 80 bytes", "< TCP [.], window 0",
                                    "<> TCP FIN from both ends, ACK"));
  EXPECT_TRUE(folded.further);
  EXPECT_THAT(rows(4), ElementsAre("<> TCP conversation 40000 <-> 7, 11 packets, 8 messages", "< TCP [.], window 0",
                                   "<> TCP FIN from both ends, ACK"));
  EXPECT_THAT(rows(1), ElementsAre("<> TCP conversation 40000 <-> 7, 15 packets, 8 messages"));
}

TEST_F(FoldTest, a_fin_that_carries_data_keeps_it) {
  connect();
  for (int n = 0; n < 4; ++n) a(psh | ack, hello);
  s(fin | psh | ack, hello);
  a(fin | ack);
  s(ack);
  EXPECT_THAT(rows(4),
              ElementsAre("<> TCP handshake 40000 > 7", "> TCP 4 messages type:greet, 80 bytes",
                          "< TCP [FP.] seq 1 ack 81 frame CL:3;type:greet \"hey\"", "> TCP [F.] seq 81 ack 22, ACK"));
}

TEST_F(FoldTest, folds_where_it_saves_most) {
  step("much");
  for (int n = 0; n < 9; ++n) datagram("hello");
  step("little");
  for (int n = 0; n < 2; ++n) datagram("hello");
  EXPECT_THAT(rows(5), ElementsAre("> UDP 9 datagrams, 45 bytes", "> UDP len 5", "> UDP len 5"));
  EXPECT_THAT(folded.rows[0].steps, ElementsAre("much"));
  EXPECT_THAT(folded.rows[1].steps, ElementsAre("little"));
}

TEST_F(FoldTest, at_last_folds_what_differs_in_numbers_only) {
  for (port = 40000; port < 40100; ++port) {
    a_sent = s_sent = 0;
    a(syn);
    said.back().origin = Origin::raw;
    s(rst | ack);
    said.back().origin = Origin::kernel;
  }
  EXPECT_THAT(rows(50), ElementsAre("> TCP [S] ports 40000 > 7, and 99 alike", HasSubstr(", and 99 alike")));
}

}  // namespace
}  // namespace wirelab::capture
