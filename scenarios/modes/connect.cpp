#include <cerrno>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "scenarios/look_for.hpp"
#include "scenarios/modes/callers.hpp"
#include "scenarios/modes/parts.hpp"

namespace wirelab::scenarios::modes {
namespace {

using namespace std::chrono_literals;
using capture::Tcp;

// After which A's kernel gives up the silent host; by itself it would try for minutes.
constexpr std::chrono::milliseconds give_up = 2s;

bool is_any(const Tcp&) { return true; }

// What connect() gave in the end: itself, or after EINPROGRESS by SO_ERROR.
bool end_with(const Callers& callers, int error) {
  const auto& started = callers.non_blocking();
  return callers.blocking().outcome().failed_with(error) && started.outcome().failed_with(EINPROGRESS) &&
         started.sequel()->failed_with(error);
}

// With a time-out, connect() says EINPROGRESS when that is over: the attempt itself goes on.
void check_gave_up(Stage& stage, const Callers& callers, std::string_view whom, const Evidence& attempts) {
  const auto& outcome = callers.time_out().outcome();
  stage.check(fmt::format("{}: the time-out socket's connect() returns after {} with EINPROGRESS, which is no answer",
                          whom, duration_text(call_limit)),
              outcome.failed_with(EINPROGRESS) && outcome.took() >= call_limit &&
                  outcome.returned < callers.blocking().outcome().returned,
              attempts, outcome.to_string("connected"));
}

Rows refused(Stage& stage, const Endpoint& closed) {
  Callers callers(stage, "A", call_limit);
  stage.lab.step("A connects to S's port {}, where nobody listens", closed.port);
  callers.connect(closed);
  callers.await(patience);
  stage.check("a closed port: S's kernel answers RST, and connect() fails with ECONNREFUSED at once",
              end_with(callers, ECONNREFUSED) && callers.time_out().outcome().failed_with(ECONNREFUSED),
              callers.sent(look_for::is_syn) + callers.came(look_for::is_rst));
  return {callers.row("connect, closed port", "connected", callers.on_the_wire(callers.blocking()))};
}

// Linux's mcast_solicit: so often a kernel asks for a neighbour before it gives up.
constexpr std::size_t questions = 3;

Rows unreachable(Stage& stage, const Callers& callers, const Endpoint& nobody) {
  const auto asked = stage.all_seen("A:eth0", look_for::resolution_request(nobody.address));
  const auto& blocking = callers.blocking();
  const bool silent = stage.all_seen("A:eth0", look_for::tcp(blocking.local(), nobody, is_any)).empty();
  // On a busy machine it may ask once more: several sockets wait for the same answer.
  const bool thrice = asked.size() >= questions;
  stage.check(fmt::format("nobody there: A's kernel asks {} times who has {}, and no SYN ever leaves", asked.size(),
                          nobody.address),
              thrice && silent, asked, fmt::format("it gives up after {}", asked.size()));
  stage.check("nobody there: when the kernel stops asking, connect() fails with EHOSTUNREACH",
              end_with(callers, EHOSTUNREACH) && thrice && blocking.outcome().returned > asked[questions - 1]->stamp,
              asked, blocking.outcome().to_string("connected"));
  check_gave_up(stage, callers, "nobody there", asked);
  return {callers.row("connect, nobody there", "connected", fmt::format("{} questions, no SYN", asked.size()))};
}

Rows ignored(Stage& stage, const Callers& callers, const Endpoint& silent) {
  const auto& blocking = callers.blocking();
  const auto& left = callers.time_out();
  const auto arrived = stage.all_seen("Q:eth0", look_for::tcp(blocking.local(), silent, look_for::is_syn));
  const bool unanswered = stage.all_seen("Q:eth0", look_for::tcp(silent, blocking.local(), is_any)).empty();
  stage.check("silent host: every SYN reaches Q, nothing answers, and A's kernel sends it again after a second",
              unanswered && arrived.size() > 1 && arrived[1]->stamp - arrived[0]->stamp > 900ms &&
                  arrived[1]->stamp - arrived[0]->stamp < 2s,
              arrived);
  stage.check("silent host: when A's kernel gives up, connect() fails with ETIMEDOUT", end_with(callers, ETIMEDOUT),
              callers.sent(look_for::is_syn), blocking.outcome().to_string("connected"));
  check_gave_up(stage, callers, "silent host", callers.sent(look_for::is_syn));
  stage.check("silent host: the time-out socket's caller has gone, but its kernel sends the SYN again", true,
              {stage.seen("A:eth0", look_for::tcp(left.local(), silent, look_for::is_syn), left.outcome().returned)});
  return {callers.row("connect, silent host", "connected", callers.on_the_wire(blocking))};
}

}  // namespace

Rows connect_in_vain(Stage& stage, const Endpoint& closed, const Endpoint& nobody, const Endpoint& silent) {
  auto rows = refused(stage, closed);
  // These two take seconds, so they run at the same time.
  Callers lost(stage, "A", call_limit);
  stage.lab.step("A connects to {}, which nobody has", nobody.address);
  lost.connect(nobody);
  (void)stage.seen("A:eth0", look_for::resolution_request(nobody.address));
  Callers unheard(stage, "A", call_limit);
  unheard.set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(give_up.count()));
  stage.lab.step("Meanwhile A connects to Q, which drops every SYN; A's kernel is told to give up after {}",
                 duration_text(give_up));
  unheard.connect(silent);
  lost.await(patience);
  unheard.await(patience);
  for (auto& row : unreachable(stage, lost, nobody)) rows.push_back(std::move(row));
  for (auto& row : ignored(stage, unheard, silent)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace wirelab::scenarios::modes
