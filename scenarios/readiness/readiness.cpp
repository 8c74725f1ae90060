// readiness: what select, poll and epoll really report, and what they cost.
//
//          lan 10.0.1.0/24
//     A ─────────────────── S
//     .1                   .2
//     is watched            does something to it, and is watched where something comes in
//     forges datagrams
#include "scenarios/lans.hpp"
#include "scenarios/readiness/cases.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {
namespace {

Topology topology(const Settings& settings) { return one_lan(settings, {"A", "S"}); }

void play(Stage& stage) {
  readiness::Cases cases(stage);
  readiness::play_tcp(stage, cases);
  readiness::play_descriptors(stage, cases);
  readiness::play_udp(stage, cases);
  cases.tell_table();
  readiness::measure_cost(stage);
  stage.suggest_filter("tcp.flags.reset == 1", "each reset, and what it was for");
  stage.suggest_filter("icmp.type == 3 || icmpv6.type == 1", "what S's kernel says of a closed port");
  stage.suggest_filter("tcp.flags.urg == 1", "the only thing that select calls exceptional");
}

}  // namespace

Scenario readiness_scenario() {
  return {.name = "readiness",
          .teaches = "select, poll and epoll against each other: what each reports, and what a wake costs",
          .explanation = explained(
              "two",
              "Sockets of A and S are brought into the states that surprise people: refused, reset, half\n"
              "closed, a wrong checksum (forged through a raw IP socket), an ICMP error. Each time select, poll\n"
              "and epoll are asked, by their own system calls. Then A opens up to 10,000 connections to itself,\n"
              "as far as the limit of descriptors allows, and measures for a second or two what it costs to\n"
              "wait among them."),
          .choices = {over_ipv6},
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
