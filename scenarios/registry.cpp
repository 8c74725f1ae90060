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

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/services/registry_client.hpp"
#include "lab/stack/tcp_client.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 10s;
constexpr Duration period = 600ms;  // short, for the story: a registry's own is 5 s
constexpr std::size_t refused_attempts = 4;
constexpr Port serving{17020};

Topology topology(const Settings& settings) {
  const Settings usual;
  if (settings.count != usual.count || settings.size != usual.size || settings.interval != usual.interval)
    throw BadInput("the registry's story has nothing for --count, --size or --interval to change\nleave them out");
  Topology net;
  const auto lan = settings.ipv6 ? net.lan("lan", {"10.0.1.0/24", "fd00:1::/64"}) : net.lan("lan", {"10.0.1.0/24"});
  for (const auto* name : {"S", "A", "B", "C"}) net.host(name, lan);
  return net;
}

Device device(std::string id, std::string name, std::string instance) {
  return {
      .id = std::move(id), .name = std::move(name), .instance = std::move(instance), .port = serving, .address = {}};
}

// A host whose power can fail: its connection is gone without a packet.
class Power {
 public:
  Opener watch(Opener opener) {
    return [this, opener = std::move(opener)](Transport transport, const Endpoint& local) {
      auto socket = opener(transport, local);
      socket_.reset(check_errno(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0), "keep a socket"));
      return socket;
    };
  }
  // Takes the kernel's part of the connection first (TCP_REPAIR: closing sends nothing), then the program's.
  void fail(std::unique_ptr<RegistryClient>& program) {
    const int on = 1;
    check_errno(::setsockopt(socket_.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on), "take a connection's power");
    program.reset();
    socket_.reset();
  }

 private:
  UniqueFd socket_;
};

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

  void begin() { begun_ = stamp_now(); }
  const Packet* told(std::string_view host, const Endpoint& client, const std::string& text) {
    return stage_.seen(fmt::format("{}:eth0", host), look_for::text(place_, client, text), begun_);
  }
  const Packet* said(std::string_view host, const Endpoint& client, const std::string& text) {
    return stage_.seen(fmt::format("{}:eth0", host), look_for::text(client, place_, text), begun_);
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
  // Where a host's program that was started last speaks from.
  Endpoint latest_socket(std::string_view host) {
    const auto& sockets = lab_.journal().stack_sockets();
    const auto found =
        std::find_if(sockets.rbegin(), sockets.rend(), [&](const auto& socket) { return socket.host == host; });
    if (found == sockets.rend()) throw std::logic_error(fmt::format("{} has no socket", host));
    return found->local;
  }

  void meet() {
    lab_.step("A and B register, one after the other: each gets the list at once, and A is told of B");
    begin();
    client_a_ = enter(lab_.opener("A"), "A", device("id-a", "Den", "run-a1"));
    a_ = latest_socket("A");
    Lab::require(a_knows({"run-a1"}), "A does not get its list");
    client_b_ = enter(power_of_b_.watch(lab_.opener("B")), "B", device("id-b", "Loft", "run-b1"));
    b_ = latest_socket("B");
    const bool both = a_knows({"run-a1", "run-b1"});
    const auto* asked = said("B", b_, "type:register;id:id-b");
    const auto* answered = told("B", b_, "type:list;devices:2");
    stage_.check("B's list comes at once, and A and B are on it",
                 asked != nullptr && answered != nullptr && answered->stamp - asked->stamp < period,
                 {asked, answered, told("B", b_, "added;id:id-a"), told("B", b_, "added;id:id-b")},
                 "it took as long as a period");
    const auto address = fmt::format("address:{}", b_.address);
    stage_.check("A is told of B, with the address that the registry sees", both, {told("A", a_, address)});
  }

  void change() {
    lab_.step("B changes its name from Loft to Attic");
    begin();
    client_b_->change("Attic", serving);
    const bool known = lab_.wait_until([&] { return client_a_->called("Attic").size() == 1; }, patience);
    stage_.check("A is told that the device is the same, and its name another", known,
                 {said("B", b_, "id:id-b;name:Attic"), told("A", a_, "changed;id:id-b;name:Attic;instance:run-b1")});
  }

  void lose_power() {
    lab_.step("B loses its power, which no packet tells, and starts again: the same id, another instance");
    begin();
    power_of_b_.fail(client_b_);
    client_b_ = enter(lab_.opener("B"), "B", device("id-b", "Attic", "run-b2"));
    b_again_ = latest_socket("B");
    const bool replaced = a_knows({"run-a1", "run-b2"});
    stage_.check("the registry asks the earlier run, and B's kernel knows nothing of it any more", true,
                 {said("B", b_again_, "instance:run-b2"), told("B", b_, "type:ask"),
                  stage_.seen("S:eth0", look_for::rst(b_, place_), begun_)});
    stage_.check("A is told of the new run, and that the other one is gone because it was restarted", replaced,
                 {told("A", a_, "added;id:id-b;name:Attic;instance:run-b2"),
                  told("A", a_, "removed;id:id-b;name:Attic;instance:run-b1"), told("A", a_, "why:restarted")},
                 "A knows other devices");
  }

  // C is a bare TCP client, because a device of the reference stack would not fall silent.
  void copy() {
    lab_.step("C was set up as a copy of A: the same id and the same name");
    begin();
    const auto twin = device("id-a", "Den", "run-c1");
    bare_c_ = std::make_unique<TcpClient>(lab_.loop(), lab_.opener("C"), any_port("C"), place_,
                                          TcpClient::Events{.on_connect = [this, twin] {
                                            const DeviceNumbers numbers(twin);
                                            bare_c_->send(encode_message("register", device_fields(twin, numbers)));
                                          }});
    c_ = latest_socket("C");
    const bool known = a_knows({"run-a1", "run-b2", "run-c1"});
    const auto* asked = told("A", a_, "type:ask");
    const auto* answer =
        stage_.seen("A:eth0", look_for::text(a_, place_, "type:alive"), asked == nullptr ? begun_ : asked->stamp);
    stage_.check("the registry asks A, which answers: so A is not C's earlier run, and both remain", known,
                 {said("C", c_, "id:id-a;name:Den;instance:run-c1"), asked, answer}, "A knows other devices");
    const auto called = client_a_->called("Den");
    stage_.check("two devices called Den are told apart by address and instance",
                 called.size() == 2 && called[0].endpoint() != called[1].endpoint(),
                 {told("A", a_, "added;id:id-a;name:Den;instance:run-c1")},
                 fmt::format("{} were found", called.size()));
  }

  void fall_silent() {
    lab_.step("C says nothing more; A and B say alive in each period of {} ms", period / 1ms);
    const bool removed = a_knows({"run-a1", "run-b2"});
    const auto* last = said("C", c_, "type:register");
    const auto* gone = told("A", a_, "why:silent");
    const bool late = last != nullptr && gone != nullptr && gone->stamp - last->stamp > 3 * period;
    stage_.check("C is removed when three periods have passed without a word from it", removed && late,
                 {last, gone, stage_.seen("C:eth0", look_for::rst(place_, c_), begun_)}, "it was removed too early");
    const auto alive = stage_.all_seen("S:eth0", look_for::text(a_, place_, "type:alive"), begun_);
    stage_.check("A said alive all the time, and stays", alive.size() >= 3, alive,
                 fmt::format("it said so {} times", alive.size()));
  }

  void restart_registry() {
    lab_.step("The registry ends; A and B try to come back after pauses that grow, and nobody listens");
    begin();
    registry_.reset();
    const auto refused = [&](const Endpoint& of) {
      const auto from = [&](const Packet&, const capture::Decoded& packet) {
        return packet.tcp() != nullptr && packet.tcp()->flags.syn && !packet.tcp()->flags.ack && packet.source() &&
               packet.source()->address == of.address;
      };
      return stage_.all_seen("S:eth0", from, begun_);
    };
    const bool tried = lab_.wait_until([&] { return refused(a_).size() >= refused_attempts; }, patience);
    const auto attempts = refused(a_);
    stage_.check("the pauses between A's attempts grow", tried && pauses_grow(attempts), attempts, "they do not grow");
    lab_.step("The registry is started again, and knows nothing; A and B register by themselves");
    begin();
    open_registry();
    const bool back = a_knows({"run-a1", "run-b2"});
    stage_.check("after that all is as it was", back && registry_->stats().registered == 2,
                 {stage_.seen("S:eth0", from_host("A", "instance:run-a1"), begun_),
                  stage_.seen("S:eth0", from_host("B", "instance:run-b2"), begun_)},
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
    lab_.step("B leaves, and A is told at once");
    begin();
    client_b_->stop();
    stage_.check("A is told that B left by itself", a_knows({"run-a1"}),
                 {stage_.seen("S:eth0", from_host("B", "type:leave"), begun_),
                  stage_.seen("S:eth0", from_host("S", "why:left"), begun_)},
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
  Endpoint place_, a_, b_, c_, b_again_;
  std::unique_ptr<Registry> registry_;
  Power power_of_b_;
  Client client_a_, client_b_;
  std::unique_ptr<TcpClient> bare_c_;
  Stamp begun_{};
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
      .topology = topology,
      .play = play};
}

}  // namespace wirelab::scenarios
