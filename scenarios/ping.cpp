// ping: echo requests made by hand, beside a framed conversation of the reference stack.
//
//            left 10.0.1.0/24          right 10.0.2.0/24, MTU 1400
//     A ─────────────────────── R ─────────────────────────────── S
//     .1                     .2   .1                             .2
//     requests made by hand     forwards                         its kernel answers
//     reference client                                           reference echo service
#include <algorithm>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/net/counters.hpp"
#include "lab/services/echo.hpp"
#include "raw/patch.hpp"
#include "raw/pinger.hpp"
#include "raw/udp_probe.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;
using raw::Layer;
using raw::ReplyKind;

constexpr Duration patience = 1s;  // far above what any answer in a lab takes
constexpr Port echo_port{17017};
constexpr Port closed_port{9};
constexpr std::uint32_t narrow_mtu = 1400;
constexpr std::uint32_t usual_mtu = 1500;

std::size_t headers_size(bool ipv6) {
  return (ipv6 ? raw::ipv6_header_size : raw::ipv4_header_size) + raw::icmp_header_size;
}

Topology topology(const Settings& settings) {
  const auto largest = narrow_mtu - headers_size(settings.ipv6);
  if (settings.size > largest)
    throw BadInput(fmt::format("--size {} does not fit the link between R and S, whose MTU is {}\nit takes 0 to {}",
                               settings.size, narrow_mtu, largest));
  Topology net;
  const auto left = settings.ipv6 ? net.lan("left", {"10.0.1.0/24", "fd00:1::/64"}) : net.lan("left", {"10.0.1.0/24"});
  const auto right = settings.ipv6 ? net.lan("right", {"10.0.2.0/24", "fd00:2::/64"}, {.mtu = narrow_mtu})
                                   : net.lan("right", {"10.0.2.0/24"}, {.mtu = narrow_mtu});
  net.host("A", left);
  net.router("R", {left, right});
  net.host("S", right);
  return net;
}

// The address of a node on a segment, of the IP version that the story is played over.
IpAddress address_on(const Stage& stage, std::string_view node, std::string_view segment) {
  for (const auto& interface : stage.lab.host(node).interfaces()) {
    for (const auto& [address, prefix] : interface.addresses) {
      if (interface.segment == segment && address.is_v6() == stage.settings.ipv6) return address;
    }
  }
  throw std::logic_error(fmt::format("{} has no such address on {}", node, segment));
}

class Ping {
 public:
  explicit Ping(Stage& stage)
      : stage_(stage),
        lab_(stage.lab),
        a_(address_on(stage, "A", "left")),
        r_(address_on(stage, "R", "left")),
        s_(address_on(stage, "S", "right")),
        service_{s_, echo_port},
        place_(raw::at(lab_, "A")) {}

  void tell() {
    converse();
    echo(Layer::transport, "a raw ICMP socket", "the kernel adds the IP and the Ethernet header");
    echo(Layer::ethernet, "a packet socket", "the Ethernet frame is made here to the last byte, ARP included");
    expire();
    spoil();
    knock();
    overfill();
    finish_conversation();
    suggest_filters();
  }

 private:
  using Packet = capture::Packet;
  using Fits = capture::Trace::Fits;

  // What the trace shows on a tap since the last begin(): not older packets that look alike.
  const Packet* seen(const std::string& tap, const Fits& fits) {
    return stage_.trace.await(
        [&](const Packet& packet, const capture::Decoded& decoded) {
          return stage_.trace.info().taps[packet.tap].name == tap && fits(packet, decoded);
        },
        patience, begun_);
  }
  void begin() { begun_ = stamp_now(); }
  const Packet* seen_at_a(const Fits& fits) { return seen("A:eth0", fits); }
  const Packet* seen_at_s(const Fits& fits) { return seen("S:eth0", fits); }

  // Where A's reference client speaks from.
  [[nodiscard]] Endpoint client_socket(Transport transport) const {
    const auto& sockets = lab_.journal().stack_sockets();
    const auto found = std::ranges::find_if(
        sockets, [&](const auto& socket) { return socket.host == "A" && socket.transport == transport; });
    return found == sockets.end() ? Endpoint{} : found->local;
  }

  // Whether the trace shows such a packet so far.
  [[nodiscard]] bool shown(const Fits& fits) const {
    return std::ranges::any_of(stage_.trace.packets(),
                               [&](const Packet& packet) { return fits(packet, capture::decode(packet)); });
  }

  // The two hold it from here to the end, so that ordinary traffic stands beside the hand-made.
  void converse() {
    stage_.stay(std::make_unique<EchoServer>(lab_.loop(), lab_.opener("S"), service_));
    lab_.step("A's reference client begins a framed conversation with S; first A's kernel asks who has R's address");
    tcp_ = std::make_unique<EchoClient>(lab_.loop(), lab_.opener("A"), Transport::tcp, Endpoint{a_, Port{}}, service_);
    udp_ = std::make_unique<EchoClient>(lab_.loop(), lab_.opener("A"), Transport::udp, Endpoint{a_, Port{}}, service_);
    const auto* question = seen_at_a(look_for::resolution_request(r_));
    const auto* answer = seen_at_a(look_for::resolution_reply(r_));
    stage_.check(fmt::format("A's kernel asks for R's link address and R answers"), true, {question, answer});
    const bool talking = lab_.wait_until([&] { return tcp_->answered() > 0 && udp_->answered() > 0; }, patience);
    Lab::require(talking, "the reference echo service does not answer");
  }

  void echo(Layer layer, std::string_view socket, std::string_view division) {
    raw::Pinger pinger(place_, s_, lab_.random(), {.layer = layer, .size = stage_.settings.size});
    lab_.step("A sends echo requests by {}: {}", socket, division);
    Evidence evidence;
    bool all = true;
    for (std::size_t n = 1; n <= stage_.settings.count; ++n) {
      const auto sequence = static_cast<std::uint16_t>(n);
      begin();
      pinger.send(sequence);
      const auto reply = pinger.reply_within(patience);
      all = all && reply && reply->kind == ReplyKind::echo_reply && reply->sequence == sequence;
      const auto* request = seen_at_a(look_for::echo_request(pinger.identifier(), sequence));
      const auto* answer = seen_at_a(look_for::echo_reply(pinger.identifier(), sequence));
      evidence.insert(evidence.end(), {request, answer});
      if (reply && request != nullptr && answer != nullptr)
        stage_.reply({.from = reply->from,
                      .sequence = sequence,
                      .ttl = reply->ttl,
                      .rtt = answer->stamp - request->stamp,
                      .by_capture = true});
      if (n < stage_.settings.count) lab_.wait_until([] { return false; }, stage_.settings.interval);
    }
    stage_.check(fmt::format("each request by {} is answered with its identifier {}, sequence and data", socket,
                             pinger.identifier()),
                 all, std::move(evidence), "a request stayed without its answer");
  }

  void expire() {
    raw::Pinger pinger(place_, s_, lab_.random(), {.layer = Layer::network, .ttl = 1});
    begin();
    lab_.step("A sends a request that may pass no router: its {} is 1", hop_limit());
    pinger.send(1);
    const auto reply = pinger.reply_within(patience);
    stage_.check(fmt::format("R discards it and says time exceeded, quoting it"),
                 reply && reply->kind == ReplyKind::time_exceeded && reply->from == r_,
                 {seen_at_a(look_for::echo_request(pinger.identifier(), 1)),
                  seen_at_a(look_for::error_for_echo(r_, pinger.identifier(), 1))},
                 "no time exceeded came from R");
  }

  // That something does not come is proven by a right request behind it, whose answer does.
  void spoil() {
    const auto discarded = [&] { return kernel_counter(lab_.host("S"), icmp_table(), "InCsumErrors"); };
    raw::Pinger pinger(place_, s_, lab_.random(), {.layer = Layer::network});
    const auto before = discarded();
    begin();
    lab_.step("A sends a request with a wrong checksum, then a right one; R forwards both, since it reads IP only");
    pinger.send(1, raw::break_checksum);
    pinger.send(2);
    const auto reply = pinger.reply_within(patience);
    const auto* arrived = seen_at_s(look_for::echo_request(pinger.identifier(), 1));
    spoiled_ = arrived;
    stage_.made_wrong(arrived);
    const auto* answer = seen_at_a(look_for::echo_reply(pinger.identifier(), 2));
    const auto counted = discarded() - before;
    stage_.check("the request with the wrong checksum reaches S and gets no answer, the right one behind it does",
                 reply && reply->sequence == 2 && !shown(look_for::echo_reply(pinger.identifier(), 1)),
                 {arrived, answer}, "the answers do not fit");
    stage_.check(fmt::format("S's kernel counted it as discarded for its checksum ({} InCsumErrors: {} more)",
                             icmp_table(), counted),
                 counted == 1, {arrived}, "the counter says otherwise");
  }

  void knock() {
    raw::UdpProbe probe(place_, {s_, closed_port}, lab_.random());
    begin();
    lab_.step("A sends a UDP datagram made by hand to S's port {}, where nobody listens", closed_port);
    probe.send();
    const auto reply = probe.reply_within(patience);
    stage_.check("S's kernel says port unreachable, quoting the datagram",
                 reply && reply->kind == ReplyKind::port_unreachable && reply->from == s_,
                 {seen_at_a(look_for::datagram({a_, probe.source()}, {s_, closed_port})),
                  seen_at_a(look_for::error_for_udp(s_, probe.source()))},
                 "no port unreachable came from S");
  }

  void overfill() {
    const auto size = usual_mtu - headers_size(stage_.settings.ipv6);
    raw::Pinger pinger(place_, s_, lab_.random(), {.layer = Layer::network, .size = size});
    begin();
    lab_.step("A sends a request of {} bytes that must not be fragmented; the link behind R carries {}", usual_mtu,
              narrow_mtu);
    pinger.send(1);
    const auto reply = pinger.reply_within(patience);
    stage_.check(fmt::format("R says {} and names the MTU {}", too_big(), narrow_mtu),
                 reply && reply->kind == ReplyKind::too_big && reply->mtu == narrow_mtu && reply->from == r_,
                 {seen_at_a(look_for::echo_request(pinger.identifier(), 1)),
                  seen_at_a(look_for::error_for_echo(r_, pinger.identifier(), 1))},
                 fmt::format("no such error came from R, or its MTU is not {}", narrow_mtu));
  }

  void finish_conversation() {
    lab_.step("The framed conversation ends");
    begin();
    for (auto* client : {tcp_.get(), udp_.get()}) client->stop();
    lab_.wait_until([&] { return tcp_->in_flight() == 0 && udp_->in_flight() == 0; }, patience);
    const auto tcp = client_socket(Transport::tcp);
    const auto udp = client_socket(Transport::udp);
    const Evidence ends{seen_at_a(look_for::fin(tcp, service_)), seen_at_a(look_for::fin(service_, tcp))};
    stage_.check("both sides end the TCP connection in order", true, ends);
    begun_ = {};  // the messages lie anywhere in the trace
    came_back("TCP", *tcp_, {seen_at_a(look_for::segment(tcp, service_)), seen_at_a(look_for::segment(service_, tcp))});
    came_back("UDP", *udp_,
              {seen_at_a(look_for::datagram(udp, service_)), seen_at_a(look_for::datagram(service_, udp))});
  }

  void came_back(std::string_view transport, const EchoClient& client, Evidence evidence) {
    stage_.check(
        fmt::format("all {} framed messages over {} came back unchanged", client.sent(), transport),
        client.sent() > 0 && client.sent() == client.answered() && client.errors() == 0, std::move(evidence),
        fmt::format("{} came back, with {} errors: {}", client.answered(), client.errors(), client.last_error()));
  }

  void suggest_filters() const {
    stage_.suggest_filter("icmp || icmpv6", "the requests made by hand and what answers them");
    stage_.suggest_filter("frame.comment contains \"origin: raw\"", "only what was forged");
    if (spoiled_ != nullptr)
      stage_.suggest_filter(fmt::format("frame.packet_id == {}", spoiled_->id), "the wrong checksum on both links");
    stage_.suggest_filter(fmt::format("tcp.port == {0} || udp.port == {0}", echo_port), "the framed conversation");
  }

  [[nodiscard]] std::string_view hop_limit() const { return stage_.settings.ipv6 ? "hop limit" : "TTL"; }
  [[nodiscard]] std::string_view icmp_table() const { return stage_.settings.ipv6 ? "Icmp6" : "Icmp"; }
  [[nodiscard]] std::string_view too_big() const {
    return stage_.settings.ipv6 ? "packet too big" : "fragmentation needed";
  }

  Stage& stage_;
  Lab& lab_;
  IpAddress a_, r_, s_;
  Endpoint service_;
  raw::Place place_;
  std::unique_ptr<EchoClient> tcp_, udp_;
  const Packet* spoiled_ = nullptr;
  Stamp begun_{};
};

void play(Stage& stage) { Ping(stage).tell(); }

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
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
