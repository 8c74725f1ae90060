// echo: the select server with a queue a client: one client dies in a message, one never reads, and the third notices
// nothing.
//
//                        lan 10.0.1.0/24
//     S ─────────────┬──────────────┬──────────────┐
//     .1             A .2           B .3           C .4
//     echo service   converses      dies in a      asks and asks, and
//     one loop                      message        does not read
#include "lab/services/echo.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/bare_client.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 1s;  // far above what any answer in a lab takes
constexpr Port b_port{40002}, c_port{40003};
// Bytes of C's and S's kernel buffers, so that they fill up soon, and marks of S's queue that fit them.
constexpr int little = 4096;
constexpr std::size_t high_water = std::size_t{16} << 10;
constexpr std::size_t low_water = std::size_t{4} << 10;
constexpr std::size_t question_size = 1000;  // bytes of content
constexpr std::size_t most_questions = 1000;

Topology topology(const Settings& settings) {
  Topology net;
  const auto lan = settings.ipv6 ? net.lan("lan", {"10.0.1.0/24", "fd00:1::/64"}) : net.lan("lan", {"10.0.1.0/24"});
  for (const auto* name : {"S", "A", "B", "C"}) net.host(name, lan);
  return net;
}

// Sockets with little room; accepted ones take after their listener.
Opener with_little_room(Opener opener) {
  return [opener = std::move(opener)](Transport transport, const Endpoint& local) {
    auto socket = opener(transport, local);
    for (const int buffer : {SO_SNDBUF, SO_RCVBUF})
      check_errno(::setsockopt(socket.get(), SOL_SOCKET, buffer, &little, sizeof little), "set a buffer's size");
    return socket;
  };
}

class Echo {
 public:
  explicit Echo(Stage& stage)
      : stage_(stage),
        lab_(stage.lab),
        a_(stage.address_of("A")),
        b_{stage.address_of("B"), b_port},
        c_{stage.address_of("C"), c_port},
        service_{stage.address_of("S"), echo_port},
        server_(stage.stay(serve())) {}

  void tell() {
    meet();
    die();
    hang();
    recover();
    part();
    stage_.suggest_filter(fmt::format("tcp.port == {}", c_port), "C's conversation: how its window closes and opens");
    stage_.suggest_filter("tcp.window_size == 0 && tcp.flags.reset == 0", "who has no room: C, and then S");
    stage_.suggest_filter("tcp.flags.reset == 1", "B's death");
  }

 private:
  using Packet = capture::Packet;

  // What S tells of its clients; S may outlive the story.
  struct Told {
    std::map<Endpoint, EchoServer::ClientId> ids;
    std::map<EchoServer::ClientId, std::string> ends;  // why each connection ended
  };

  std::unique_ptr<EchoServer> serve() {
    FrameServer::Options options;
    options.tcp.connection.high_water = high_water;
    options.tcp.connection.low_water = low_water;
    return std::make_unique<EchoServer>(
        lab_.loop(), with_little_room(lab_.opener("S")), service_,
        EchoServer::Events{
            .on_open = [told = told_](EchoServer::ClientId id, const Endpoint& peer) { told->ids[peer] = id; },
            .on_close = [told = told_](EchoServer::ClientId id,
                                       const CloseReason& reason) { told->ends[id] = reason.to_string(); }},
        options);
  }

  void begin() { begun_ = stamp_now(); }
  const Packet* seen(std::string_view tap, const capture::Trace::Fits& fits) { return stage_.seen(tap, fits, begun_); }
  // Bytes that S holds for a client.
  [[nodiscard]] std::size_t queue_for(const Endpoint& client) const {
    return server_.tcp().queued(told_->ids.at(client));
  }
  // Between A's messages; not at all would be as fast as the loop turns.
  [[nodiscard]] Duration interval() const { return stage_.settings.interval + 1ms; }
  // Whatever the others do, so many more of A's messages come back.
  void a_goes_on(std::string_view meanwhile) {
    const auto now = stamp_now();
    const auto count = stage_.settings.count;
    const auto wanted = a_client_->answered() + count;
    const bool served = lab_.wait_until([&] { return a_client_->answered() >= wanted; },
                                        patience + interval() * static_cast<std::int64_t>(count));
    const Endpoint a{a_, a_port()};
    stage_.check(fmt::format("A is served {}", meanwhile), served,
                 {stage_.seen("A:eth0", look_for::segment(a, service_), now),
                  stage_.seen("A:eth0", look_for::segment(service_, a), now)},
                 "its messages did not come back");
  }
  [[nodiscard]] Port a_port() const {
    const auto& sockets = lab_.journal().stack_sockets();
    const auto found = std::ranges::find(sockets, std::string("A"), &Journal::StackSocket::host);
    return found == sockets.end() ? Port{} : found->local.port;
  }

  void meet() {
    begin();
    lab_.step("A, B and C connect to S, whose one loop waits for all of them at once; A begins to converse");
    a_client_ = std::make_unique<EchoClient>(lab_.loop(), lab_.opener("A"), Transport::tcp, Endpoint{a_, Port{}},
                                             service_, EchoClient::Options{.interval = interval()});
    b_client_ = std::make_unique<BareClient>(lab_, lab_.opener("B"), b_, service_);
    c_client_ = std::make_unique<BareClient>(lab_, with_little_room(lab_.opener("C")), c_, service_);
    const auto hello = encode_frame({{"type", "message"}}, as_bytes("hello"));
    for (auto* client : {b_client_.get(), c_client_.get()}) client->say(as_text(hello));
    lab_.wait_until([&] { return b_client_->heard().size() + c_client_->heard().size() == 2 * hello.size(); },
                    patience);
    stage_.check("each gets back what it said, byte for byte",
                 b_client_->heard() == as_text(hello) && c_client_->heard() == as_text(hello),
                 {seen("B:eth0", look_for::text(service_, b_, as_text(hello))),
                  seen("C:eth0", look_for::text(service_, c_, as_text(hello)))});
    Lab::require(told_->ids.contains(b_) && told_->ids.contains(c_), "S does not know B and C");
    a_goes_on("beside them");
  }

  void die() {
    begin();
    lab_.step("B dies in a message: a header that promises 400 bytes, nine of them, and a reset");
    const auto whole = encode_frame({{"type", "message"}}, Bytes(400, '.'));
    const auto part = as_text(whole).substr(0, whole.size() - 391);
    b_client_->say(part);
    const auto* message = seen("S:eth0", look_for::text(b_, service_, part));
    b_client_->abort();
    const auto* reset = seen("S:eth0", look_for::rst(b_, service_));
    lab_.wait_until([&] { return told_->ends.contains(told_->ids.at(b_)); }, patience);
    const auto& end = told_->ends[told_->ids.at(b_)];
    stage_.check("S drops B and the part of a message with it", end == "Connection reset by peer", {message, reset},
                 fmt::format("of B's connection S says: {}", end));
    stage_.check_all("S answers nothing to the part",
                     stage_.all_seen("S:eth0", look_for::between(b_, service_), begun_),
                     look_for::segment(service_, b_));
    a_goes_on("on, as if nothing had happened");
  }

  // C's own kernel takes nothing more, for longer than any acknowledgement takes.
  bool stands_still() {
    lab_.wait_until([] { return false; }, 1ms);
    if (c_client_->queued() == 0) return false;
    return !lab_.wait_until([&] { return c_client_->queued() == 0; }, 200ms);
  }

  // S reads only as fast as it can answer: what C does not take fills first C's kernel, then S's, then the queue for C,
  // and then S stops listening to C, and C's own questions pile up on C's side.
  void hang() {
    begin();
    lab_.step("C asks and asks, {} bytes a time, and reads no answer", question_size);
    c_client_->set_reading(false);
    question_ = encode_frame({{"type", "message"}}, Bytes(question_size, 'c'));
    std::size_t most = 0;
    while (asked_ < most_questions && !stands_still()) {
      c_client_->say(as_text(question_));
      ++asked_;
      most = std::max(most, queue_for(c_));
    }
    most = std::max(most, queue_for(c_));
    const auto no_room = [](const capture::Tcp& tcp) { return tcp.window == 0 && !tcp.flags.rst && !tcp.flags.syn; };
    stage_.check("C's kernel has no room for answers any more, and says so: window 0", true,
                 {seen("S:eth0", look_for::tcp(c_, service_, no_room))});
    stage_.check(fmt::format("S queued {} bytes for C, stopped reading from it, and now has no room either", most),
                 most > high_water, {seen("C:eth0", look_for::tcp(service_, c_, no_room))},
                 fmt::format("{} bytes are not more than the mark, {}", most, high_water));
    // One read brings 16 KiB at most.
    stage_.check_count("so the queue is bounded: the mark, and the answers to what was read at once",
                       most <= high_water + TcpConnection::Options{}.read_size + question_.size(),
                       fmt::format("{} bytes waited", most));
    a_goes_on("meanwhile");
  }

  void recover() {
    begin();
    lab_.step("C reads again: its window opens, S's queue drains, S reads on");
    const auto hello = c_client_->heard().size();
    c_client_->set_reading(true);
    const auto all = hello + asked_ * question_.size();
    lab_.wait_until([&] { return c_client_->heard().size() == all; }, 5 * patience);
    const auto room = [](const capture::Tcp& tcp) { return tcp.window > 0 && tcp.length == 0; };
    const auto heard = std::string_view(c_client_->heard()).substr(hello);
    bool same = heard.size() == asked_ * question_.size();
    for (std::size_t i = 0; same && i < asked_; ++i)
      same = heard.substr(i * question_.size(), question_.size()) == as_text(question_);
    stage_.check(fmt::format("all {} questions of C are answered now, none lost and none torn", asked_), same,
                 {seen("S:eth0", look_for::tcp(c_, service_, room)), seen("C:eth0", look_for::segment(service_, c_))},
                 fmt::format("{} bytes of {} came back", heard.size(), asked_ * question_.size()));
  }

  void part() {
    begin();
    lab_.step("A and C close their connections, with a FIN from either side");
    a_client_->stop();
    lab_.wait_until([&] { return a_client_->in_flight() == 0; }, patience);
    c_client_->close();
    const Endpoint a{a_, a_port()};
    stage_.check("A's and C's connections end in order", true,
                 {seen("A:eth0", look_for::fin(a, service_)), seen("A:eth0", look_for::fin(service_, a)),
                  seen("C:eth0", look_for::fin(c_, service_)), seen("C:eth0", look_for::fin(service_, c_))});
    begun_ = {};
    stage_.check(fmt::format("all {} messages of A came back unchanged, whatever the others did", a_client_->sent()),
                 a_client_->sent() == a_client_->answered() && a_client_->errors() == 0,
                 {seen("A:eth0", look_for::segment(a, service_)), seen("A:eth0", look_for::segment(service_, a))},
                 fmt::format("{} came back, with {} errors: {}", a_client_->answered(), a_client_->errors(),
                             a_client_->last_error()));
  }

  Stage& stage_;
  Lab& lab_;
  IpAddress a_;
  Endpoint b_, c_, service_;
  std::shared_ptr<Told> told_ = std::make_shared<Told>();
  EchoServer& server_;
  std::unique_ptr<EchoClient> a_client_;
  std::unique_ptr<BareClient> b_client_, c_client_;
  Bytes question_;
  std::size_t asked_ = 0;
  Stamp begun_{};
};

void play(Stage& stage) { Echo(stage).tell(); }

}  // namespace

Scenario echo_scenario() {
  return {.name = "echo",
          .teaches = "the select server with a queue a client: who dies or does not read hurts nobody else",
          .explanation = explained(
              "four",
              "S serves echo to A, B and C by ordinary TCP sockets, all from one loop. A converses from\n"
              "beginning to end; B's program dies in the middle of a message; C asks without reading answers,\n"
              "until both sides' windows are closed, and then reads."),
          .choices = {{"count", "A's messages that must come back before each next step"},
                      {"interval", "between A's messages, in milliseconds"},
                      over_ipv6},
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
