#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "scenarios/error_name.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/readiness/cases.hpp"
#include "scenarios/readiness/descriptor_limit.hpp"

namespace wirelab::scenarios::readiness {
namespace {

using capture::Packet;
using capture::Tcp;

constexpr Port open_port{17200};
constexpr Port closed_port{17201};

bool is_urgent(const Tcp& tcp) { return tcp.flags.urg; }

// Closes with a reset instead of FIN.
void reset(UniqueFd& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  check_errno(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "set SO_LINGER");
  socket.reset();
}

// Takes a connection and closes it.
std::string try_accept(int listener) {
  const UniqueFd taken(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return taken ? "accept" : fmt::format("accept {}", name_of_error(errno));
}

// In a process that can open nothing more, and how often its loop would wake for that.
std::string accept_without(int listener) {
  constexpr int many = 1000;
  const auto none = DescriptorLimit::none_left();
  const auto result = try_accept(listener);
  int woken = 0;
  for (int n = 0; n < many; ++n) woken += poll_report(listener) == "IN" ? 1 : 0;
  return fmt::format("{}, {} of {} polls wake", result, woken, many);
}

// A, which is watched, and S, which does something to it.
class TcpCases {
 public:
  TcpCases(Stage& stage, Cases& cases)
      : stage_(stage), cases_(cases), server_{stage.address_of("S"), open_port}, listener_(open("S", open_port)) {
    check_errno(::listen(listener_.get(), SOMAXCONN), "listen");
  }

  void play() {
    begin_and_refuse();
    speak();
    end();
    break_off();
    leave_before_accept();
    run_out();
  }

 private:
  // The two ends of a connection; A's is `own`.
  struct Connection {
    UniqueFd own, peer;
    Endpoint from;
  };

  UniqueFd open(std::string_view host, Port port = {}) {
    return stage_.lab.opener(host)(Transport::tcp, {stage_.address_of(host), port});
  }

  UniqueFd start(const Endpoint& remote) {
    auto socket = open("A");
    const SocketAddress address(remote);
    (void)::connect(socket.get(), address.data(), address.size());  // EINPROGRESS; the case looks at what comes of it
    return socket;
  }

  UniqueFd accept_one() {
    UniqueFd peer;
    const bool accepted = await_state(stage_, [&] {
      peer.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      return static_cast<bool>(peer);
    });
    Lab::require(accepted, "S has no connection to accept");
    return peer;
  }

  Connection connect() {
    auto own = start(server_);
    const auto from = local_endpoint(own.get());
    return {std::move(own), accept_one(), from};
  }

  // What A's wire shows of a connection.
  const Packet* came(const Connection& connection, bool (*fits)(const Tcp&)) {
    return stage_.seen("A:eth0", look_for::tcp(server_, connection.from, fits));
  }

  void begin_and_refuse() {
    const auto fresh = open("A");
    cases_.add({.name = "socket not connected", .select = "r w", .poll = "OUT HUP", .then = "recv ENOTCONN"},
               fresh.get(), try_receive, {});
    stage_.lab.step("A connects to S's port {}, where nobody listens", closed_port);
    const auto refused = start({server_.address, closed_port});
    const Endpoint from = local_endpoint(refused.get());
    const auto* answer = stage_.seen("A:eth0", look_for::tcp({server_.address, closed_port}, from, look_for::is_rst));
    cases_.add({.name = "connect refused",
                .select = "r w",
                .poll = "IN OUT RDHUP ERR HUP",
                .then = "SO_ERROR ECONNREFUSED, SO_ERROR 0"},
               refused.get(),
               [](int fd) {
                 return in_turn({try_socket_error(fd), try_socket_error(fd)});
               },
               {answer});
  }

  void speak() {
    stage_.lab.step("A connects to S's port {}; S says something, and then something urgent", open_port);
    const auto talk = connect();
    cases_.add({.name = "connected, no data", .select = "w", .poll = "OUT", .then = "recv EAGAIN"}, talk.own.get(),
               try_receive, {came(talk, look_for::is_syn_ack)});
    (void)try_send(talk.peer.get());
    cases_.add({.name = "data there", .select = "r w", .poll = "IN OUT", .then = "recv 7"}, talk.own.get(), try_receive,
               {stage_.seen("A:eth0", look_for::segment(server_, talk.from))});
    check_errno(static_cast<int>(::send(talk.peer.get(), "!", 1, MSG_OOB)), "send urgent data");
    cases_.add({.name = "urgent data there", .select = "w e", .poll = "OUT PRI", .then = "recv EAGAIN"}, talk.own.get(),
               try_receive, {came(talk, is_urgent)});
  }

  void end() {
    stage_.lab.step("S shuts down writing, but reads on");
    const auto half = connect();
    ::shutdown(half.peer.get(), SHUT_WR);
    const auto* half_fin = came(half, look_for::is_fin);
    cases_.add(
        {.name = "peer shut down writing", .select = "r w", .poll = "IN OUT RDHUP", .then = "recv 0, send 7, recv 0"},
        half.own.get(),
        [](int fd) {
          return in_turn({try_receive(fd), try_send(fd), try_receive(fd)});
        },
        {half_fin});
    stage_.lab.step("S closes; only when A sends does A learn that nobody reads");
    auto whole = connect();
    whole.peer.reset();
    const auto* fin = came(whole, look_for::is_fin);
    cases_.add({.name = "peer closed", .select = "r w", .poll = "IN OUT RDHUP", .then = "send 7, RST, send EPIPE"},
               whole.own.get(),
               [&](int fd) {
                 const auto first = try_send(fd);
                 const auto* answer = came(whole, look_for::is_rst);
                 await_state(stage_, [&] { return poll_report(fd) == "IN OUT RDHUP ERR HUP"; });
                 return in_turn({first, answer == nullptr ? "no RST" : "RST", try_send(fd)});
               },
               {fin});
  }

  void break_off() {
    const auto next = [](int fd) { return in_turn({try_receive(fd), try_send(fd)}); };
    stage_.lab.step("S resets a connection");
    auto broken = connect();
    reset(broken.peer);
    cases_.add(
        {.name = "peer reset", .select = "r w", .poll = "IN OUT RDHUP ERR HUP", .then = "recv ECONNRESET, send EPIPE"},
        broken.own.get(), next, {came(broken, look_for::is_rst)});
    auto asked = connect();
    reset(asked.peer);
    cases_.add({.name = "the same, SO_ERROR first",
                .select = "r w",
                .poll = "IN OUT RDHUP ERR HUP",
                .then = "SO_ERROR ECONNRESET, recv 0, send EPIPE"},
               asked.own.get(),
               [](int fd) {
                 return in_turn({try_socket_error(fd), try_receive(fd), try_send(fd)});
               },
               {came(asked, look_for::is_rst)});
    stage_.lab.step("S closes a connection although it has not read what A sent");
    auto unread = connect();
    (void)try_send(unread.own.get());
    await_state(stage_, [&] { return poll_report(unread.peer.get()) == "IN OUT"; });
    unread.peer.reset();
    cases_.add({.name = "peer closed, data unread",
                .select = "r w",
                .poll = "IN OUT RDHUP ERR HUP",
                .then = "recv ECONNRESET, send EPIPE"},
               unread.own.get(), next, {came(unread, look_for::is_rst)});
  }

  // The listener is watched.
  void leave_before_accept() {
    stage_.lab.step("A connects and resets before S has accepted");
    auto hasty = start(server_);
    const auto from = local_endpoint(hasty.get());
    (void)stage_.seen("A:eth0", look_for::tcp(server_, from, look_for::is_syn_ack));
    await_state(stage_, [&] { return poll_report(listener_.get()) == "IN"; });
    reset(hasty);
    const auto* gone = stage_.seen("S:eth0", look_for::tcp(from, server_, look_for::is_rst));
    cases_.add({.name = "reset before accept", .select = "r", .poll = "IN", .then = "accept, recv ECONNRESET"},
               listener_.get(),
               [&](int) {
                 return in_turn({"accept", try_receive(accept_one().get())});
               },
               {gone});
  }

  // The listener is watched, in a process that can open nothing more.
  void run_out() {
    stage_.lab.step("A connects, but S's program has no descriptor left to accept with");
    const auto waiting = start(server_);
    const auto* answer =
        stage_.seen("A:eth0", look_for::tcp(server_, local_endpoint(waiting.get()), look_for::is_syn_ack));
    cases_.add({.name = "out of descriptors",
                .select = "r",
                .poll = "IN",
                .then = "accept EMFILE, 1000 of 1000 polls wake; one freed: accept, accept EAGAIN"},
               listener_.get(),
               [](int fd) {
                 const auto without = accept_without(fd);
                 return fmt::format("{}; one freed: {}", without, in_turn({try_accept(fd), try_accept(fd)}));
               },
               {answer});
  }

  Stage& stage_;
  Cases& cases_;
  Endpoint server_;
  UniqueFd listener_;
};

}  // namespace

void play_tcp(Stage& stage, Cases& cases) { TcpCases(stage, cases).play(); }

}  // namespace wirelab::scenarios::readiness
