// wirelab ping: echo requests made by hand, in the default lab or on an interface of this machine.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <netdb.h>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "capture/decode.hpp"
#include "capture/output_file.hpp"
#include "capture/tap.hpp"
#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/net/lab_root.hpp"
#include "raw/interface.hpp"
#include "raw/pinger.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/lab_options.hpp"
#include "scenarios/cli/narrator.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::cli {
namespace {

constexpr double most_patience = 60'000;  // ms
constexpr Duration usual_interval_in_lab = std::chrono::milliseconds(20);
constexpr Duration usual_interval = std::chrono::seconds(1);
// What comes faster is a flood, and floods exist in a lab only.
constexpr Duration least_interval = std::chrono::milliseconds(10);
constexpr Duration time_for_the_tap = std::chrono::milliseconds(200);

struct Plan {
  std::string target;
  std::size_t count = 0;
  std::size_t size = 0;
  Duration interval{};
  Duration patience{};
  Lab::Options loop;
};

Plan plan_of(const Invocation& call, bool on_interface) {
  const auto settings = settings_of(call.values);
  Plan plan{.target = call.arguments[0],
            .count = settings.count,
            .size = settings.size,
            .interval = on_interface ? usual_interval : usual_interval_in_lab,
            .patience = {},
            .loop = lab_options(call.values)};
  if (!call.values["interval"].defaulted()) plan.interval = settings.interval;
  if (on_interface && plan.interval < least_interval)
    throw BadInput("--interval below 10 ms would be a flood\nfloods are played in a lab only: leave --interface out");
  const auto patience = call.values["timeout"].as<double>();
  if (!std::isfinite(patience) || patience <= 0 || patience > most_patience)
    throw BadInput(
        fmt::format("--timeout {} is out of range\nit takes up to {} milliseconds", patience, most_patience));
  plan.patience = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(patience));
  return plan;
}

// The tap's own stamps of echo messages, and the trace, if one was asked for.
class Observer {
 public:
  Observer(Selector& loop, capture::Tap tap, const std::string& file) : loop_(loop), tap_(std::move(tap)) {
    if (!file.empty()) open(file);
    token_ = loop_.add(tap_.fd(), {.read = true}, [this](Ready) { tap_.read(sink_); });
  }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  ~Observer() { loop_.remove(token_); }

  // From the request's stamp to the reply's; nothing if the tap does not show both in time.
  std::optional<Duration> rtt(std::uint16_t identifier, std::uint16_t sequence) {
    const std::pair key{identifier, sequence};
    if (!loop_.run_until([&] { return requests_.contains(key) && replies_.contains(key); }, time_for_the_tap))
      return {};
    const auto taken = replies_.extract(key).mapped() - requests_.extract(key).mapped();
    return taken;
  }

  void finish() {
    tap_.drain(sink_);
    if (!writer_) return;
    const std::vector statistics{tap_.statistics()};
    writer_->finish(statistics);
  }

 private:
  using Stamps = std::map<std::pair<std::uint16_t, std::uint16_t>, Stamp>;

  void open(const std::string& file) {
    file_.emplace(file);
    const capture::TraceInfo info{.comment = fmt::format("wirelab {}: ping", WIRELAB_VERSION), .taps = {tap_.info()}};
    writer_.emplace([this](ByteView bytes) { file_->write(bytes); }, info);
  }

  void see(const capture::PacketView& packet) {
    if (writer_) writer_->write(packet);
    const auto decoded = capture::decode(packet.bytes, tap_.info().link, packet.original_length);
    const auto* icmp = decoded.icmp();
    if (icmp == nullptr) return;
    const std::pair key{icmp->identifier, icmp->sequence};
    if (icmp->is_echo_request()) requests_.insert_or_assign(key, packet.stamp);
    if (icmp->is_echo_reply()) replies_.try_emplace(key, packet.stamp);
  }

  Selector& loop_;
  capture::Tap tap_;
  std::optional<capture::OutputFile> file_;
  std::optional<capture::PcapngWriter> writer_;
  capture::Tap::Sink sink_ = [this](const capture::PacketView& packet) { see(packet); };
  Selector::Token token_;
  Stamps requests_, replies_;
};

// One target, asked `count` times.
class Series {
 public:
  Series(const Output& output, const Plan& plan, const raw::Place& place, const IpAddress& target,
         std::mt19937_64& random, const std::string& interface)
      : output_(output),
        plan_(plan),
        loop_(place.loop),
        pinger_(place, target, random, {.interface = interface, .size = plan.size, .dont_fragment = false}) {}

  void play(Observer& observer) {
    for (std::size_t n = 1; n <= plan_.count; ++n) {
      // Sequence numbers wrap after 65535, as the field is that wide.
      const auto sequence = static_cast<std::uint16_t>(n);
      pinger_.send(sequence);
      ++sent_;
      if (const auto reply = pinger_.reply_within(plan_.patience)) tell(*reply, observer);
      if (n < plan_.count) loop_.run_until([] { return false; }, plan_.interval);
    }
    observer.finish();
  }

  ExitCode result() const {
    output_.line(fmt::format("{} sent, {} answered", sent_, answered_));
    output_.object({{"type", "result"},
                    {"target", plan_.target},
                    {"ok", answered_ > 0},
                    {"sent", sent_},
                    {"received", answered_}});
    return answered_ > 0 ? ExitCode::ok : ExitCode::no_answer;
  }

 private:
  void tell(const raw::Reply& reply, Observer& observer) {
    if (reply.kind != raw::ReplyKind::echo_reply) {
      output_.line(fmt::format("{} from {} for seq {}", raw::name_of(reply.kind), reply.from, reply.sequence));
      output_.object({{"type", "refusal"},
                      {"kind", raw::name_of(reply.kind)},
                      {"from", reply.from.to_string()},
                      {"sequence", reply.sequence}});
      return;
    }
    ++answered_;
    const auto rtt = observer.rtt(reply.identifier, reply.sequence);
    tell_reply(output_, {.from = reply.from,
                         .sequence = reply.sequence,
                         .ttl = reply.ttl,
                         .rtt = rtt.value_or(reply.rtt()),
                         .by_capture = rtt.has_value()});
  }

  const Output& output_;
  const Plan& plan_;
  Selector& loop_;
  raw::Pinger pinger_;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
};

IpAddress host_of_lab(const Lab& lab, const std::string& target, bool ipv6) {
  const auto literal = IpAddress::parse(target);
  for (const auto& node : lab.topology().nodes()) {
    for (const auto& interface : node.interfaces) {
      for (const auto& address : interface.addresses) {
        if (literal ? *literal == address : node.name == target && address.is_v6() == ipv6) return address;
      }
    }
  }
  throw BadInput(
      fmt::format("no host of the default lab is called '{0}'; it has A, R and S\n"
                  "a host of the real network: wirelab ping {0} --interface IF",
                  target));
}

std::string trace_file(const Invocation& call) {
  return call.values.contains("pcap") ? call.values["pcap"].as<std::string>() : "";
}

ExitCode ping_in_lab(const Invocation& call) {
  const auto plan = plan_of(call, false);
  const auto topology = scenarios::ping_scenario().topology({.ipv6 = call.values.contains("ipv6")});
  become_lab_root();
  Lab lab(topology, plan.loop);
  const auto target = host_of_lab(lab, plan.target, call.values.contains("ipv6"));
  Series series(call.output, plan, raw::at(lab, "A"), target, lab.random(), "");
  Observer observer(lab.loop(), capture::Tap(lab.host("A"), "eth0", 0, {}), trace_file(call));
  const Interrupt interrupt(lab.loop());
  series.play(observer);
  return series.result();
}

// An address, or a name that this machine's resolver knows.
IpAddress resolve(const std::string& target, bool ipv6) {
  if (const auto address = IpAddress::parse(target)) return *address;
  addrinfo hints{};
  hints.ai_family = ipv6 ? AF_INET6 : AF_INET;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(target.c_str(), nullptr, &hints, &found); error != 0)
    throw BadInput(fmt::format("'{}' does not resolve: {}\ngive an address instead", target, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  sockaddr_storage storage{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen, reinterpret_cast<char*>(&storage));
  return endpoint_from(storage).value().address;
}

ExitCode ping_on_interface(const Invocation& call) {
  const auto plan = plan_of(call, true);
  const auto interface = raw::interface_named(call.values["interface"].as<std::string>());
  const auto loop = Selector::make(plan.loop.poller);
  const auto place = raw::here(*loop);
  // Two pings of one machine must not take each other's replies, so they do not choose the same identifier.
  std::mt19937_64 random(call.values.contains("seed") ? plan.loop.seed : std::random_device()());
  const auto target = resolve(plan.target, call.values.contains("ipv6"));
  Series series(call.output, plan, place, target, random, interface.name);
  Observer observer(*loop, capture::Tap(interface.name, interface.mac, interface.mtu, {}), trace_file(call));
  const Interrupt interrupt(*loop);
  series.play(observer);
  return series.result();
}

ExitCode ping(const Invocation& call) {
  return call.values.contains("interface") ? ping_on_interface(call) : ping_in_lab(call);
}

po::options_description ping_options() {
  po::options_description options("Of the requests");
  options.add(story_options()).add(loop_options());
  auto add = options.add_options();
  add("interface", po::value<std::string>()->value_name("IF"),
      "an interface of this machine; without it a private lab is built");
  add("timeout", po::value<double>()->default_value(1000)->value_name("MS"), "how long an answer may take");
  add("pcap", po::value<std::string>()->value_name("FILE"), "keep the trace (pcapng)");
  return options;
}

}  // namespace

Command ping_command() {
  return {.name = "ping",
          .arguments = "TARGET",
          .summary = "echo requests made by hand, in the default lab or on --interface IF",
          .options = ping_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = ping};
}

}  // namespace wirelab::cli
