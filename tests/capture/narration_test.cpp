#include "capture/narration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Below a_to_s{.source = "10.0.1.2", .destination = "10.0.2.2"};
constexpr Below s_to_a{.source = "10.0.2.2", .destination = "10.0.1.2"};
constexpr std::string_view mac_r = "02:77:00:00:00:02", mac_s = "02:77:00:00:00:03";

// Plays a story and the packets that it causes, in the order of their stamps; packets are read only when it waits.
class NarrationTest : public testing::Test {
 protected:
  Journal journal;
  Narration narration{journal};

  void step(const char* text) {
    journal.step(text);
    narration.told(turns_);
  }
  void forge(std::uint16_t sequence) {
    journal.forged({.when = stamp_now(), .host = "A"});
    happens(Origin::raw, echo_frame(a_to_s, true, 7, sequence));
  }
  void answer(std::uint16_t sequence) { happens(Origin::kernel, echo_frame(s_to_a, false, 7, sequence)); }
  void happens(Origin origin, Bytes bytes, bool first = true) {
    pending_.push_back({{.stamp = stamp_now(), .bytes = std::move(bytes), .origin = origin}, first});
  }
  // What the packets tell that were read: a list of steps each.
  std::vector<std::vector<std::string>> wait() {
    ++turns_;
    std::vector<std::vector<std::string>> told;
    for (const auto& [packet, first] : pending_) told.push_back(narration.before(packet, decode(packet), first));
    pending_.clear();
    return told;
  }

 private:
  struct Pending {
    Packet packet;
    bool first;
  };
  std::uint64_t turns_ = 0;
  std::vector<Pending> pending_;
};

TEST_F(NarrationTest, a_step_that_forges_speaks_of_the_next_packet) {
  happens(Origin::kernel, echo_frame(s_to_a, false, 7, 9));
  step("A asks");
  forge(1);
  EXPECT_THAT(wait(), ElementsAre(IsEmpty(), ElementsAre("A asks")));
}

TEST_F(NarrationTest, a_step_that_waits_speaks_of_the_answer_that_came_before_it_was_told) {
  step("A asks");
  forge(1);
  happens(Origin::kernel, arp_frame(1, mac_s, "10.0.2.2", "10.0.2.1"));
  answer(1);
  step("S answers");
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("A asks"), IsEmpty(), ElementsAre("S answers")));
}

TEST_F(NarrationTest, address_resolution_comes_with_what_needs_it) {
  step("A asks");
  journal.forged({.when = stamp_now(), .host = "A"});
  happens(Origin::kernel, arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.1"));
  happens(Origin::kernel, arp_frame(2, mac_r, "10.0.1.1", "10.0.1.2", "02:77:00:00:00:01"));
  happens(Origin::raw, echo_frame(a_to_s, true, 7, 1));
  answer(1);
  step("S answers");
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("A asks"), IsEmpty(), IsEmpty(), ElementsAre("S answers")));
}

TEST_F(NarrationTest, an_answer_that_was_seen_is_not_spoken_of_again) {
  step("A asks");
  forge(1);
  answer(1);
  wait();
  step("something else happens");
  happens(Origin::kernel, arp_frame(1, mac_s, "10.0.2.2", "10.0.2.1"));
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("something else happens")));
}

TEST_F(NarrationTest, questions_one_after_the_other_have_their_own_steps) {
  step("first");
  forge(1);
  answer(1);
  step("second");
  forge(2);
  answer(2);
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("first"), IsEmpty(), ElementsAre("second"), IsEmpty()));
}

TEST_F(NarrationTest, what_is_not_answered_comes_with_the_next_step) {
  step("A asks");
  forge(1);
  step("S does not answer");
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("A asks")));
  step("A asks again");
  forge(2);
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("S does not answer", "A asks again")));
}

TEST_F(NarrationTest, the_stack_goes_on_in_the_background) {
  step("A asks");
  happens(Origin::stack, udp_frame(a_to_s, 4000, 7, "hello"));
  forge(1);
  EXPECT_THAT(wait(), ElementsAre(IsEmpty(), ElementsAre("A asks")));
}

TEST_F(NarrationTest, what_the_stack_does_to_a_connection_is_no_background) {
  constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;
  step("A asks");
  forge(1);
  wait();
  for (const std::uint8_t deed : {syn, std::uint8_t{fin | ack}, rst}) {
    step("the stack acts");
    happens(Origin::stack, tcp_frame(a_to_s, {4000, 80, 1, 2, psh | ack}, "hello"));
    happens(Origin::stack, tcp_frame(a_to_s, {4000, 80, 6, 2, deed}));
    happens(Origin::stack, tcp_frame(s_to_a, {80, 4000, 2, 7, ack}));
    EXPECT_THAT(wait(), ElementsAre(IsEmpty(), ElementsAre("the stack acts"), IsEmpty())) << "flags " << int{deed};
  }
}

TEST_F(NarrationTest, a_story_without_forged_packets_is_about_the_stack) {
  step("A says hello");
  happens(Origin::stack, udp_frame(a_to_s, 4000, 7, "hello"));
  happens(Origin::stack, udp_frame(s_to_a, 7, 4000, "hello"));
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("A says hello"), IsEmpty()));
}

TEST_F(NarrationTest, the_stack_may_answer_what_was_forged) {
  step("A forges a SYN");
  journal.forged({.when = stamp_now(), .host = "A"});
  happens(Origin::raw, tcp_frame(a_to_s, {4000, 80, 1, 0, 2}));
  happens(Origin::stack, tcp_frame(s_to_a, {80, 5000, 1, 2, 16}));
  happens(Origin::stack, tcp_frame(s_to_a, {80, 4000, 1, 2, 18}));
  step("S's server accepts");
  EXPECT_THAT(wait(), ElementsAre(ElementsAre("A forges a SYN"), IsEmpty(), ElementsAre("S's server accepts")));
}

TEST_F(NarrationTest, a_packet_is_spoken_of_where_it_begins) {
  step("A asks");
  journal.forged({.when = stamp_now(), .host = "A"});
  happens(Origin::raw, echo_frame(a_to_s, true, 7, 1), false);
  happens(Origin::raw, echo_frame(a_to_s, true, 7, 2));
  EXPECT_THAT(wait(), ElementsAre(IsEmpty(), ElementsAre("A asks")));
}

TEST_F(NarrationTest, no_step_is_lost) {
  step("first");
  step("second");
  wait();
  EXPECT_THAT(narration.rest(), ElementsAre("first", "second"));
  EXPECT_THAT(narration.rest(), IsEmpty());
}

}  // namespace
}  // namespace wirelab::capture
