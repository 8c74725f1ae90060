// registry: devices find each other, and what the others hear when one changes, loses power, falls silent; and when the
// registry itself restarts.
//
//                        lan 10.0.1.0/24
//     S ─────────────┬──────────────┬──────────────┐
//     .1             A .2           B .3           C .4
//     the registry   "Den",         "Loft",        a copy of A,
//                    watches all    loses power    with its id and
//                                   and restarts   name; falls silent
#include "lab/services/registry.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "lab/services/registry_client.hpp"
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

constexpr Duration patience = 10s;
constexpr Duration period = 600ms;  // short, for the story: a registry's own is 5 s
constexpr std::size_t refused_attempts = 4;
constexpr Port serving{17020};

Topology topology(const Settings& settings) { return one_lan(settings, {"S", "A", "B", "C"}); }

Device device(std::string id, std::string name, std::string instance) {
  return {
      .id = std::move(id), .name = std::move(name), .instance = std::move(instance), .port = serving, .address = {}};
}

class Story {
 public:
  explicit Story(Stage& stage) : stage_(stage), lab_(stage.lab), place_{stage.address_of("S"), registry_port} {}

  void tell() {
    open_registry();
    meet();
    change();
    lose_power();
    copy();
    fall_silent();
    restart_registry();
    finish();
    suggest_filters();
  }

 private:
  using Packet = capture::Packet;
  using Client = std::unique_ptr<RegistryClient>;

  static Stamp stamp_of(const Packet* packet) { return packet == nullptr ? Stamp{} : packet->stamp; }
  // The end that a host's program just opened.
  [[nodiscard]] Party newest(std::string_view host) const {
    return {stage_, host, latest_socket(stage_, host), place_};
  }
  // Turns the loop until A knows devices with exactly these instances.
  bool a_knows(std::vector<std::string> instances) {
    return lab_.wait_until(
        [&] {
          std::vector<std::string> known;
          for (const auto& each : client_a_->devices()) known.push_back(each.instance);
          std::ranges::sort(known);
          return client_a_->is_listed() && known == instances;
        },
        patience);
  }
  void open_registry() {
    registry_ = std::make_unique<Registry>(lab_.loop(), lab_.opener("S"), place_, Registry::Events{},
                                           Registry::Options{.period = period});
  }
  Client enter(Opener opener, std::string_view host, Device self) {
    return std::make_unique<RegistryClient>(lab_.loop(), std::move(opener), any_port(host), place_,
                                            RegistryClient::Events{}, RegistryClient::Options{.self = std::move(self)});
  }
  Endpoint any_port(std::string_view host) { return {stage_.address_of(host), Port{}}; }

  void meet() {
    stage_.scene("A and B register, one after the other: each gets the list at once, and A is told of B");
    client_a_ = enter(lab_.opener("A"), "A", device("id-a", "Den", "run-a1"));
    a_ = newest("A");
    Lab::require(a_knows({"run-a1"}), "A does not get its list");
    client_b_ = enter(power_of_b_.watch(lab_.opener("B")), "B", device("id-b", "Loft", "run-b1"));
    b_ = newest("B");
    const bool both = a_knows({"run-a1", "run-b1"});
    const auto* asked = b_->said("type:register;id:id-b");
    const auto* answered = b_->heard("type:list;devices:2");
    stage_.check("B's list comes at once, and A and B are on it",
                 asked != nullptr && answered != nullptr && answered->stamp - asked->stamp < period,
                 {asked, answered, b_->heard("added;id:id-a"), b_->heard("added;id:id-b")},
                 "it took as long as a period");
    const auto address = fmt::format("address:{}", b_->own().address);
    stage_.check("A is told of B, with the address that the registry sees", both, {a_->heard(address)});
  }

  void change() {
    stage_.scene("B changes its name from Loft to Attic");
    client_b_->change("Attic", serving);
    const bool known = lab_.wait_until([&] { return client_a_->called("Attic").size() == 1; }, patience);
    stage_.check("A is told that the device is the same, and its name another", known,
                 {b_->said("id:id-b;name:Attic"), a_->heard("changed;id:id-b;name:Attic;instance:run-b1")});
  }

  void lose_power() {
    stage_.scene("B loses its power, which no packet tells, and starts again: the same id, another instance");
    power_of_b_.fail();
    client_b_.reset();
    client_b_ = enter(lab_.opener("B"), "B", device("id-b", "Attic", "run-b2"));
    b_again_ = newest("B");
    const bool replaced = a_knows({"run-a1", "run-b2"});
    stage_.check(
        "the registry asks the earlier run, and B's kernel knows nothing of it any more", true,
        {b_again_->said("instance:run-b2"), b_->heard("type:ask"), b_->as_seen_at("S").said(look_for::is_rst)});
    stage_.check("A is told of the new run, and that the other one is gone because it was restarted", replaced,
                 {a_->heard("added;id:id-b;name:Attic;instance:run-b2"),
                  a_->heard("removed;id:id-b;name:Attic;instance:run-b1"), a_->heard("why:restarted")},
                 "A knows other devices");
  }

  // C is a bare TCP client, because a device of the reference stack would not fall silent.
  void copy() {
    stage_.scene("C was set up as a copy of A: the same id and the same name");
    const auto twin = device("id-a", "Den", "run-c1");
    bare_c_ = std::make_unique<BareClient>(lab_, lab_.opener("C"), any_port("C"), place_);
    bare_c_->say(as_text(encode_message("register", device_fields(twin, DeviceNumbers(twin)))));
    c_ = newest("C");
    const bool known = a_knows({"run-a1", "run-b2", "run-c1"});
    const auto* asked = a_->heard("type:ask");
    const auto* answer =
        stage_.seen("A:eth0", look_for::tcp(a_->own(), place_, look_for::has_text("type:alive")), stamp_of(asked));
    stage_.check("the registry asks A, which answers: so A is not C's earlier run, and both remain", known,
                 {c_->said("id:id-a;name:Den;instance:run-c1"), asked, answer}, "A knows other devices");
    const auto called = client_a_->called("Den");
    stage_.check("two devices called Den are told apart by address and instance",
                 called.size() == 2 && called[0].endpoint() != called[1].endpoint(),
                 {a_->heard("added;id:id-a;name:Den;instance:run-c1")}, fmt::format("{} were found", called.size()));
  }

  void fall_silent() {
    lab_.step("C says nothing more; A and B say alive in each period of {} ms", period / 1ms);
    const bool removed = a_knows({"run-a1", "run-b2"});
    const auto* last = c_->said("type:register");
    const auto* gone = a_->heard("why:silent");
    const bool late = last != nullptr && gone != nullptr && gone->stamp - last->stamp > 3 * period;
    stage_.check("C is removed when three periods have passed without a word from it", removed && late,
                 {last, gone, c_->heard(look_for::is_rst)}, "it was removed too early");
    const auto alive = stage_.all_seen("S:eth0", look_for::tcp(a_->own(), place_, look_for::has_text("type:alive")));
    stage_.check("A said alive all the time, and stays", alive.size() >= 3, alive,
                 fmt::format("it said so {} times", alive.size()));
  }

  void restart_registry() {
    stage_.scene("The registry ends; A and B try to come back after pauses that grow, and nobody listens");
    registry_.reset();
    const auto refused = [&](const Endpoint& of) {
      const auto from = [&](const Packet&, const capture::Decoded& packet) {
        return packet.tcp() != nullptr && packet.tcp()->flags.syn && !packet.tcp()->flags.ack && packet.source() &&
               packet.source()->address == of.address;
      };
      return stage_.all_seen("S:eth0", from);
    };
    const bool tried = lab_.wait_until([&] { return refused(a_->own()).size() >= refused_attempts; }, patience);
    const auto attempts = refused(a_->own());
    stage_.check("the pauses between A's attempts grow", tried && pauses_grow(attempts), attempts, "they do not grow");
    stage_.scene("The registry is started again, and knows nothing; A and B register by themselves");
    open_registry();
    const bool back = a_knows({"run-a1", "run-b2"});
    stage_.check("after that all is as it was", back && registry_->stats().registered == 2,
                 {stage_.seen("S:eth0", from_host("A", "instance:run-a1")),
                  stage_.seen("S:eth0", from_host("B", "instance:run-b2"))},
                 "A knows other devices");
  }

  // A text from any port of a host: who comes back has another.
  capture::Trace::Fits from_host(std::string_view host, std::string text) const {
    return [address = stage_.address_of(host), text = std::move(text)](const Packet&, const capture::Decoded& packet) {
      return packet.tcp() != nullptr && packet.ip->source == address &&
             as_text(packet.tcp()->payload).find(text) != std::string_view::npos;
    };
  }

  static bool pauses_grow(const Evidence& attempts) {
    for (std::size_t i = 2; i < attempts.size(); ++i) {
      const auto before = attempts[i - 1]->stamp - attempts[i - 2]->stamp;
      if (attempts[i]->stamp - attempts[i - 1]->stamp <= before) return false;
    }
    return attempts.size() >= refused_attempts;
  }

  void finish() {
    stage_.scene("B leaves, and A is told at once");
    client_b_->stop();
    stage_.check(
        "A is told that B left by itself", a_knows({"run-a1"}),
        {stage_.seen("S:eth0", from_host("B", "type:leave")), stage_.seen("S:eth0", from_host("S", "why:left"))},
        "A knows other devices");
    client_a_->stop();
    lab_.wait_until([&] { return registry_->tcp().clients() == 0; }, patience);
    stage_.stay(std::move(registry_));
  }

  void suggest_filters() const {
    stage_.suggest_filter("tcp contains \"type:register\"", "who says what it is");
    stage_.suggest_filter("tcp contains \"type:removed\"", "and why it is no more");
    stage_.suggest_filter("tcp contains \"type:alive\"", "the heartbeats");
    stage_.suggest_filter("tcp.flags.syn == 1 || tcp.flags.reset == 1", "coming, being refused, being cut off");
  }

  Stage& stage_;
  Lab& lab_;
  Endpoint place_;
  std::optional<Party> a_, b_, c_, b_again_;  // from when they connected
  std::unique_ptr<Registry> registry_;
  Power power_of_b_;
  Client client_a_, client_b_;
  std::unique_ptr<BareClient> bare_c_;
};

void play(Stage& stage) { Story(stage).tell(); }

}  // namespace

Scenario registry_scenario() {
  return {
      .name = "registry",
      .teaches = "devices that find each other: changes, a power cut, a copy, silence, and a registry that restarts",
      .explanation =
          explained("four",
                    "S serves a device registry, A and B register and watch it, all by ordinary TCP sockets. B\n"
                    "changes its name, loses its power and starts again; C, a copy of A, registers and then says\n"
                    "nothing more; the registry itself ends and comes back."),
      .choices = {over_ipv6},
      .over_bad_links = true,
      .topology = topology,
      .play = play};
}

}  // namespace wirelab::scenarios
