// arp-spoof: a man in the middle of a framed conversation, and what helps against him.
//
//     lan 10.0.1.0/24
//     A ────────────────┬──────────────── S
//     .1                │                .3
//     reference client  M .2             reference echo service
//                       forges ARP, passes on what comes, reads it
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lab/net/neighbours.hpp"
#include "lab/services/ports.hpp"
#include "raw/arp.hpp"
#include "raw/go_between.hpp"
#include "scenarios/arp_claims.hpp"
#include "scenarios/arp_talk.hpp"
#include "scenarios/conversation.hpp"
#include "scenarios/knowledge.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;
using arp_talk::answers;
using arp_talk::request;
using capture::Decoded;
using capture::Origin;
using capture::Packet;
using raw::Arp;
using raw::Identity;

constexpr Duration patience = 1s;  // far above what any answer in a lab takes
constexpr std::string_view at_a = "A:eth0", at_m = "M:eth0", at_s = "S:eth0";

Topology topology(const Settings& settings) { return one_lan(settings, {"A", "M", "S"}); }

// A framed message over TCP from one to the other, in a frame between these MACs.
capture::Trace::Fits message(const Identity& from, const Identity& to, const Mac& source, const Mac& destination) {
  return [=](const Packet&, const Decoded& packet) {
    const auto* tcp = packet.tcp();
    return tcp != nullptr && tcp->length > 0 && packet.ip->source == from.address &&
           packet.ip->destination == to.address && packet.ethernet && packet.ethernet->source == source &&
           packet.ethernet->destination == destination;
  };
}

class ArpSpoof {
 public:
  explicit ArpSpoof(Stage& stage)
      : stage_(stage),
        a_(identity_of("A")),
        m_(identity_of("M")),
        s_(identity_of("S")),
        place_(raw::at(stage.lab, "M")),
        wire_(place_.open([&] { return raw::PacketSocket("eth0", place_.witness); })),
        between_(place_, "eth0", a_, s_) {}

  void tell() {
    suggest_filters();
    stage_.scene("A's reference client and S's echo service begin a framed conversation; M is on the same LAN");
    Conversation conversation(stage_, "A", "S");  // goes on beside what follows
    check_direct("M, on the same LAN, sees nothing of the conversation", Stamp{});
    poison();
    overhear();
    restore();
    withstand();
    detect();
    stage_.scene("The framed conversation ends");
    conversation.finish();
    stage_.table(std::move(tables_));
  }

 private:
  [[nodiscard]] Identity identity_of(std::string_view host) const {
    return {stage_.address_of(host), stage_.lab.host(host).interface("eth0").mac};
  }
  [[nodiscard]] Knowledge knowledge(std::string_view host, const Identity& of) const {
    return {stage_.lab.host(host), of.address};
  }
  bool comes_to_know(const Knowledge& knowledge, const Mac& mac) {
    return stage_.lab.wait_until([&] { return knowledge.mac() == mac; }, patience);
  }
  // Under M's own MAC: the switch would otherwise take M's port to be where somebody else is.
  void send(const Arp& arp, const Identity& victim) {
    auto frame = raw::arp_frame(arp, victim.mac);
    std::ranges::copy(m_.mac.bytes(), frame.begin() + Mac::size);
    wire_.send(frame);
  }
  // What M says to `victim`: that `neighbour` asks him, and is at that MAC. Linux believes whoever asks it at once.
  [[nodiscard]] static Arp lie(const Identity& neighbour, const Mac& mac, const Identity& victim) {
    return request({neighbour.address, mac}, victim.address);
  }
  [[nodiscard]] Arp lie_to_a() const { return lie(s_, m_.mac, a_); }
  [[nodiscard]] Arp lie_to_s() const { return lie(a_, m_.mac, s_); }

  // Of what A and S say to each other from `since` on.
  void check_direct(const std::string& claim, Stamp since, Evidence evidence = {}) {
    evidence.push_back(stage_.seen(at_s, message(a_, s_, a_.mac, s_.mac), since));
    evidence.push_back(stage_.seen(at_a, message(s_, a_, s_.mac, a_.mac), since));
    const bool overheard = !stage_.all_seen(at_m, message(a_, s_, a_.mac, s_.mac), since).empty() ||
                           !stage_.all_seen(at_m, message(a_, s_, a_.mac, m_.mac), since).empty() ||
                           !stage_.all_seen(at_m, message(s_, a_, s_.mac, a_.mac), since).empty() ||
                           !stage_.all_seen(at_m, message(s_, a_, s_.mac, m_.mac), since).empty();
    stage_.check(claim, !overheard, std::move(evidence), "M sees a message");
  }

  void poison() {
    stage_.scene("M asks A in the name of S, and S in the name of A: each is told that the other is at M's MAC");
    const auto of_a = knowledge("A", s_), of_s = knowledge("S", a_);
    send(lie_to_a(), a_);
    send(lie_to_s(), s_);
    stage_.check("A believes that S is where M is", comes_to_know(of_a, m_.mac),
                 {stage_.seen(at_a, arp_talk::is(lie_to_a())), stage_.seen(at_m, answers(lie_to_a()))},
                 "A knows better");
    stage_.check("S believes that A is where M is", comes_to_know(of_s, m_.mac),
                 {stage_.seen(at_s, arp_talk::is(lie_to_s())), stage_.seen(at_m, answers(lie_to_s()))},
                 "S knows better");
    note("M's lies", of_a, of_s);
  }

  void overhear() {
    stage_.scene("What A and S say to each other goes to M, who reads it and passes it on by hand");
    const auto before = between_.passed_on();
    check_passed_on("A", "S", a_, s_, at_s);
    check_passed_on("S", "A", s_, a_, at_a);
    stage_.check("nobody notices: the conversation goes on, packet by packet through M", between_.passed_on() > before,
                 {stage_.seen(at_s, message(a_, s_, m_.mac, s_.mac))}, "M passed nothing on");
  }

  void check_passed_on(std::string_view sender, std::string_view receiver, const Identity& from, const Identity& to,
                       std::string_view at_receiver) {
    const auto* taken = stage_.seen(at_m, message(from, to, from.mac, m_.mac));
    const auto* passed_on = stage_.seen(at_m, message(from, to, m_.mac, to.mac));
    const auto* arrived = stage_.seen(at_receiver, message(from, to, m_.mac, to.mac));
    const bool forged = passed_on != nullptr && passed_on->origin == Origin::raw;
    stage_.check(fmt::format("a message from {} to {} goes through M, who passes it on by hand", sender, receiver),
                 forged, {taken, passed_on, arrived}, "it goes another way");
    if (taken == nullptr) return;
    const auto decoded = capture::decode(*taken);
    heard_.rows.push_back({std::to_string(taken->frame), fmt::format("{} to {}", sender, receiver),
                           printable(as_text(decoded.tcp()->payload))});
  }

  void restore() {
    stage_.scene("M tells both the truth again");
    const auto of_a = knowledge("A", s_), of_s = knowledge("S", a_);
    const auto to_a = lie(s_, s_.mac, a_), to_s = lie(a_, a_.mac, s_);
    send(to_a, a_);
    send(to_s, s_);
    stage_.check("A and S know each other's own MACs again", comes_to_know(of_a, s_.mac) && comes_to_know(of_s, a_.mac),
                 {stage_.seen(at_a, arp_talk::is(to_a)), stage_.seen(at_s, arp_talk::is(to_s))}, "one does not");
    note("M's truth", of_a, of_s);
    stage_.table(std::move(heard_));
  }

  void withstand() {
    stage_.scene("A and S enter each other's MAC by hand, as permanent; M lies again");
    set_static_neighbour(stage_.lab.host("A"), "eth0", s_.address, s_.mac);
    set_static_neighbour(stage_.lab.host("S"), "eth0", a_.address, a_.mac);
    const auto of_a = knowledge("A", s_), of_s = knowledge("S", a_);
    send(lie_to_a(), a_);
    send(lie_to_s(), s_);
    const auto lied = stamp_now();
    // Whose answer is here has had its turn.
    const Evidence heard{stage_.seen(at_m, answers(lie_to_a())), stage_.seen(at_m, answers(lie_to_s()))};
    stage_.check("A and S answer M, and believe what was entered by hand", of_a.mac() == s_.mac && of_s.mac() == a_.mac,
                 heard, "a table has changed");
    note("M's lies again", of_a, of_s);
    check_direct("nothing of what A and S say after that comes to M", lied, heard);
  }

  void detect() {
    const auto contradictions = disputed(arp_claims(stage_.trace.packets()));
    Table table{.title = "Addresses that were claimed for two MACs, found in the trace",
                .columns = {"address", "is at", "whose MAC", "said first in frame", "times"},
                .rows = {}};
    Evidence evidence;
    std::vector<std::pair<Ipv4, Mac>> found;
    for (const auto& claim : contradictions) {
      evidence.push_back(claim.first);
      found.emplace_back(claim.address, claim.mac);
      table.rows.push_back({claim.address.to_string(), claim.mac.to_string(), owner_of(claim.mac),
                            std::to_string(claim.first->frame), std::to_string(claim.times)});
    }
    const std::vector<std::pair<Ipv4, Mac>> expected{
        {a_.address.v4(), a_.mac}, {a_.address.v4(), m_.mac}, {s_.address.v4(), s_.mac}, {s_.address.v4(), m_.mac}};
    stage_.check("whoever listens can tell: A's and S's addresses are claimed for M's MAC too",
                 std::ranges::is_permutation(found, expected), std::move(evidence),
                 fmt::format("{} claims contradict each other", found.size()));
    stage_.table(std::move(table));
  }

  [[nodiscard]] std::string owner_of(const Mac& mac) const {
    if (mac == a_.mac) return "A's";
    if (mac == s_.mac) return "S's";
    return mac == m_.mac ? "M's" : "nobody's";
  }
  void note(std::string_view done, const Knowledge& of_a, const Knowledge& of_s) {
    tables_.rows.push_back(of_a.row(done));
    tables_.rows.push_back(of_s.row(done));
  }

  void suggest_filters() const {
    stage_.suggest_filter("arp && frame.comment contains \"origin: raw\"", "M's lies, and M's truth");
    stage_.suggest_filter("arp.duplicate-address-detected", "Wireshark's own warning");
    stage_.suggest_filter(fmt::format("tcp.port == {} && eth.addr == {}", echo_port, m_.mac),
                          "what goes through M, in and out");
  }

  Stage& stage_;
  Identity a_, m_, s_;
  raw::Place place_;
  raw::PacketSocket wire_;
  raw::GoBetween between_;
  Table heard_{.title = "What M could read", .columns = {"frame", "way", "bytes"}, .rows = {}};
  Table tables_{.title = "What it did to the kernels' neighbour tables",
                .columns = {"done by hand", "table of", "about", "before", "after"},
                .rows = {}};
};

void play(Stage& stage) { ArpSpoof(stage).tell(); }

}  // namespace

Scenario arp_spoof_scenario() {
  return {.name = "arp-spoof",
          .teaches = "a man in the middle by forged ARP: how he gets there, what he sees, what helps",
          .explanation = explained(
              "three",
              "A and S exchange framed messages over TCP and UDP through the reference stack. M tells each by\n"
              "forged ARP requests that the other is at M's MAC, passes on by hand what then comes, and tells\n"
              "the truth again. Then A and S enter each other's MAC by hand, and M lies in vain. The lab finds\n"
              "the lies in its trace."),
          .choices = {},
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
