// ping: echo requests made by hand, beside a framed conversation of the reference stack.
//
//            left 10.0.1.0/24          right 10.0.2.0/24, MTU 1400
//     A ─────────────────────── R ─────────────────────────────── S
//     .1                     .2   .1                             .2
//     requests made by hand     forwards                         its kernel answers
//     reference client                                           reference echo service
#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/net/counters.hpp"
#include "lab/services/ports.hpp"
#include "raw/patch.hpp"
#include "raw/pinger.hpp"
#include "raw/udp_probe.hpp"
#include "scenarios/conversation.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;
using raw::Layer;
using raw::Pinger;
using raw::ReplyKind;

constexpr Duration patience = 1s;  // far above what any answer in a lab takes
constexpr Port closed_port{9};
constexpr std::uint32_t narrow_mtu = 1400;
constexpr std::uint32_t usual_mtu = 1500;
constexpr std::string_view at_a = "A:eth0", at_s = "S:eth0";

std::size_t headers_size(bool ipv6) {
  return (ipv6 ? raw::ipv6_header_size : raw::ipv4_header_size) + raw::icmp_header_size;
}

Topology topology(const Settings& settings) {
  const auto largest = narrow_mtu - headers_size(settings.ipv6);
  if (settings.size > largest)
    throw BadInput(fmt::format("--size {} does not fit the link between R and S, whose MTU is {}\nit takes 0 to {}",
                               settings.size, narrow_mtu, largest));
  Topology net;
  const auto left = add_lan(net, "left", 1, settings);
  const auto right = add_lan(net, "right", 2, settings, {.mtu = narrow_mtu});
  net.host("A", left);
  net.router("R", {left, right});
  net.host("S", right);
  return net;
}

// Who takes part: A sends by hand, R forwards, S's kernel answers.
struct Cast {
  explicit Cast(Stage& the_stage)
      : stage(the_stage),
        a(stage.address_of("A")),
        r(stage.address_of("R", "left")),
        s(stage.address_of("S")),
        place(raw::at(stage.lab, "A")) {}

  // To S. An identifier of its own tells its requests from all others.
  [[nodiscard]] Pinger pinger(const Pinger::Options& options) const {
    return Pinger(place, s, stage.lab.random(), options);
  }

  Stage& stage;
  IpAddress a, r, s;
  raw::Place place;
};

void check_resolution(const Cast& cast) {
  auto& stage = cast.stage;
  stage.check(
      "A's kernel asks for R's link address and R answers", true,
      {stage.seen(at_a, look_for::resolution_request(cast.r)), stage.seen(at_a, look_for::resolution_reply(cast.r))});
}

// One request, and the packets that show it and its answer.
bool ask(Stage& stage, Pinger& pinger, std::uint16_t sequence, Evidence& evidence) {
  const auto since = stamp_now();
  pinger.send(sequence);
  const auto reply = pinger.reply_within(patience);
  const auto* request = stage.seen(at_a, look_for::echo_request(pinger.identifier(), sequence), since);
  const auto* answer = stage.seen(at_a, look_for::echo_reply(pinger.identifier(), sequence), since);
  evidence.insert(evidence.end(), {request, answer});
  if (!reply || request == nullptr || answer == nullptr) return false;
  stage.reply({.from = reply->from,
               .sequence = sequence,
               .ttl = reply->ttl,
               .rtt = answer->stamp - request->stamp,
               .by_capture = true});
  return reply->kind == ReplyKind::echo_reply && reply->sequence == sequence;
}

void echo(const Cast& cast, Layer layer, std::string_view socket, std::string_view division) {
  auto& stage = cast.stage;
  auto pinger = cast.pinger({.layer = layer, .size = stage.settings.size});
  stage.scene("A sends echo requests by {}: {}", socket, division);
  Evidence evidence;
  bool all = true;
  for (std::size_t n = 1; n <= stage.settings.count; ++n) {
    all = ask(stage, pinger, static_cast<std::uint16_t>(n), evidence) && all;
    if (n < stage.settings.count) stage.lab.wait_until([] { return false; }, stage.settings.interval);
  }
  stage.check(fmt::format("each request by {} is answered with its identifier {}, sequence and data", socket,
                          pinger.identifier()),
              all, std::move(evidence), "a request stayed without its answer");
}

void expire(const Cast& cast) {
  auto& stage = cast.stage;
  auto pinger = cast.pinger({.layer = Layer::network, .ttl = 1});
  stage.scene("A sends a request that may pass no router: its {} is 1", stage.settings.ipv6 ? "hop limit" : "TTL");
  pinger.send(1);
  const auto reply = pinger.reply_within(patience);
  stage.check("R discards it and says time exceeded, quoting it",
              reply && reply->kind == ReplyKind::time_exceeded && reply->from == cast.r,
              {stage.seen(at_a, look_for::echo_request(pinger.identifier(), 1)),
               stage.seen(at_a, look_for::error_for_echo(cast.r, pinger.identifier(), 1))},
              "no time exceeded came from R");
}

// That something does not come is proven by a right request behind it, whose answer does.
void spoil(const Cast& cast) {
  auto& stage = cast.stage;
  const std::string_view table = stage.settings.ipv6 ? "Icmp6" : "Icmp";
  const auto discarded = [&] { return kernel_counter(stage.lab.host("S"), table, "InCsumErrors"); };
  auto pinger = cast.pinger({.layer = Layer::network});
  const auto before = discarded();
  stage.scene("A sends a request with a wrong checksum, then a right one; R forwards both, since it reads IP only");
  pinger.send(1, raw::break_checksum);
  pinger.send(2);
  const auto reply = pinger.reply_within(patience);
  const auto* wrong = stage.seen(at_s, look_for::echo_request(pinger.identifier(), 1));
  stage.made_wrong(wrong);
  const auto* answer = stage.seen(at_a, look_for::echo_reply(pinger.identifier(), 2));
  const bool unanswered = stage.all_seen(at_s, look_for::echo_reply(pinger.identifier(), 1)).empty();
  stage.check("the request with the wrong checksum reaches S and gets no answer, the right one behind it does",
              reply && reply->sequence == 2 && unanswered, {wrong, answer}, "the answers do not fit");
  const auto counted = discarded() - before;
  // More than one if an emulated link makes copies.
  const auto arrived = stage.all_seen(at_s, look_for::echo_request(pinger.identifier(), 1)).size();
  stage.check(
      fmt::format("S's kernel counted it as discarded for its checksum ({} InCsumErrors: {} more)", table, counted),
      counted == arrived, {wrong}, "the counter says otherwise");
  if (wrong != nullptr)
    stage.suggest_filter(fmt::format("frame.packet_id == {}", wrong->id), "the wrong checksum on both links");
}

void knock(const Cast& cast) {
  auto& stage = cast.stage;
  raw::UdpProbe probe(cast.place, {cast.s, closed_port}, stage.lab.random());
  stage.scene("A sends a UDP datagram made by hand to S's port {}, where nobody listens", closed_port);
  probe.send();
  const auto reply = probe.reply_within(patience);
  stage.check("S's kernel says port unreachable, quoting the datagram",
              reply && reply->kind == ReplyKind::port_unreachable && reply->from == cast.s,
              {stage.seen(at_a, look_for::datagram({cast.a, probe.source()}, {cast.s, closed_port})),
               stage.seen(at_a, look_for::error_for_udp(cast.s, probe.source()))},
              "no port unreachable came from S");
}

void overfill(const Cast& cast) {
  auto& stage = cast.stage;
  const bool ipv6 = stage.settings.ipv6;
  auto pinger = cast.pinger({.layer = Layer::network, .size = usual_mtu - headers_size(ipv6)});
  stage.scene("A sends a request of {} bytes that must not be fragmented; the link behind R carries {}", usual_mtu,
              narrow_mtu);
  pinger.send(1);
  const auto reply = pinger.reply_within(patience);
  stage.check(
      fmt::format("R says {} and names the MTU {}", ipv6 ? "packet too big" : "fragmentation needed", narrow_mtu),
      reply && reply->kind == ReplyKind::too_big && reply->mtu == narrow_mtu && reply->from == cast.r,
      {stage.seen(at_a, look_for::echo_request(pinger.identifier(), 1)),
       stage.seen(at_a, look_for::error_for_echo(cast.r, pinger.identifier(), 1))},
      fmt::format("no such error came from R, or its MTU is not {}", narrow_mtu));
}

void play(Stage& stage) {
  stage.suggest_filter("icmp || icmpv6", "the requests made by hand and what answers them");
  stage.suggest_filter("frame.comment contains \"origin: raw\"", "only what was forged");
  const Cast cast(stage);
  stage.scene("A's reference client begins a framed conversation with S; first A's kernel asks who has R's address");
  Conversation conversation(stage, "A", "S");  // goes on beside what follows
  check_resolution(cast);
  echo(cast, Layer::transport, "a raw ICMP socket", "the kernel adds the IP and the Ethernet header");
  echo(cast, Layer::ethernet, "a packet socket", "the Ethernet frame is made here to the last byte, ARP included");
  expire(cast);
  spoil(cast);
  knock(cast);
  overfill(cast);
  stage.scene("The framed conversation ends");
  conversation.finish();
  stage.suggest_filter(fmt::format("tcp.port == {0} || udp.port == {0}", echo_port), "the framed conversation");
}

}  // namespace

Scenario ping_scenario() {
  return {.name = "ping",
          .teaches = "ICMP echo by hand: what answers, what does not, and who made each packet",
          .explanation = explained(
              "three",
              "A sends, by hand: ICMP echo requests through a raw ICMP socket, and as whole Ethernet frames\n"
              "through a packet socket (with its own ARP); one that may pass no router, one with a wrong\n"
              "checksum, one too large for the second link; a UDP datagram to a closed port. The kernels of R\n"
              "and S answer. Meanwhile A and S exchange framed messages over TCP and UDP through the\n"
              "reference stack."),
          .choices = {{"count", "echo requests of each kind"},
                      {"size", "bytes of payload of each"},
                      {"interval", "between them, in milliseconds"},
                      over_ipv6},
          .over_bad_links = true,
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
