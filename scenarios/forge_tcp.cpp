// forge-tcp: TCP by hand, three times, beside the reference client that says the same.
//
//     lan 10.0.1.0/24
//     A ──────────────┬────────────── S
//     .1              │              .2
//     its kernel, the │              reference echo service
//     reference client│
//     the phantom ────┘
//     .9, on A's interface, owned by no kernel
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/net/counters.hpp"
#include "lab/net/nft.hpp"
#include "lab/services/echo.hpp"
#include "lab/services/ports.hpp"
#include "raw/borrowed_host.hpp"
#include "raw/phantom_host.hpp"
#include "raw/tcp_segment.hpp"
#include "scenarios/bare_client.hpp"
#include "scenarios/exchange.hpp"
#include "scenarios/forged_client.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/party.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using capture::Origin;
using capture::Tcp;
using raw::TcpEnd;

constexpr Duration patience = std::chrono::seconds(1);  // far above what any answer in a lab takes
constexpr Mac phantom_mac{{0x02, 0x66, 0, 0, 0, 9}};
constexpr Ipv4 phantom_address{10, 0, 1, 9};
constexpr std::size_t largest_content = 2800;  // bytes: with its header it fits two segments, whatever their options

Topology topology(const Settings& settings) {
  if (settings.size > largest_content)
    throw BadInput(
        fmt::format("--size {} does not fit two segments\nit takes 0 to {}", settings.size, largest_content));
  return one_lan(settings, {"A", "S"});
}

// Who takes part, and what every client says.
struct Cast {
  explicit Cast(Stage& the_stage)
      : stage(the_stage),
        lab(stage.lab),
        service{stage.address_of("S"), echo_port},
        a(stage.address_of("A").v4()),
        message(encode_frame({{"type", "message"}}, Bytes(stage.settings.size, '.'))) {
    stage.stay(std::make_unique<EchoServer>(lab.loop(), lab.opener("S"), service));
  }

  [[nodiscard]] Party party(const Endpoint& client) const { return {stage, "A", client, service}; }
  // Resets that A's kernel has made, whether or not they left.
  [[nodiscard]] std::uint64_t resets() const { return kernel_counter(lab.host("A"), "Tcp", "OutRsts"); }

  Stage& stage;
  Lab& lab;
  Endpoint service;
  Ipv4 a;
  Bytes message;
};

// A column of the comparison.
struct Column {
  std::string client;
  Endpoint own;
};

bool is_by(Origin origin, const capture::Packet* packet) { return packet != nullptr && packet->origin == origin; }

// Both FINs and the acknowledgement of S's, which is the last segment.
Evidence close_in_order(const Party& client) {
  const auto* fin = client.heard(look_for::is_fin);
  if (fin == nullptr) return {nullptr};
  const auto decoded = capture::decode(*fin);
  const auto next = decoded.tcp()->sequence + decoded.tcp()->length + 1;
  return {client.said(look_for::is_fin), fin,
          client.said([next](const Tcp& tcp) { return tcp.flags.ack && tcp.acknowledgement == next; })};
}

void check_close(const Cast& cast, ForgedClient& client, const Party& party) {
  client.tcp().close();
  const bool orderly = client.ends(TcpEnd::orderly);
  cast.stage.check("both close in order: a FIN from either side, and S's acknowledged", orderly, close_in_order(party),
                   client.state());
}

// The message, and its answer put together, whatever segments they came in.
void check_answer(const Cast& cast, ForgedClient& client, const Party& party) {
  const bool same = client.hears(cast.message.size()) && client.heard() == as_text(cast.message);
  const auto end = client.tcp().machine().receiver().next().number;
  const auto* last = party.heard([end](const Tcp& tcp) { return tcp.length > 0 && tcp.sequence + tcp.length == end; });
  const auto answer = cast.stage.all_seen("A:eth0", look_for::segment(cast.service, party.own()));
  cast.stage.check(fmt::format("S's framed answer, put together again, is the message: {} bytes in {} {}",
                               client.heard().size(), answer.size(), answer.size() == 1 ? "segment" : "segments"),
                   same, Evidence{party.said(look_for::has_data), last} + answer, client.state());
}

Column by_the_stack(const Cast& cast) {
  cast.stage.scene("A's reference client says a framed message of {} bytes to S's echo service, and closes",
                   cast.message.size());
  BareClient client(cast.lab, cast.lab.opener("A"), {cast.a, Port{}}, cast.service);
  const auto party = cast.party(latest_socket(cast.stage, "A"));
  client.say(as_text(cast.message));
  cast.lab.wait_until([&] { return client.heard().size() >= cast.message.size(); }, patience);
  cast.stage.check("the message comes back unchanged", client.heard() == as_text(cast.message),
                   {party.said(look_for::has_data), party.heard(look_for::has_data)},
                   fmt::format("{} bytes came back", client.heard().size()));
  client.close();
  cast.stage.check("both close in order: a FIN from either side, and S's acknowledged", true, close_in_order(party));
  return {"reference client", party.own()};
}

// A's kernel takes in S's SYN ACK as well, and has no socket that it belongs to (RFC 9293, 3.10.7.1).
Column from_a_address(const Cast& cast) {
  auto& stage = cast.stage;
  raw::BorrowedHost borrowed(raw::at(cast.lab, "A"), "eth0", cast.a);
  ForgedClient client(cast.lab, borrowed, cast.service);
  const auto party = cast.party(client.tcp().local());
  stage.scene("The same by hand, from A's own address: a SYN of which A's kernel knows nothing");
  client.tcp().connect();
  client.tcp().send(cast.message);  // as soon as it believes that the connection is open
  const bool reset = client.ends(TcpEnd::reset);
  const auto* kernels = party.said(look_for::is_rst);
  stage.check("S answers the SYN, and A's kernel kills the connection by a reset that nobody asked for",
              is_by(Origin::kernel, kernels),
              {party.said(look_for::is_syn), party.heard(look_for::is_syn_ack), kernels},
              "the reset is not the kernel's");
  const auto* refusal = party.heard(look_for::is_rst);
  stage.check("what is said after it finds no connection: S's kernel answers by a reset too",
              reset && is_by(Origin::kernel, refusal), {party.said(look_for::has_data), refusal}, client.state());
  stage.check_all("S's service says nothing to it", party.all(), look_for::segment(cast.service, party.own()));
  return {"A's address", party.own()};
}

// Resets of this one port are dropped on their way out, so that A's others still leave.
void silence(const Cast& cast, Port port) {
  apply_ruleset(cast.lab.host("A"), fmt::format("table ip silence {{ chain resets {{ type filter hook output priority "
                                                "0; tcp sport {} tcp flags & rst == rst drop; }}\n}}",
                                                port));
}

Column from_a_address_with_a_rule(const Cast& cast) {
  auto& stage = cast.stage;
  raw::BorrowedHost borrowed(raw::at(cast.lab, "A"), "eth0", cast.a);
  ForgedClient client(cast.lab, borrowed, cast.service);
  const auto party = cast.party(client.tcp().local());
  const auto before = cast.resets();
  stage.scene("Again from A's address, with a rule on A's output: tcp sport {} tcp flags & rst == rst drop",
              party.own().port);
  silence(cast, party.own().port);
  client.tcp().connect();
  stage.check("the connection opens", client.opens(), {party.said(look_for::is_syn), party.heard(look_for::is_syn_ack)},
              client.state());
  client.tcp().send(cast.message);
  check_answer(cast, client, party);
  check_close(cast, client, party);
  const auto made = cast.resets() - before;
  stage.check_count(fmt::format("A's kernel made {} resets meanwhile (Tcp OutRsts)", made), made > 0,
                    "its counter did not move");
  stage.check_all("and none of them is on the wire", party.all(),
                  look_for::tcp(party.own(), party.other(), look_for::is_rst));
  return {"A's, with a rule", party.own()};
}

// The octets that S says it holds beyond the gap (RFC 2018).
std::vector<raw::SequenceRange> held(const capture::Packet& packet) {
  const auto parsed = raw::parse_tcp(ByteView(packet.bytes).subspan(raw::ethernet_header_size));
  const auto* const arrival = std::get_if<raw::TcpArrival>(&parsed);
  return arrival == nullptr ? std::vector<raw::SequenceRange>{} : arrival->segment.options.sack;
}

// What the phantom says, the second half first.
void say_out_of_order(const Cast& cast, ForgedClient& client, const Party& party) {
  const auto half = cast.message.size() / 2;
  const raw::ForgedTcp::Part parts[] = {{half, cast.message.size() - half}, {0, half}};
  const auto first = client.tcp().machine().sender().nxt();
  const auto second = first + static_cast<std::uint32_t>(half);
  const auto end = first + static_cast<std::uint32_t>(cast.message.size());
  cast.stage.scene("The phantom says the message in two segments, octets {} to {} before octets 0 to {}", half,
                   cast.message.size() - 1, half - 1);
  Lab::require(client.tcp().send_pieces(cast.message, parts), "the connection takes no two segments");
  const auto begins = [](raw::Sequence at) {
    return [at](const Tcp& tcp) { return tcp.length > 0 && tcp.sequence == at.number; };
  };
  const auto acknowledges = [](raw::Sequence next) {
    return [next](const Tcp& tcp) { return tcp.acknowledgement == next.number; };
  };
  const auto* later = party.said(begins(second));
  const auto* complaint = party.heard(acknowledges(first));
  const auto* earlier = party.said(begins(first));
  const bool told = complaint != nullptr && held(*complaint) == std::vector{raw::SequenceRange{second, end}};
  cast.stage.check("S keeps the second half, says that it misses the first, and which octets it holds (SACK)", told,
                   {later, complaint}, "it does not say so");
  cast.stage.check("the first half fills the gap: S acknowledges both at once",
                   later != nullptr && earlier != nullptr && later->stamp < earlier->stamp,
                   {earlier, party.heard(acknowledges(end))}, "the halves were not sent in this order");
}

Column by_the_phantom(const Cast& cast) {
  auto& stage = cast.stage;
  raw::PhantomHost phantom(raw::at(cast.lab, "A"),
                           {.interface = "eth0", .mac = phantom_mac, .address = phantom_address});
  ForgedClient client(cast.lab, phantom, cast.service);
  const auto party = cast.party(client.tcp().local());
  const auto before = cast.resets();
  const auto began = stamp_now();
  stage.scene("The phantom connects: {} at {}, on A's interface, is no kernel's address", phantom_address, phantom_mac);
  client.tcp().connect();
  const bool open = client.opens();
  const auto* question = stage.seen("A:eth0", look_for::resolution_request(cast.service.address));
  stage.check("it asks for S's link address itself, since no kernel does that for it", is_by(Origin::raw, question),
              {question, stage.seen("A:eth0", look_for::resolution_reply(cast.service.address))}, "it did not ask");
  stage.check("the connection opens, every byte of it made by hand", open,
              {party.said(look_for::is_syn), party.heard(look_for::is_syn_ack)}, client.state());
  say_out_of_order(cast, client, party);
  check_answer(cast, client, party);
  check_close(cast, client, party);
  const auto all = stage.all_seen("A:eth0", look_for::between(party.own(), party.other()), began);
  stage.check_all("the phantom's segments are all forged, and nobody resets", all,
                  [&](const capture::Packet& packet, const capture::Decoded& decoded) {
                    return decoded.tcp()->flags.rst ||
                           (decoded.source() == party.own() && packet.origin != Origin::raw);
                  });
  stage.check_count("A's kernel made no reset meanwhile (Tcp OutRsts)", cast.resets() == before,
                    fmt::format("it made {}", cast.resets() - before));
  return {"phantom", party.own()};
}

void compare(const Cast& cast, const std::vector<Column>& columns) {
  std::vector<Exchange> exchanges;
  for (const auto& [client, own] : columns) {
    exchanges.push_back({client, own, cast.stage.all_seen("A:eth0", look_for::between(own, cast.service), Stamp{})});
    cast.stage.suggest_filter(fmt::format("ip.addr == {} && tcp.port == {}", own.address, own.port), client);
  }
  cast.stage.table(compared("What differs on the wire, at A:eth0", exchanges));
}

void play(Stage& stage) {
  stage.suggest_filter("tcp.flags.reset == 1", "the resets of kernels; their comments name the origin");
  const Cast cast(stage);
  std::vector<Column> columns;
  columns.push_back(by_the_stack(cast));
  columns.push_back(from_a_address(cast));
  columns.push_back(from_a_address_with_a_rule(cast));
  columns.push_back(by_the_phantom(cast));
  compare(cast, columns);
  stage.suggest_filter(fmt::format("eth.addr == {}", phantom_mac), "the phantom, its ARP included");
}

}  // namespace

Scenario forge_tcp_scenario() {
  return {.name = "forge-tcp",
          .teaches = "TCP by hand: the kernel's reset that kills it, a rule that stops the reset, a host of no kernel",
          .explanation = explained(
              "two",
              "A's client says a framed message to S's echo service by an ordinary socket. Then the same is made\n"
              "by hand, each packet of it: from A's own address, which A's kernel resets; again, with a packet\n"
              "filter rule in A that drops that reset; and from an address that no kernel owns, on A's interface,\n"
              "which answers ARP itself. A table compares what they put on the wire."),
          .choices = {{"size", "bytes of the message's content"}},
          .usual = {.size = 2000},
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
