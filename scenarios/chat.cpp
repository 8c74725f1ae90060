// chat: a room, three members, and what happens to the others when one of them dies or hangs.
//
//                        lan 10.0.1.0/24
//     S ─────────────┬──────────────┬──────────────┐
//     .1             A .2           B .3           C .4
//     the room       Ada            Bob            Cleo
//                    stays          dies in a      reads no more
//                                   message,       and is cut off
//                                   comes back
#include "lab/services/chat.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/services/chat_client.hpp"
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

constexpr Duration patience = 2s;
constexpr Port ada_port{40001}, bob_port{40002}, cleo_port{40003}, bob_again_port{40004};
constexpr int little = 4096;  // bytes of Cleo's receive buffer and the room's send buffers, so that they fill up soon
constexpr std::size_t most_queued = std::size_t{16} << 10;
constexpr std::size_t long_line = 4000;  // bytes
constexpr std::size_t most_long_lines = 100;

Topology topology(const Settings& settings) {
  const ChatRoom::Options usual;
  if (settings.size > usual.max_text)
    throw BadInput(
        fmt::format("--size {} is more than anybody may say at once\nit takes 0 to {}", settings.size, usual.max_text));
  return one_lan(settings, {"S", "A", "B", "C"});
}

// A member of the reference stack, and the texts that it heard.
struct Member {
  Member(Lab& lab, std::string_view host, const Endpoint& local, const Endpoint& room, const std::string& name)
      : client(lab.loop(), lab.opener(host), local, room, name,
               {.on_say = [this](std::string_view, std::string_view text) { heard.emplace_back(text); }}) {
    Lab::require(lab.wait_until([this] { return client.is_in(); }, patience), name + " does not get into the room");
  }
  std::vector<std::string> heard;
  ChatClient client;
};

class Chat {
 public:
  explicit Chat(Stage& stage)
      : stage_(stage),
        lab_(stage.lab),
        room_(stage.stay(std::make_unique<ChatRoom>(lab_.loop(), with_buffers(lab_.opener("S"), {SO_SNDBUF}, little),
                                                    Endpoint{stage.address_of("S"), chat_port}, ChatRoom::Events{},
                                                    ChatRoom::Options{.max_queued = most_queued}))),
        ada_(party("A", ada_port)),
        bob_(party("B", bob_port)),
        cleo_(party("C", cleo_port)),
        bob_again_(party("B", bob_again_port)) {}

  void tell() {
    enter();
    converse();
    die();
    come_back();
    hang();
    exit();
    suggest_filters();
  }

 private:
  [[nodiscard]] Party party(std::string_view host, Port port) const {
    return {stage_, host, {stage_.address_of(host), port}, room_.local()};
  }
  bool wait_for_members(std::size_t count) {
    return lab_.wait_until([&] { return room_.members().size() == count; }, patience);
  }

  // A member made of a bare client, for what a member of the reference stack would never do.
  std::unique_ptr<BareClient> bare_member(std::string_view host, const Endpoint& local, std::string name) {
    const auto members = room_.members().size();
    auto client =
        std::make_unique<BareClient>(lab_, with_buffers(lab_.opener(host), {SO_RCVBUF}, little), local, room_.local());
    client->say(as_text(encode_message("join", {{"name", name}})));
    Lab::require(wait_for_members(members + 1), name + " does not get into the room");
    return client;
  }

  void enter() {
    stage_.scene("Ada, Bob and Cleo enter the room; each is told who is there, and those who are there of each");
    member_ada_ = std::make_unique<Member>(lab_, "A", ada_.own(), room_.local(), "Ada");
    bare_bob_ = bare_member("B", bob_.own(), "Bob");
    bare_cleo_ = bare_member("C", cleo_.own(), "Cleo");
    stage_.check("each newcomer is welcomed with the number of members it finds", true,
                 {ada_.heard("welcome;name:Ada;members:0"), bob_.heard("welcome;name:Bob;members:1"),
                  cleo_.heard("welcome;name:Cleo;members:2")});
    stage_.check("Ada is told of Bob, and Ada and Bob of Cleo", true,
                 {ada_.heard("joined;name:Bob"), ada_.heard("joined;name:Cleo"), bob_.heard("joined;name:Cleo")});
  }

  void converse() {
    stage_.scene("Ada says {} lines; the room passes each on to Bob and Cleo, and none back to Ada",
                 stage_.settings.count);
    const auto before = room_.stats().delivered;
    for (std::size_t n = 1; n <= stage_.settings.count; ++n) {
      auto line = fmt::format("line {} ", n);
      line.resize(stage_.settings.size, '.');
      member_ada_->client.say(line);
      lab_.wait_until([&] { return room_.stats().delivered - before == 2 * n; }, patience);
      if (n < stage_.settings.count) lab_.wait_until([] { return false; }, stage_.settings.interval);
    }
    const auto all = 2 * stage_.settings.count;
    const std::string line = "said;name:Ada";
    stage_.check("what Ada says arrives at Bob and Cleo under Ada's name", room_.stats().delivered - before == all,
                 {ada_.said("type:say"), bob_.heard(line), cleo_.heard(line)}, "not every line was passed on to both");
    stage_.check_all("nothing of it comes back to Ada", ada_.all(),
                     look_for::tcp(room_.local(), ada_.own(), look_for::has_text(line)));
  }

  void die() {
    stage_.scene("Bob's program dies in the middle of a message: a header length and nine bytes, then a reset");
    const std::string part("\x16\0CL:400;ty", 11);
    bare_bob_->say(part);
    const auto* piece = bob_.said(part);
    bare_bob_->abort();
    Lab::require(wait_for_members(2), "the room does not notice that Bob is dead");
    const auto* reset = bob_.as_seen_at("S").said(look_for::is_rst);
    stage_.check("Ada and Cleo are told that Bob was lost", true,
                 {piece, reset, ada_.heard("left;name:Bob;why:lost"), cleo_.heard("left;name:Bob;why:lost")});
    member_ada_->client.say("poor Bob");
    stage_.check("the others talk on", true, {cleo_.heard("poor Bob")});
  }

  void come_back() {
    stage_.scene("Bob comes back under his name, which is free again");
    member_bob_ = std::make_unique<Member>(lab_, "B", bob_again_.own(), room_.local(), "Bob");
    stage_.check("Bob is in the room again", true,
                 {bob_again_.heard("welcome;name:Bob;members:2"), ada_.heard("joined;name:Bob")});
  }

  void hang() {
    stage_.scene("Cleo's program hangs: it reads no more, while Ada says lines of {} bytes", long_line);
    bare_cleo_->set_reading(false);
    const auto taken_before = acknowledged_by_cleo();
    std::size_t lines = 0, most = 0;
    const auto all_heard = [&] { return member_bob_->heard.size() == lines; };
    while (room_.stats().slow == 0 && lines < most_long_lines) {
      member_ada_->client.say(std::string(long_line, static_cast<char>('a' + lines % 26)));
      ++lines;
      lab_.wait_until(all_heard, patience);
      most = std::max(most, room_.queued());
    }
    const auto* reset = cleo_.heard(look_for::is_rst);
    const auto taken = acknowledged_by_cleo() - taken_before;
    stage_.check(
        fmt::format("Cleo's kernel took {} bytes of the {} that were said, and no more", taken, lines * long_line),
        taken < lines * long_line, {last_word_of_cleo(), reset}, "she took everything");
    stage_.check(fmt::format("the room cuts Cleo off when more than {} bytes wait for her", most_queued),
                 room_.stats().slow == 1, {reset, bob_again_.heard("left;name:Cleo;why:slow")}, "she is still there");
    stage_.check("meanwhile Bob hears every line, and at once", all_heard(), {bob_again_.heard("said;name:Ada")},
                 fmt::format("he heard {} of {}", member_bob_->heard.size(), lines));
    stage_.check_count(fmt::format("the room never held more than that back ({} bytes at most)", most),
                       most <= most_queued, fmt::format("{} bytes waited", most));
  }

  const capture::Packet* last_word_of_cleo() {
    const auto acknowledges = [](const capture::Tcp& tcp) { return tcp.flags.ack && !tcp.flags.rst; };
    const auto all = stage_.all_seen("C:eth0", look_for::tcp(cleo_.own(), room_.local(), acknowledges), Stamp{});
    Lab::require(!all.empty(), "Cleo's kernel said nothing");
    return all.back();
  }
  // A sequence number: differences count.
  std::uint32_t acknowledged_by_cleo() { return capture::decode(*last_word_of_cleo()).tcp()->acknowledgement; }

  void exit() {
    stage_.scene("Bob says exit: the room ends his connection in order, and Ada is told");
    member_bob_->client.leave();
    Lab::require(wait_for_members(1), "Bob does not get out of the room");
    stage_.check("both sides of Bob's connection end with FIN", true,
                 {bob_again_.said("type:exit"), bob_again_.heard(look_for::is_fin), bob_again_.said(look_for::is_fin)});
    stage_.check("Ada is told that Bob left by himself", true, {ada_.heard("left;name:Bob;why:exit")});
    member_ada_->client.leave();
    Lab::require(wait_for_members(0), "Ada does not get out of the room");
    stage_.check("Ada leaves as the last", true, {ada_.said("type:exit"), ada_.said(look_for::is_fin)});
  }

  void suggest_filters() const {
    stage_.suggest_filter(fmt::format("tcp.port == {} && tcp.len > 0", chat_port), "all that is said");
    stage_.suggest_filter("tcp contains \"type:left\"", "how each one leaves");
    stage_.suggest_filter(fmt::format("tcp.port == {}", cleo_port), "Cleo, up to the end");
    stage_.suggest_filter("tcp.flags.reset == 1", "Bob's death, and Cleo's end");
  }

  Stage& stage_;
  Lab& lab_;
  ChatRoom& room_;
  Party ada_, bob_, cleo_, bob_again_;
  std::unique_ptr<Member> member_ada_, member_bob_;
  std::unique_ptr<BareClient> bare_bob_, bare_cleo_;
};

void play(Stage& stage) { Chat(stage).tell(); }

}  // namespace

Scenario chat_scenario() {
  return {.name = "chat",
          .teaches = "a chat room on one loop: a member that dies or hangs does not hurt the others",
          .explanation = explained(
              "four",
              "S serves a chat room, A, B and C are its members Ada, Bob and Cleo, all by ordinary TCP\n"
              "sockets. Bob's program dies in the middle of a message, and he comes back; Cleo's program stops\n"
              "reading until the room cuts it off; Bob says exit."),
          .choices = {{"count", "lines that Ada says while all is well"},
                      {"size", "bytes of each line"},
                      {"interval", "between them, in milliseconds"},
                      over_ipv6},
          .over_bad_links = true,
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
