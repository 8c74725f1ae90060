// What a verdict is worth: checks that must fail do fail, on real packets.
#include "scenarios/stage.hpp"

#include <gtest/gtest.h>

#include "lab/net/counters.hpp"
#include "raw/patch.hpp"
#include "raw/pinger.hpp"
#include "raw/udp_probe.hpp"
#include "scenarios/hygiene.hpp"
#include "scenarios/look_for.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;

Topology two_hosts() {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.1.0/24"});
  net.host("A", lan);
  net.host("B", lan);
  return net;
}

class StageTest : public testing::Test {
 protected:
  StageTest() {
    trace.add_all_taps();
    trace.start();
  }
  const Check& last() const { return stage.checks().back(); }

  Lab lab{two_hosts()};
  capture::Trace trace{lab};
  Stage stage{lab, trace, Settings{}};
};

TEST_F(StageTest, a_check_without_evidence_is_refuted) {
  EXPECT_FALSE(stage.check("nobody saw it", true, {}));
  EXPECT_FALSE(stage.check("half of it was seen", true, {nullptr}));
  EXPECT_FALSE(last().otherwise.empty());
  EXPECT_FALSE(stage.all_hold());
}

TEST_F(StageTest, a_story_without_checks_proves_nothing) { EXPECT_FALSE(stage.all_hold()); }

TEST_F(StageTest, a_check_keeps_its_evidence_and_what_was_found_instead) {
  raw::Pinger pinger(raw::at(lab, "A"), lab.address_of("B"), lab.random());
  pinger.send(1);
  const auto* request = trace.await(look_for::echo_request(pinger.identifier(), 1), 1s);
  ASSERT_NE(request, nullptr);
  EXPECT_TRUE(stage.check("it was sent", true, {request}));
  EXPECT_TRUE(stage.all_hold());
  EXPECT_FALSE(stage.check("it was blue", false, {request}, "it was red"));
  EXPECT_EQ(last().otherwise, "it was red");
  EXPECT_EQ(last().evidence, Evidence{request});
  EXPECT_FALSE(stage.all_hold());
}

TEST_F(StageTest, a_table_has_a_cell_for_each_column) {
  stage.table({.title = "calls", .columns = {"call", "result"}, .rows = {{"recv", "EAGAIN"}}});
  EXPECT_THROW(stage.table({.title = "calls", .columns = {"call", "result"}, .rows = {{"recv"}}}), std::logic_error);
  EXPECT_THROW(stage.table({.title = "nothing"}), std::logic_error);
  EXPECT_EQ(stage.tables().size(), 1U);
}

TEST_F(StageTest, a_packet_is_looked_for_on_one_tap_and_from_one_time_on) {
  raw::Pinger pinger(raw::at(lab, "A"), lab.address_of("B"), lab.random());
  pinger.send(1);
  const auto request = look_for::echo_request(pinger.identifier(), 1);
  const auto* sent = stage.seen("A:eth0", request);
  const auto* came = stage.seen("B:eth0", request);
  ASSERT_NE(sent, nullptr);
  ASSERT_NE(came, nullptr);
  EXPECT_NE(sent->tap, came->tap);
  EXPECT_EQ(stage.seen("A:eth0", request, sent->stamp + 1ns), nullptr);
}

class HygieneTest : public StageTest {
 protected:
  // The trace of a wrong request, with a right one behind it; the wrong one.
  const capture::Packet* spoil() {
    raw::Pinger pinger(raw::at(lab, "A"), lab.address_of("B"), lab.random());
    pinger.send(1, raw::break_checksum);
    pinger.send(2);
    EXPECT_TRUE(pinger.reply_within(1s));
    const auto* wrong = trace.await(look_for::echo_request(pinger.identifier(), 1), 1s);
    trace.finish();
    return wrong;
  }
};

TEST_F(HygieneTest, holds_where_only_what_was_owned_up_to_is_wrong) {
  stage.made_wrong(spoil());
  check_hygiene(stage);
  EXPECT_TRUE(stage.all_hold());
}

TEST_F(HygieneTest, names_a_wrong_checksum_that_nobody_meant) {
  spoil();
  check_hygiene(stage);
  EXPECT_FALSE(stage.all_hold());
  EXPECT_EQ(stage.checks().front().evidence.size(), 2U);  // on both taps
}

TEST_F(StageTest, kernel_counters_count_in_the_host_alone) {
  const auto before = kernel_counter(lab.host("B"), "Udp", "NoPorts");
  raw::UdpProbe probe(raw::at(lab, "A"), {lab.address_of("B"), Port{9}}, lab.random());
  probe.send();
  ASSERT_TRUE(probe.reply_within(1s));
  EXPECT_EQ(kernel_counter(lab.host("B"), "Udp", "NoPorts"), before + 1);
  EXPECT_EQ(kernel_counter(lab.host("A"), "Udp", "NoPorts"), 0U);
  EXPECT_THROW((void)kernel_counter(lab.host("A"), "Udp", "NoSuchCounter"), std::runtime_error);
}

TEST_F(StageTest, sockets_of_the_stack_are_announced) {
  const auto socket = lab.opener("B")(Transport::udp, {lab.address_of("B"), Port{5000}});
  ASSERT_EQ(lab.journal().stack_sockets().size(), 1U);
  const auto& announced = lab.journal().stack_sockets().front();
  EXPECT_EQ(announced.host, "B");
  EXPECT_EQ(announced.transport, Transport::udp);
  EXPECT_EQ(announced.local.to_string(), "10.0.1.2:5000");
}

TEST_F(StageTest, an_unmet_requirement_names_its_line) {
  const int line = __LINE__ + 2;
  try {
    Lab::require(false, "the sky is not green");
    FAIL() << "nothing was thrown";
  } catch (const Unmet& unmet) {
    EXPECT_STREQ(unmet.what(), "the sky is not green");
    EXPECT_EQ(unmet.where().line, line);
    EXPECT_TRUE(std::string(unmet.where().file).ends_with("stage_test.cpp"));
  }
}

TEST_F(StageTest, a_host_that_is_not_there_is_a_mistake_of_the_caller) {
  EXPECT_THROW((void)lab.host("C"), std::logic_error);
  EXPECT_THROW((void)lab.opener("C"), std::logic_error);
}

}  // namespace
}  // namespace wirelab::scenarios
