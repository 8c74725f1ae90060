// modes: blocking, non-blocking and time-out sockets make the same calls side by side.
//
//                      lan 10.0.1.0/24
//     A ──────────────────────┬────────────────────── S
//     .1                      │                      .2
//     calls, in three modes   Q .3                    takes connections, speaks late, reads later still
//                             drops every SYN
//     nobody has .99
#include <stdexcept>

#include <fmt/format.h>

#include "lab/net/nft.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/modes/parts.hpp"
#include "scenarios/modes/socket_call.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {
namespace {

constexpr Port open_port{17100};
constexpr Port closed_port{17101};
constexpr std::uint64_t nobody_number = 99;  // on the LAN

Topology topology(const Settings& settings) { return one_lan(settings, {"A", "S", "Q"}); }

IpAddress nobody(const Stage& stage) {
  const auto own = stage.address_of("A");
  for (const auto& [address, prefix] : stage.lab.host("A").interface("eth0").addresses)
    if (address == own) return prefix.host(nobody_number);
  throw std::logic_error("an address without a prefix");
}

void suggest_filters(Stage& stage, const IpAddress& nowhere) {
  stage.suggest_filter("tcp.flags.syn == 1", "every attempt to connect, and the answers");
  stage.suggest_filter(stage.settings.ipv6 ? fmt::format("icmpv6.nd.ns.target_address == {}", nowhere)
                                           : fmt::format("arp.dst.proto_ipv4 == {}", nowhere),
                       "the questions that nobody answers");
  stage.suggest_filter("tcp.window_size_value == 0 && tcp.flags.reset == 0", "S has no room");
  // A window probe of Linux has the form of a keep-alive.
  stage.suggest_filter("tcp.analysis.keep_alive", "A's kernel asks whether there is room again");
}

void play(Stage& stage) {
  apply_ruleset(stage.lab.host("Q"),
                "table inet silence { chain input { type filter hook input priority 0; tcp flags syn drop; }; }");
  modes::LazyServer server(stage, "S", open_port, modes::small_buffer);
  const auto nowhere = nobody(stage);
  auto rows = modes::connect_in_vain(stage, {server.local().address, closed_port}, {nowhere, open_port},
                                     {stage.address_of("Q"), open_port});
  for (auto& row : modes::talk(stage, server)) rows.push_back(std::move(row));
  stage.table(
      {.title = "What the caller gets in each mode, and what A's wire shows of the blocking call",
       .columns = {"call", "blocking", fmt::format("non-blocking, then {}", name_of(stage.lab.options().poller)),
                   fmt::format("time-out of {}", modes::duration_text(modes::call_limit)), "wire"},
       .rows = std::move(rows)});
  suggest_filters(stage, nowhere);
}

}  // namespace

Scenario modes_scenario() {
  return {.name = "modes",
          .teaches = "blocking, non-blocking and time-out sockets: what the caller gets, and what the wire shows",
          .explanation = explained(
              "three",
              "A makes the same socket calls in three modes. It connects to a closed port of S, to an address\n"
              "that nobody has, and to Q, whose packet filter drops every SYN; it receives before S has\n"
              "spoken, and sends more than S, which does not read, has room for. All packets come from\n"
              "ordinary sockets; the kernels of S and Q answer or do not. It takes about five seconds, which\n"
              "is how long kernels wait."),
          .choices = {over_ipv6},
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
