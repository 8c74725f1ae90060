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
#include <optional>

#include <fmt/format.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/bare_client.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/openers.hpp"
#include "scenarios/party.hpp"
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

Topology topology(const Settings& settings) { return one_lan(settings, {"S", "A", "B", "C"}); }

Opener with_little_room(Opener opener) { return with_buffers(std::move(opener), {SO_SNDBUF, SO_RCVBUF}, little); }

class Echo {
 public:
  explicit Echo(Stage& stage)
      : stage_(stage),
        lab_(stage.lab),
        service_{stage.address_of("S"), echo_port},
        b_(stage, "B", {stage.address_of("B"), b_port}, service_),
        c_(stage, "C", {stage.address_of("C"), c_port}, service_),
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
    stage_.check(fmt::format("A is served {}", meanwhile), served,
                 {stage_.seen("A:eth0", look_for::segment(a_->own(), service_), now),
                  stage_.seen("A:eth0", look_for::segment(service_, a_->own()), now)},
                 "its messages did not come back");
  }

  void meet() {
    stage_.scene("A, B and C connect to S, whose one loop waits for all of them at once; A begins to converse");
    a_client_ = std::make_unique<EchoClient>(lab_.loop(), lab_.opener("A"), Transport::tcp,
                                             Endpoint{stage_.address_of("A"), Port{}}, service_,
                                             EchoClient::Options{.interval = interval()});
    a_ = Party(stage_, "A", latest_socket(stage_, "A"), service_);
    b_client_ = std::make_unique<BareClient>(lab_, lab_.opener("B"), b_.own(), service_);
    c_client_ = std::make_unique<BareClient>(lab_, with_little_room(lab_.opener("C")), c_.own(), service_);
    const auto hello = encode_frame({{"type", "message"}}, as_bytes("hello"));
    for (auto* client : {b_client_.get(), c_client_.get()}) client->say(as_text(hello));
    lab_.wait_until([&] { return b_client_->heard().size() + c_client_->heard().size() == 2 * hello.size(); },
                    patience);
    stage_.check("each gets back what it said, byte for byte",
                 b_client_->heard() == as_text(hello) && c_client_->heard() == as_text(hello),
                 {b_.heard(as_text(hello)), c_.heard(as_text(hello))});
    Lab::require(told_->ids.contains(b_.own()) && told_->ids.contains(c_.own()), "S does not know B and C");
    a_goes_on("beside them");
  }

  void die() {
    stage_.scene("B dies in a message: a header that promises 400 bytes, nine of them, and a reset");
    const auto whole = encode_frame({{"type", "message"}}, Bytes(400, '.'));
    const auto part = as_text(whole).substr(0, whole.size() - 391);
    b_client_->say(part);
    const auto b_at_s = b_.as_seen_at("S");
    const auto* message = b_at_s.said(part);
    b_client_->abort();
    const auto* reset = b_at_s.said(look_for::is_rst);
    lab_.wait_until([&] { return told_->ends.contains(told_->ids.at(b_.own())); }, patience);
    const auto& end = told_->ends[told_->ids.at(b_.own())];
    stage_.check("S drops B and the part of a message with it", end == "Connection reset by peer", {message, reset},
                 fmt::format("of B's connection S says: {}", end));
    stage_.check_all("S answers nothing to the part", b_at_s.all(), look_for::segment(service_, b_.own()));
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
    stage_.scene("C asks and asks, {} bytes a time, and reads no answer", question_size);
    c_client_->set_reading(false);
    question_ = encode_frame({{"type", "message"}}, Bytes(question_size, 'c'));
    std::size_t most = 0;
    while (asked_ < most_questions && !stands_still()) {
      c_client_->say(as_text(question_));
      ++asked_;
      most = std::max(most, queue_for(c_.own()));
    }
    most = std::max(most, queue_for(c_.own()));
    const auto no_room = [](const capture::Tcp& tcp) { return tcp.window == 0 && !tcp.flags.rst && !tcp.flags.syn; };
    stage_.check("C's kernel has no room for answers any more, and says so: window 0", true,
                 {c_.as_seen_at("S").said(no_room)});
    stage_.check(fmt::format("S queued {} bytes for C, stopped reading from it, and now has no room either", most),
                 most > high_water, {c_.heard(no_room)},
                 fmt::format("{} bytes are not more than the mark, {}", most, high_water));
    // One read brings 16 KiB at most.
    stage_.check_count("so the queue is bounded: the mark, and the answers to what was read at once",
                       most <= high_water + TcpConnection::Options{}.read_size + question_.size(),
                       fmt::format("{} bytes waited", most));
    a_goes_on("meanwhile");
  }

  void recover() {
    stage_.scene("C reads again: its window opens, S's queue drains, S reads on");
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
                 {c_.as_seen_at("S").said(room), c_.heard(look_for::has_data)},
                 fmt::format("{} bytes of {} came back", heard.size(), asked_ * question_.size()));
  }

  void part() {
    stage_.scene("A and C close their connections, with a FIN from either side");
    a_client_->stop();
    lab_.wait_until([&] { return a_client_->in_flight() == 0; }, patience);
    c_client_->close();
    stage_.check("A's and C's connections end in order", true,
                 {a_->said(look_for::is_fin), a_->heard(look_for::is_fin), c_.said(look_for::is_fin),
                  c_.heard(look_for::is_fin)});
    // The messages lie anywhere in the trace.
    stage_.check(fmt::format("all {} messages of A came back unchanged, whatever the others did", a_client_->sent()),
                 a_client_->sent() == a_client_->answered() && a_client_->errors() == 0,
                 {stage_.seen("A:eth0", look_for::segment(a_->own(), service_), Stamp{}),
                  stage_.seen("A:eth0", look_for::segment(service_, a_->own()), Stamp{})},
                 fmt::format("{} came back, with {} errors: {}", a_client_->answered(), a_client_->errors(),
                             a_client_->last_error()));
  }

  Stage& stage_;
  Lab& lab_;
  Endpoint service_;
  std::optional<Party> a_;  // from when it connected
  Party b_, c_;
  std::shared_ptr<Told> told_ = std::make_shared<Told>();
  EchoServer& server_;
  std::unique_ptr<EchoClient> a_client_;
  std::unique_ptr<BareClient> b_client_, c_client_;
  Bytes question_;
  std::size_t asked_ = 0;
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
          .over_bad_links = true,
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
