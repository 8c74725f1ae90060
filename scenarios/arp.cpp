// arp: questions, probes and announcements made by hand, and what each does to the neighbours' tables.
//
//     lan 10.0.1.0/28
//     A ────────────────┬──────────────── S          10.0.1.9: owned by no kernel
//     .1                │                .3
//     ARP by hand       B .2             its kernel answers
//     reference client  its kernel       reference echo service
#include "raw/arp.hpp"

#include <array>
#include <initializer_list>

#include <fmt/format.h>

#include "lab/net/neighbours.hpp"
#include "raw/arp_scan.hpp"
#include "raw/neighbour.hpp"
#include "raw/phantom_host.hpp"
#include "scenarios/arp_talk.hpp"
#include "scenarios/conversation.hpp"
#include "scenarios/knowledge.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;
using arp_talk::announcement;
using arp_talk::answers;
using arp_talk::gratuitous_reply;
using arp_talk::probe;
using arp_talk::reply;
using arp_talk::request;
using capture::Origin;
using capture::Packet;
using raw::Arp;
using raw::Identity;

constexpr Duration patience = 1s;  // far above what any answer in a lab takes
constexpr std::string_view at_a = "A:eth0", at_b = "B:eth0", at_s = "S:eth0";
constexpr Ipv4 nobodys_address(10, 0, 1, 9);
constexpr Mac nobodys_mac({0x02, 0x66, 0, 0, 0, 0x09});
constexpr Mac other_mac({0x02, 0x66, 0, 0, 0, 0x99});  // said to be that address' later

// So small that a scan of it can be read packet by packet.
Topology topology(const Settings& settings) {
  static_cast<void>(settings);
  Topology net;
  const auto lan = net.lan("lan", {"10.0.1.0/28"});
  for (const auto* host : {"A", "B", "S"}) net.host(host, lan);
  return net;
}

bool is_by(const Packet* packet, Origin origin) { return packet != nullptr && packet->origin == origin; }

// The fields of RFC 826 for Ethernet and IPv4, as they lie in a question and in its answer.
Table anatomy(const Packet& question, const Packet& answer) {
  struct Field {
    std::size_t from, size;
    const char* name;
  };
  constexpr std::array<Field, 12> fields{{{0, 6, "Ethernet: destination"},
                                          {6, 6, "Ethernet: source"},
                                          {12, 2, "Ethernet: type, ARP"},
                                          {14, 2, "hardware type, Ethernet"},
                                          {16, 2, "protocol type, IPv4"},
                                          {18, 1, "bytes of a hardware address"},
                                          {19, 1, "bytes of a protocol address"},
                                          {20, 2, "operation: 1 asks, 2 answers"},
                                          {22, 6, "sender's MAC"},
                                          {28, 4, "sender's IP address"},
                                          {32, 6, "target's MAC, unknown to who asks"},
                                          {38, 4, "target's IP address"}}};
  Table table{.title = fmt::format("The {} bytes of the question (frame {}) and of its answer (frame {})",
                                   question.bytes.size(), question.frame, answer.frame),
              .columns = {"from", "field", "question", "answer"},
              .rows = {}};
  const auto hex = [](const Packet& packet, const Field& field) {
    return to_hex(ByteView(packet.bytes).subspan(field.from, field.size), " ");
  };
  for (const auto& field : fields)
    table.rows.push_back({std::to_string(field.from), field.name, hex(question, field), hex(answer, field)});
  return table;
}

class ArpStory {
 public:
  explicit ArpStory(Stage& stage)
      : stage_(stage),
        a_(identity_of("A")),
        b_(identity_of("B")),
        s_(identity_of("S")),
        place_(raw::at(stage.lab, "A")),
        wire_(place_.open([&] { return raw::PacketSocket("eth0", place_.witness); })),
        asker_(place_, "eth0") {}

  void tell() {
    suggest_filters();
    stage_.scene("A's reference client begins a framed conversation with S; A's kernel asks for S, and is answered");
    Conversation conversation(stage_, "A", "S");  // goes on beside what follows
    resolve();
    probe_addresses();
    ask_as_nobody();
    tell_all(announcement({nobodys_address, other_mac}), "an announcement, a request that asks for its own sender",
             "announcement");
    tell_all(gratuitous_reply(nobody_), "a gratuitous reply, which nobody asked for", "gratuitous reply");
    tell_unasked();
    scan();
    stage_.scene("The framed conversation ends");
    conversation.finish();
    stage_.table(std::move(tables_));
  }

 private:
  [[nodiscard]] Identity identity_of(std::string_view host) const {
    return {stage_.address_of(host), stage_.lab.host(host).interface("eth0").mac};
  }
  [[nodiscard]] Knowledge knowledge(std::string_view host, const Identity& of) const {
    return {stage_.lab.host(host), of.address};
  }
  void send(const Arp& arp, const Mac& destination = Mac::broadcast()) { wire_.send(raw::arp_frame(arp, destination)); }
  void note(std::string_view sent, std::initializer_list<const Knowledge*> read) {
    for (const auto* each : read) tables_.rows.push_back(each->row(sent));
  }
  bool comes_to_know(const Knowledge& knowledge, const Mac& mac) {
    return stage_.lab.wait_until([&] { return knowledge.mac() == mac; }, patience);
  }
  // That nothing is learned from a frame is proven by a question behind it: whoever answers that has had its turn.
  const Packet* turn_of(const Identity& host) {
    asker_.ask(a_.address, host.address, patience);
    return stage_.seen(at_a, answers(request(a_, host.address)));
  }

  void resolve() {
    stage_.scene("A asks by hand who has B's address: a broadcast frame, made to the last byte");
    const auto asked_one = knowledge("B", a_), asker = knowledge("A", b_);
    const auto answer = asker_.ask(a_.address, b_.address, patience);
    const auto* question = stage_.seen(at_a, arp_talk::is(request(a_, b_.address)));
    const auto* said = stage_.seen(at_a, answers(request(a_, b_.address)));
    stage_.check("B's kernel answers the question that was made by hand, with B's MAC",
                 answer && answer->mac == b_.mac && is_by(question, Origin::raw) && is_by(said, Origin::kernel),
                 {question, said}, "no such answer came");
    stage_.check("B, who was asked, has learned where A is", comes_to_know(asked_one, a_.mac), {question},
                 "B's table does not have A");
    stage_.check("A's kernel, who did not ask, learns nothing from the answer", !asker.mac(), {said},
                 "A's table has B");
    note("request to B as A", {&asked_one, &asker});
    if (question != nullptr && said != nullptr) stage_.table(anatomy(*question, *said));
  }

  void probe_addresses() {
    stage_.scene("A probes by hand (RFC 5227) for {}, which is free, then for S's address, which is not",
                 nobodys_address);
    const auto of_taken = knowledge("S", nobody_), of_other = knowledge("B", nobody_);
    const auto free = probe(nobodys_mac, nobodys_address), taken = probe(nobodys_mac, s_.address);
    send(free);
    send(taken);
    const auto* answer = stage_.seen(at_a, answers(taken));
    const auto* turn = turn_of(b_);
    stage_.check("the probe for the free address gets no answer, the one for S's behind it does",
                 stage_.all_seen(at_a, answers(free)).empty(), {stage_.seen(at_s, arp_talk::is(free)), answer},
                 "somebody has the address");
    stage_.check("nobody learns anything from a probe: its sender is 0.0.0.0",
                 of_taken.is_unchanged() && of_other.is_unchanged() && !of_taken.mac(), {answer, turn},
                 "a table has changed");
    note("probes", {&of_taken, &of_other});
  }

  void ask_as_nobody() {
    stage_.scene("A asks by hand who has S's address, in the name of {} at {}", nobodys_address, nobodys_mac);
    const auto asked_one = knowledge("S", nobody_), overhearer = knowledge("B", nobody_);
    const auto question = request(nobody_, s_.address);
    send(question);
    stage_.check("S answers that MAC, and believes who asked", comes_to_know(asked_one, nobodys_mac),
                 {stage_.seen(at_a, arp_talk::is(question)), stage_.seen(at_a, answers(question))},
                 "S does not know it");
    const auto* turn = turn_of(b_);
    stage_.check("B hears the same question, and learns nothing: it was not asked", !overhearer.mac(),
                 {stage_.seen(at_b, arp_talk::is(question)), turn}, "B's table has the address");
    note("request to S as nobody", {&asked_one, &overhearer});
  }

  // What is told to everybody changes what is known, and adds nothing.
  void tell_all(const Arp& told, std::string_view what, std::string_view name) {
    stage_.scene("A tells everybody by hand that {} is at {}: {}", told.sender_ip, told.sender_mac, what);
    const auto knows = knowledge("S", nobody_), knows_not = knowledge("B", nobody_);
    send(told);
    stage_.check(fmt::format("S, who knows the address, believes the {} at once", name),
                 comes_to_know(knows, told.sender_mac), {stage_.seen(at_s, arp_talk::is(told))},
                 "S believes what it knew");
    const auto* turn = turn_of(b_);
    stage_.check(fmt::format("B, who does not know it, learns nothing from the {}", name), !knows_not.mac(),
                 {stage_.seen(at_b, arp_talk::is(told)), turn}, "B's table has the address");
    note(name, {&knows, &knows_not});
  }

  void tell_unasked() {
    stage_.scene("A tells B alone by hand where {} is: a reply without a question", nobodys_address);
    const auto told_one = knowledge("B", nobody_);
    const auto told = reply(nobody_, b_);
    send(told, b_.mac);
    const auto* turn = turn_of(b_);
    stage_.check("B, who did not ask, learns nothing from a reply either", !told_one.mac(),
                 {stage_.seen(at_b, arp_talk::is(told)), turn}, "B's table has the address");
    note("reply to B, unasked", {&told_one});
  }

  void scan() {
    const auto lan = stage_.lab.host("A").interface("eth0").addresses.front().prefix;
    stage_.scene("On B's interface a phantom host begins to answer for {}; A scans all of {} by hand", nobodys_address,
                 lan);
    const auto asker = knowledge("A", b_);
    const raw::PhantomHost phantom(raw::at(stage_.lab, "B"),
                                   {.interface = "eth0", .mac = nobodys_mac, .address = nobodys_address});
    const auto report = raw::arp_scan(place_, lan, {});
    Table table{.title = fmt::format("Who answered in {}", lan),
                .columns = {"address", "MAC", "who", "answered in frame"},
                .rows = {}};
    Evidence evidence;
    for (const auto& entry : report.entries) {
      evidence.push_back(stage_.seen(at_a, answers(request(a_, entry.address))));
      table.rows.push_back({entry.address.to_string(), entry.mac.to_string(), owner_of(entry.mac),
                            evidence.back() == nullptr ? "none" : std::to_string(evidence.back()->frame)});
    }
    stage_.check(fmt::format("of {} addresses B's, S's and the phantom's answer", report.probing.probes.size()),
                 found(report) == std::vector<Mac>{b_.mac, s_.mac, nobodys_mac}, std::move(evidence),
                 fmt::format("{} answered", report.entries.size()));
    stage_.check("the scan by hand leaves the table of A's kernel as it was", asker.is_unchanged(),
                 {stage_.seen(at_a, answers(request(a_, b_.address)))}, "A's table has B");
    stage_.table(std::move(table));
  }

  static std::vector<Mac> found(const raw::ArpScanReport& report) {
    std::vector<Mac> macs;
    for (const auto& entry : report.entries) macs.push_back(entry.mac);
    return macs;
  }
  [[nodiscard]] std::string owner_of(const Mac& mac) const {
    if (mac == b_.mac) return "B's kernel";
    if (mac == s_.mac) return "S's kernel";
    return mac == nobodys_mac ? "a phantom host" : "unknown";
  }

  void suggest_filters() const {
    stage_.suggest_filter("arp && frame.comment contains \"origin: raw\"", "the ARP packets made by hand");
    stage_.suggest_filter("arp.isprobe || arp.isgratuitous", "the probes, the announcement, the gratuitous reply");
    stage_.suggest_filter(fmt::format("arp.src.proto_ipv4 == {}", nobodys_address),
                          "all that is said in nobody's name");
    stage_.suggest_filter("arp.duplicate-address-detected", "Wireshark's own warning: two MACs for an address");
  }

  Stage& stage_;
  Identity a_, b_, s_;
  Identity nobody_{nobodys_address, nobodys_mac};
  raw::Place place_;
  raw::PacketSocket wire_;
  raw::NeighbourAsker asker_;
  Table tables_{.title = "What it did to the kernels' neighbour tables",
                .columns = {"sent by hand", "table of", "about", "before", "after"},
                .rows = {}};
};

void play(Stage& stage) { ArpStory(stage).tell(); }

}  // namespace

Scenario arp_scenario() {
  return {.name = "arp",
          .teaches = "ARP by hand: questions, probes and announcements, and what each does to neighbours' tables",
          .explanation = explained(
              "three",
              "A sends, by hand through a packet socket: a question for B's address; probes for a free address\n"
              "and for S's; a question, an announcement and two replies in the name of an address that no\n"
              "kernel owns; and a question for every address of the LAN. Before and after each the tables of\n"
              "the kernels are read. Meanwhile A and S exchange framed messages over TCP and UDP through the\n"
              "reference stack."),
          .choices = {},
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
