#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>

#include "scenarios/look_for.hpp"
#include "scenarios/modes/callers.hpp"
#include "scenarios/modes/parts.hpp"

namespace wirelab::scenarios::modes {
namespace {

using capture::Tcp;

constexpr std::size_t much = 256 << 10;  // more than both ends' buffers hold
constexpr std::string_view word = "hello";

bool offers_nothing(const Tcp& tcp) { return tcp.flags.ack && !tcp.flags.rst && tcp.window == 0; }
bool offers_room(const Tcp& tcp) { return tcp.flags.ack && !tcp.flags.rst && tcp.window > 0; }

Stamp stamp_of(const capture::Packet* packet) { return packet == nullptr ? Stamp{} : packet->stamp; }

Rows connected(Stage& stage, Callers& callers, const LazyServer& server) {
  stage.lab.step("A connects to S's port {}, where S listens", server.local().port);
  callers.connect(server.local());
  callers.await(patience);
  const bool accepted = stage.lab.wait_until([&] { return server.connections() == 3; }, patience);
  stage.check("a listener: S's kernel answers SYN, ACK, and connect() is done, before S accepts",
              accepted && callers.blocking().outcome().result == 0 && callers.time_out().outcome().result == 0 &&
                  callers.non_blocking().outcome().failed_with(EINPROGRESS) &&
                  callers.non_blocking().sequel()->result == 0,
              callers.sent(look_for::is_syn) + callers.came(look_for::is_syn_ack));
  return {callers.row("connect, listener", "connected", callers.on_the_wire(callers.blocking()))};
}

void check_received(Stage& stage, const Callers& callers, const Evidence& answers) {
  const auto& blocking = callers.blocking().outcome();
  const auto& asked = callers.non_blocking().outcome();
  const auto& limited = callers.time_out().outcome();
  const auto size = static_cast<ssize_t>(word.size());
  stage.check(
      "recv: the blocking socket's returns when S's segment has come, and not before",
      blocking.result == size && blocking.called < stamp_of(answers[0]) && blocking.returned > stamp_of(answers[0]),
      {answers[0]});
  stage.check("recv: the non-blocking socket's says EAGAIN at once; select tells when there is something",
              asked.failed_with(EAGAIN) && asked.returned < stamp_of(answers[1]) &&
                  callers.non_blocking().sequel()->result == size,
              {answers[1]});
  stage.check(
      fmt::format("recv: the time-out socket's says EAGAIN after {}, before S has spoken", duration_text(call_limit)),
      limited.failed_with(EAGAIN) && limited.took() >= call_limit && limited.returned < stamp_of(answers[2]),
      {answers[2]});
}

Rows received(Stage& stage, Callers& callers, const LazyServer& server) {
  const auto begun = stamp_now();
  callers.receive();
  stage.lab.wait_until([&] { return callers.time_out().returned(); }, patience);
  stage.lab.step("A waits for data; only when the time-out socket's recv() has given up does S say {}", word);
  server.say(word);
  callers.await(patience);
  const auto answers = callers.came(look_for::has_data, begun);
  check_received(stage, callers, answers);
  const auto first = std::min({stamp_of(answers[0]), stamp_of(answers[1]), stamp_of(answers[2])});
  const auto is_tcp = [](const auto&, const capture::Decoded& packet) { return packet.tcp() != nullptr; };
  stage.check_all("recv: until S speaks the wire is silent, since TCP does not tell who waits",
                  stage.all_seen("A:eth0", is_tcp, begun),
                  [first](const capture::Packet& packet, const auto&) { return packet.stamp < first; });
  return {callers.row("recv, nothing there yet", "{} bytes", callers.on_the_wire(callers.blocking(), begun))};
}

// What the first send() gave those who came back, and what the wire showed until S read.
struct Sends {
  Outcome non_blocking, time_out;
  std::string wire;
};

// Sends as long as the kernel takes something; the last outcome is the one that refuses.
void send_until_refused(Stage& stage, Caller& caller) {
  const auto send = [](int fd) {
    const Bytes bytes(much);
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  };
  do {
    caller.call(send);
    Lab::require(stage.lab.wait_until([&] { return caller.returned(); }, patience), "send() does not return");
  } while (caller.outcome().result > 0);
}

// A's question whether the window is open again, a segment without news that demands an answer, and that answer.
Evidence probe(Stage& stage, const Caller& caller, const Endpoint& server, const capture::Packet* full) {
  if (full == nullptr) return {nullptr};
  const auto acknowledged = capture::decode(*full).tcp()->acknowledgement;
  const auto* asked =
      stage.seen("A:eth0",
                 look_for::tcp(caller.local(), server,
                               [=](const Tcp& tcp) { return tcp.length == 0 && tcp.sequence == acknowledged - 1; }),
                 full->stamp);
  const auto* answer = stage.seen("A:eth0", look_for::tcp(server, caller.local(), offers_nothing), stamp_of(asked));
  return {full, asked, answer};
}

std::string wire_of(Stage& stage, const Caller& caller, const Endpoint& server, Stamp since) {
  const auto segments = stage.all_seen("A:eth0", look_for::tcp(caller.local(), server, look_for::has_data), since);
  const auto refusals = stage.all_seen("A:eth0", look_for::tcp(server, caller.local(), offers_nothing), since);
  return fmt::format("{} segments from A, {} windows of 0 from S", segments.size(), refusals.size());
}

std::string then_refused(const Outcome& first, const Outcome& second) {
  return fmt::format("{}, then {}", first.to_string("{} bytes"), second.to_string("{} bytes"));
}

bool is_partial(const Outcome& outcome) { return outcome.result > 0 && outcome.result < static_cast<ssize_t>(much); }

void check_refused(Stage& stage, const Callers& callers, const Sends& sends, const Evidence& full) {
  const auto& polite = callers.non_blocking().outcome();
  const auto& patient = callers.time_out().outcome();
  stage.check("send: the non-blocking socket's takes a part, which is no error, and then says EAGAIN",
              is_partial(sends.non_blocking) && polite.failed_with(EAGAIN), {full[1]});
  stage.check(fmt::format("send: the time-out socket's tells after {} what it got rid of, and the next says EAGAIN",
                          duration_text(call_limit)),
              is_partial(sends.time_out) && sends.time_out.took() >= call_limit && patient.failed_with(EAGAIN) &&
                  patient.took() >= call_limit,
              {full[2]});
}

// Each sends once and is left with what came of it; those who came back try again.
Sends overfill(Stage& stage, Callers& callers, const LazyServer& server) {
  const auto begun = stamp_now();
  stage.lab.step("A sends {} bytes on each connection, but S does not read: its window closes", much);
  callers.send(much);
  const auto full = callers.came(offers_nothing, begun);
  stage.check("send: S's kernel takes what its buffer holds, and then offers a window of 0", true, full);
  stage.lab.step("S's window is closed; A's kernel asks now and then whether there is room again");
  stage.lab.wait_until([&] { return callers.time_out().returned(); }, patience);
  Sends sends{callers.non_blocking().outcome(), callers.time_out().outcome(), {}};
  send_until_refused(stage, callers.non_blocking());
  send_until_refused(stage, callers.time_out());
  const auto questions = probe(stage, callers.blocking(), server.local(), full[0]);
  stage.check("send: the blocking socket's does not return; A's kernel probes the window, and S's says 0 again",
              !callers.blocking().returned(), questions);
  check_refused(stage, callers, sends, full);
  sends.wire = wire_of(stage, callers.blocking(), server.local(), begun);
  return sends;
}

Rows sent(Stage& stage, Callers& callers, LazyServer& server) {
  const auto sends = overfill(stage, callers, server);
  stage.lab.step("S begins to read: its window opens, and what waits in A goes on");
  const auto opened = stamp_now();
  server.start_reading();
  callers.await(patience);
  const auto& blocking = callers.blocking().outcome();
  const auto* room = callers.came(offers_room, opened)[0];
  stage.check("send: when S has read, its window opens, and the blocking socket's returns with all that it was given",
              blocking.result == static_cast<ssize_t>(much) && blocking.returned > stamp_of(room), {room});
  return {{"send, full window", blocking.to_string("{} bytes"),
           then_refused(sends.non_blocking, callers.non_blocking().outcome()),
           then_refused(sends.time_out, callers.time_out().outcome()), sends.wire}};
}

}  // namespace

Rows talk(Stage& stage, LazyServer& server) {
  Callers callers(stage, "A", call_limit);
  callers.set_option(SOL_SOCKET, SO_SNDBUF, small_buffer);
  auto rows = connected(stage, callers, server);
  for (auto& row : received(stage, callers, server)) rows.push_back(std::move(row));
  for (auto& row : sent(stage, callers, server)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace wirelab::scenarios::modes
