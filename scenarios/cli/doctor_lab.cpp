#include "scenarios/cli/doctor_lab.hpp"

#include <chrono>
#include <optional>
#include <random>

#include <fmt/format.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "capture/tap.hpp"
#include "lab/base/error.hpp"
#include "lab/lab.hpp"
#include "lab/net/lab_root.hpp"
#include "lab/net/netlink.hpp"
#include "lab/net/nft.hpp"
#include "raw/pinger.hpp"
#include "scenarios/cli/doctor_sockets.hpp"

namespace wirelab::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto section = "private network";
constexpr unsigned loopback_index = 1;

Topology two_hosts(std::initializer_list<std::string_view> prefixes) {
  Topology net;
  const auto lan = net.lan("lan", prefixes);
  net.host("A", lan);
  net.host("S", lan);
  return net;
}

std::string become_root() {
  const bool root = ::geteuid() == 0;
  become_lab_root();
  return root ? "a network namespace, as root" : fmt::format("user and network namespace, as uid {}", ::getuid());
}

std::string build(std::optional<Lab>& lab) {
  const auto start = std::chrono::steady_clock::now();
  lab.emplace(two_hosts({"10.0.0.0/24"}));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return fmt::format("two namespaces, veth pairs and a bridge, settled in {:.1f} ms", took.count());
}

raw::Reply ping(Lab& lab, raw::Layer layer) {
  raw::Pinger pinger(raw::at(lab, "A"), lab.address_of("S"), lab.random(), {.layer = layer});
  pinger.send(1);
  const auto reply = pinger.reply_within(1s);
  if (!reply) throw Missing("it opens, but no echo reply came within a second");
  return *reply;
}

std::string ping_in_words(Lab& lab, raw::Layer layer) {
  (void)ping(lab, layer);
  return "an echo request made by hand was answered";
}

std::string look_at_clock(Lab& lab) {
  const auto reply = ping(lab, raw::Layer::transport);
  if (reply.received < reply.sent || reply.received > stamp_now()) throw Missing("the stamps are not of this moment");
  return fmt::format("in nanoseconds: the echo reply came after {:.1f} us",
                     static_cast<double>(reply.rtt().count()) / 1e3);
}

std::string capture_ping(Lab& lab) {
  capture::Tap tap(lab.host("A"), "eth0", 0, {});
  (void)ping(lab, raw::Layer::transport);
  std::size_t seen = 0;
  bool fine = false;
  tap.drain([&](const capture::PacketView& packet) {
    ++seen;
    fine = fine || packet.stamp.time_since_epoch().count() % 1000 != 0;
  });
  if (seen < 2) throw Missing(fmt::format("it opens, but saw {} packets of an echo and its reply", seen));
  return fmt::format("saw an echo and its reply, with stamps in {}", fine ? "nanoseconds" : "microseconds");
}

std::string translate(const Lab& lab) {
  apply_ruleset(lab.host("A"),
                "table ip doctor { chain out { type nat hook postrouting priority srcnat; oifname \"eth0\" masquerade "
                "random; }; }");
  return "a masquerading ruleset was loaded and goes with its namespace";
}

std::string queue_with_netem() {
  Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, "put netem on the loopback interface");
  auto& header = request.header<tcmsg>();
  header.tcm_ifindex = static_cast<int>(loopback_index);
  header.tcm_parent = TC_H_ROOT;
  request.put_text(TCA_KIND, "netem");
  // Latency, packet limit, loss, gap, duplicate and jitter: all none but the limit.
  const tc_netem_qopt options{.latency = 0, .limit = 1000, .loss = 0, .gap = 0, .duplicate = 0, .jitter = 0};
  request.put(TCA_OPTIONS, {reinterpret_cast<const std::uint8_t*>(&options), sizeof options});
  Netlink netlink;
  netlink.add(request);
  netlink.flush();
  return "this kernel has it";
}

void examine_hosts(const Report& report, Lab& lab) {
  try_out(report,
          {.section = section, .what = "raw ICMP socket", .todo = "run with sudo", .otherwise = ExitCode::denied},
          [&] { return ping_in_words(lab, raw::Layer::transport); });
  try_out(report,
          {.section = section,
           .what = "AF_PACKET, whole frames",
           .todo = "a kernel with CONFIG_PACKET",
           .otherwise = ExitCode::missing},
          [&] { return ping_in_words(lab, raw::Layer::ethernet); });
  try_out(report, {.section = section, .what = "kernel timestamps", .otherwise = ExitCode::missing},
          [&] { return look_at_clock(lab); });
  try_out(report,
          {.section = section,
           .what = "capture by libpcap",
           .todo = "a kernel with CONFIG_PACKET_MMAP",
           .otherwise = ExitCode::missing},
          [&] { return capture_ping(lab); });
  try_out(report,
          {.section = section,
           .what = "nftables NAT",
           .todo = "a kernel with nf_tables, nft_nat and nft_masq (modprobe nft_masq); all but the NAT scenarios run"},
          [&] { return translate(lab); });
}

}  // namespace

void examine_lab(const Report& report) {
  bool root = false;
  try_out(report, {.section = section, .what = "namespaces", .otherwise = ExitCode::denied}, [&] {
    auto seen = become_root();
    root = true;
    return seen;
  });
  if (root) {
    std::optional<Lab> lab;
    try_out(report,
            {.section = section,
             .what = "two hosts",
             .todo = "a kernel with veth and bridge (modprobe veth bridge)",
             .otherwise = ExitCode::missing},
            [&] { return build(lab); });
    if (lab) examine_hosts(report, *lab);
    try_out(report, {.section = section, .what = "IPv6", .todo = "a kernel with IPv6; the scenarios without it run"},
            [] {
              const Lab with_ipv6(two_hosts({"10.0.0.0/24", "fd00::/64"}));
              return std::string("two hosts with IPv6 addresses, settled");
            });
    try_out(report, {.section = section, .what = "netem", .todo = "no scenario needs it"}, queue_with_netem);
  }
  examine_sockets(report);
}

}  // namespace wirelab::cli
