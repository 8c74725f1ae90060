// What a verdict is worth: checks that must fail do fail, on real packets.
#include "scenarios/stage.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "lab/net/counters.hpp"
#include "lab/services/ports.hpp"
#include "raw/patch.hpp"
#include "raw/pinger.hpp"
#include "raw/udp_probe.hpp"
#include "scenarios/conversation.hpp"
#include "scenarios/hygiene.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/party.hpp"

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

// What belongs to a connection, and what came in this scene.
TEST_F(StageTest, a_party_finds_its_own_segments_of_this_scene) {
  stage.scene("two conversations at once");
  Conversation conversation(stage, "A", "B");
  const Endpoint service{stage.address_of("B"), echo_port};
  const auto& sockets = lab.journal().stack_sockets();
  const auto tcp = std::ranges::find(sockets, Transport::tcp, &Journal::StackSocket::transport);
  const auto own = std::ranges::find_if(tcp, sockets.end(), [](const auto& each) { return each.host == "A"; });
  ASSERT_NE(own, sockets.end());
  const Party party(stage, "A", own->local, service);
  const auto* syn = party.said(look_for::is_syn);
  ASSERT_NE(syn, nullptr);
  ASSERT_NE(party.heard(look_for::is_syn_ack), nullptr);
  EXPECT_NE(party.said("type:message"), nullptr);
  EXPECT_NE(party.as_seen_at("B").said(look_for::is_syn)->tap, syn->tap);
  EXPECT_GE(party.all().size(), 5U);
  EXPECT_EQ(latest_socket(stage, "A").address, own->local.address);
  EXPECT_THROW((void)latest_socket(stage, "Z"), std::logic_error);
  stage.scene("its end");
  EXPECT_TRUE(stage.all_seen("A:eth0", look_for::tcp(own->local, service, look_for::is_syn)).empty());
  conversation.finish();
  EXPECT_NE(party.said(look_for::is_fin), nullptr);
  EXPECT_EQ(stage.checks().size(), 3U);
  EXPECT_TRUE(stage.all_hold());
}

TEST_F(StageTest, a_claim_about_many_packets_counts_them_and_shows_some) {
  raw::Pinger pinger(raw::at(lab, "A"), lab.address_of("B"), lab.random());
  for (std::uint16_t n = 1; n <= 4; ++n) pinger.send(n);
  ASSERT_NE(stage.seen("A:eth0", look_for::echo_request(pinger.identifier(), 4)), nullptr);
  const auto is_icmp = [](const auto&, const capture::Decoded& packet) { return packet.icmp() != nullptr; };
  const auto is_request = [](const auto&, const capture::Decoded& packet) { return packet.icmp()->is_echo_request(); };
  auto requests = stage.all_seen("A:eth0", is_icmp);
  std::erase_if(requests, [&](const auto* packet) { return !is_request(*packet, capture::decode(*packet)); });
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_TRUE(stage.check_all("no reply among them", requests,
                              [&](const auto& packet, const auto& decoded) { return !is_request(packet, decoded); }));
  EXPECT_EQ(last().counted, 4U);
  EXPECT_EQ(last().evidence, Evidence(requests.begin(), requests.begin() + 3));
  EXPECT_FALSE(stage.check_all("no request among them", requests, is_request));
  EXPECT_EQ(last().evidence, requests);
  EXPECT_FALSE(stage.check_all("of nothing everything could be said", {}, is_request));
  EXPECT_FALSE(last().otherwise.empty());
}

// A service may hold on to what was given before it.
TEST_F(StageTest, residents_end_last_to_first) {
  std::vector<int> ended;
  struct Resident {
    Resident(std::vector<int>& list, int number) : ended(list), own(number) {}
    Resident(const Resident&) = delete;
    Resident& operator=(const Resident&) = delete;
    ~Resident() { ended.push_back(own); }
    std::vector<int>& ended;
    int own;
  };
  {
    Stage other(lab, trace, Settings{});
    for (const int number : {1, 2, 3}) other.stay(std::make_unique<Resident>(ended, number));
  }
  EXPECT_EQ(ended, (std::vector{3, 2, 1}));
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
  EXPECT_EQ(kernel_counter(lab.host("A"), "TcpExt", "SyncookiesSent"), 0U) << "of a table of its own";
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
