// Taps and traces of a lab: nothing is missed, and what the trace says of a packet is so.
//
//   A ----- left ----- R ----- right ----- S
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "capture/capture_file.hpp"
#include "capture/ladder.hpp"
#include "capture/tap.hpp"
#include "capture/trace.hpp"
#include "lab/base/checksum.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/lab.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;

Topology ping_topology() {
  Topology net;
  const auto left = net.lan("left", {"10.0.1.0/24"});
  const auto right = net.lan("right", {"10.0.2.0/24"});
  net.host("A", left);
  net.host("S", right);
  net.router("R", {left, right});
  return net;
}

// A packet socket that sends whole frames on eth0 and tells the journal, if there is one.
class FrameSender {
 public:
  explicit FrameSender(const Host& host, Journal* journal = nullptr) : host_(host), journal_(journal) {
    fd_ =
        host.in([] { return UniqueFd(check_errno(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket")); });
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(host.interface("eth0").index);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    host.in([&] { check_errno(::bind(fd_.get(), generic, sizeof address), "bind a packet socket"); });
  }
  void send(ByteView frame) const {
    if (journal_ != nullptr) {
      journal_->forged(
          {.when = stamp_now(), .host = host_.name(), .layer = Journal::Layer::ethernet, .bytes = copy_of(frame)});
    }
    check_errno(static_cast<int>(::send(fd_.get(), frame.data(), frame.size(), 0)), "send a frame");
  }

 private:
  const Host& host_;
  Journal* journal_;
  UniqueFd fd_;
};

// An Ethernet frame of an experimental type (IEEE 802) that nobody answers.
Bytes experiment(const Mac& source, const Mac& destination, std::uint32_t number) {
  Bytes frame(60);
  std::copy_n(destination.bytes().begin(), Mac::size, frame.begin());
  std::copy_n(source.bytes().begin(), Mac::size, frame.begin() + 6);
  store_be16(&frame[12], 0x88B5);
  store_be32(&frame[14], number);
  return frame;
}

// A raw ICMP socket that tells the journal.
class EchoSender {
 public:
  EchoSender(Lab& lab, const Host& host) : lab_(lab), host_(host) {
    fd_ = host.in(
        [] { return UniqueFd(check_errno(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), "raw socket")); });
  }
  // Returns when: just before it was sent.
  Stamp send(const IpAddress& to, std::uint16_t sequence, int ttl = 64) {
    Bytes message = {8, 0, 0, 0, 0x12, 0x34, 0, 0, 'p', 'i', 'n', 'g'};
    store_be16(&message[6], sequence);
    store_be16(&message[2], internet_checksum(message));
    check_errno(::setsockopt(fd_.get(), IPPROTO_IP, IP_TTL, &ttl, sizeof ttl), "set the TTL");
    const auto when = stamp_now();
    lab_.journal().forged({.when = when,
                           .host = host_.name(),
                           .layer = Journal::Layer::transport,
                           .protocol = IPPROTO_ICMP,
                           .destination = to,
                           .bytes = message});
    const SocketAddress address({to, Port{}});
    const auto sent = ::sendto(fd_.get(), message.data(), message.size(), 0, address.data(), address.size());
    check_errno(static_cast<int>(sent), "send an echo request");
    return when;
  }

 private:
  Lab& lab_;
  const Host& host_;
  UniqueFd fd_;
};

Trace::Fits echo_reply(std::uint16_t sequence) {
  return [sequence](const Packet&, const Decoded& packet) {
    return packet.icmp() != nullptr && packet.icmp()->is_echo_reply() && packet.icmp()->sequence == sequence;
  };
}

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "wirelab-capture-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw_errno("make a temporary folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// A line a packet without ARP: tap, direction, origin, ICMP type or protocol; and the steps before it.
std::vector<std::string> story_of(const Trace& trace) {
  std::vector<std::string> story;
  for (const auto& packet : trace.packets()) {
    for (const auto& comment : packet.comments) story.push_back("* " + comment);
    const Decoded decoded = decode(packet);
    if (decoded.arp) continue;
    const auto what = decoded.icmp() != nullptr ? fmt::format("ICMP {}", decoded.icmp()->type)
                      : decoded.ip              ? fmt::format("protocol {}", decoded.ip->protocol)
                                                : "frame";
    story.push_back(fmt::format("{} {} {} {}", trace.info().taps[packet.tap].name, name_of(packet.direction),
                                name_of(packet.origin), what));
  }
  return story;
}

std::vector<std::uint64_t> ids_of(const Trace& trace, const std::function<bool(const Decoded&)>& which) {
  std::vector<std::uint64_t> ids;
  for (const auto& packet : trace.packets()) {
    if (which(decode(packet))) ids.push_back(packet.id);
  }
  return ids;
}

// What tshark prints, errors included, and its exit code.
std::pair<std::string, int> tshark(const std::string& arguments) {
  std::FILE* pipe = ::popen(("tshark " + arguments + " 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> part{};
  while (const auto size = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), size);
  return {text, ::pclose(pipe)};
}

class CaptureTest : public testing::Test {
 protected:
  Lab lab{ping_topology()};
  const Host& a = lab.host("A");
  const Host& s = lab.host("S");
  const Mac mac_a = a.interface("eth0").mac;
  Folder folder;
};

// A thousand taps, each opened anew, send a frame of their own at once: each has captured it.
TEST_F(CaptureTest, a_tap_is_ready_when_it_is_there) {
  constexpr std::uint32_t rounds = 25, at_once = 40;
  const auto sees_its_first = [&](std::uint32_t number) {
    const FrameSender sender(a);
    Tap tap(a, "eth0", 0, {.buffer = 512 << 10});
    sender.send(experiment(mac_a, Mac::broadcast(), number));
    bool seen = false;
    tap.drain([&](const PacketView& packet) {
      seen = seen || (packet.bytes.size() == 60 && load_be32(&packet.bytes[14]) == number);
    });
    return seen;
  };
  std::uint32_t seen = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    std::vector<std::future<bool>> taps;
    for (std::uint32_t n = 0; n < at_once; ++n) {
      taps.push_back(std::async(std::launch::async, sees_its_first, round * at_once + n));
    }
    for (auto& tap : taps) seen += tap.get() ? 1 : 0;
  }
  EXPECT_EQ(seen, rounds * at_once);
}

TEST_F(CaptureTest, a_tap_that_is_stopped_keeps_the_burst_before) {
  constexpr std::uint32_t bursts = 100, packets = 200;
  const FrameSender sender(a);
  Tap tap(a, "eth0", 0, {});
  for (std::uint32_t burst = 0; burst < bursts; ++burst) {
    for (std::uint32_t n = 0; n < packets; ++n) sender.send(experiment(mac_a, Mac::broadcast(), burst));
    std::uint32_t kept = 0;
    tap.drain([&](const PacketView& packet) { kept += load_be32(&packet.bytes[14]) == burst ? 1 : 0; });
    ASSERT_EQ(kept, packets) << "burst " << burst;
  }
  const auto statistics = tap.statistics();
  EXPECT_EQ(statistics.received, bursts * packets);
  EXPECT_EQ(statistics.dropped, 0U);
}

TEST_F(CaptureTest, a_full_ring_is_reported) {
  const FrameSender sender(a);
  Tap tap(a, "eth0", 0, {.buffer = 512 << 10});
  constexpr std::uint32_t many = 20'000;
  for (std::uint32_t n = 0; n < many; ++n) sender.send(experiment(mac_a, Mac::broadcast(), n));
  std::uint32_t kept = 0;
  tap.drain([&](const PacketView&) { ++kept; });
  const auto statistics = tap.statistics();
  EXPECT_LT(kept, many);
  EXPECT_EQ(statistics.received, many);
  EXPECT_EQ(kept + *statistics.dropped, many);
}

TEST_F(CaptureTest, what_there_was_no_time_to_read_is_reported) {
  const FrameSender sender(a);
  Tap tap(a, "eth0", 0, {.patience = 0ms});
  constexpr std::uint32_t many = 20, in_time = 7;
  for (std::uint32_t n = 0; n < many; ++n) sender.send(experiment(mac_a, Mac::broadcast(), n));
  EXPECT_EQ(tap.statistics().dropped, 0U) << "they wait";
  std::uint32_t kept = 0;
  const Tap::Sink sink = [&](const PacketView&) { ++kept; };
  ASSERT_EQ(tap.read(sink, in_time), in_time);
  tap.drain(sink);
  EXPECT_EQ(kept, in_time);
  EXPECT_EQ(tap.statistics().received, many);
  EXPECT_EQ(tap.statistics().dropped, many - in_time);
}

TEST_F(CaptureTest, a_tap_needs_an_interface) {
  EXPECT_THROW(a.in([&] { return std::make_unique<Tap>("eth7", mac_a, 1500, Tap::Options{}); }), BadInput);
}

TEST_F(CaptureTest, all_taps_see_each_link) {
  Topology net = ping_topology();
  const auto between = net.link("between", {"10.0.3.0/30"});
  const auto far = net.lan("far", {"10.0.4.0/24"});
  net.router("R2", {far, between});
  net.router("R3", {between});
  net.host("B", far);
  Lab larger(std::move(net));
  Trace trace(larger);
  trace.add_all_taps();
  trace.start();
  std::vector<std::string> names;
  for (const auto& tap : trace.info().taps) names.push_back(tap.name);
  EXPECT_THAT(names, ElementsAre("A:eth0", "S:eth0", "R2:eth1", "B:eth0"));
}

TEST_F(CaptureTest, tells_a_ping_as_it_was) {
  Trace trace(lab, {.merged = folder.file("ping.pcapng"),
                    .folder = folder.file("taps"),
                    .application = "capture_test",
                    .comment = "scenario: ping"});
  trace.add_all_taps();
  trace.start();
  EchoSender sender(lab, a);

  lab.step("A sends an echo request made by hand");
  auto sent = sender.send(s.address(), 1);
  lab.step("S's kernel answers");
  const auto* reply = trace.await(echo_reply(1), 5s, sent);
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->origin, Origin::kernel);
  EXPECT_EQ(trace.await(echo_reply(2), 1ms, sent), nullptr);

  lab.step("A sends one that only gets as far as R");
  sent = sender.send(s.address(), 2, 1);
  lab.step("R says so");
  ASSERT_NE(trace.await([](const Packet&,
                           const Decoded& packet) { return packet.icmp() != nullptr && packet.icmp()->is_error(); },
                        5s, sent),
            nullptr);
  lab.step("That is all");
  trace.finish();
  EXPECT_EQ(trace.lost(), 0U);

  EXPECT_THAT(story_of(trace), ElementsAre("* A sends an echo request made by hand", "A:eth0 outbound raw ICMP 8",
                                           "S:eth0 inbound raw ICMP 8", "* S's kernel answers",
                                           "S:eth0 outbound kernel ICMP 0", "A:eth0 inbound kernel ICMP 0",
                                           "* A sends one that only gets as far as R", "A:eth0 outbound raw ICMP 8",
                                           "* R says so", "* then: That is all", "A:eth0 inbound kernel ICMP 11"));
  const auto ids = ids_of(trace, [](const Decoded& packet) { return packet.ip.has_value(); });
  ASSERT_EQ(ids.size(), 6U);
  EXPECT_EQ(ids[0], ids[1]) << "the request on both links";
  EXPECT_EQ(ids[2], ids[3]) << "the reply on both links";
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 4U) << "four packets";
  EXPECT_TRUE(std::ranges::is_sorted(trace.packets(), {}, &Packet::stamp));
  EXPECT_TRUE(std::ranges::is_sorted(trace.packets(), {}, &Packet::frame));
  EXPECT_EQ(trace.packets().back().frame, trace.packets().size());
}

TEST_F(CaptureTest, its_files_tell_the_same) {
  Trace trace(lab, {.merged = folder.file("all.pcapng"),
                    .folder = folder.file("taps"),
                    .application = "capture_test",
                    .comment = "scenario: ping"});
  trace.add_all_taps();
  trace.start();
  EchoSender sender(lab, a);
  lab.step("A sends an echo request made by hand");
  const auto sent = sender.send(s.address(), 1);
  ASSERT_NE(trace.await(echo_reply(1), 5s, sent), nullptr);

  const auto before = load_capture(folder.file("all.pcapng"));
  EXPECT_FALSE(before.malformed) << "readable while it is written";
  EXPECT_GE(before.packets.size() + 2, trace.packets().size());

  trace.finish();
  const auto file = load_capture(folder.file("all.pcapng"));
  EXPECT_FALSE(file.malformed);
  EXPECT_EQ(file.info.comment, "scenario: ping\nhosts: A, R, S");
  ASSERT_EQ(file.packets.size(), trace.packets().size());
  EXPECT_EQ(draw_ladder(file.info, pointers_to(file.packets), {}),
            draw_ladder(trace.info(), pointers_to(trace.packets()), {}));
  ASSERT_EQ(file.statistics.size(), 2U);
  EXPECT_EQ(file.statistics[0].dropped, 0U);

  const auto a_alone = load_capture(folder.file("taps/A-eth0.pcapng"));
  const auto s_alone = load_capture(folder.file("taps/S-eth0.pcapng"));
  EXPECT_EQ(a_alone.info.taps.at(0).name, "A:eth0");
  EXPECT_EQ(a_alone.packets.size() + s_alone.packets.size(), file.packets.size());
}

TEST_F(CaptureTest, tshark_reads_its_files_and_finds_every_checksum_right) {
  if (std::system("command -v tshark >/dev/null") != 0) GTEST_SKIP() << "tshark is not installed";  // NOLINT
  Trace trace(lab, {.merged = folder.file("all.pcapng"), .folder = folder.file("taps")});
  trace.add_all_taps();
  trace.start();
  const auto server = lab.opener("S")(Transport::udp, {s.address(), Port{7}});
  const auto client = lab.opener("A")(Transport::udp, {a.address(), Port{}});
  const SocketAddress to({s.address(), Port{7}});
  EchoSender sender(lab, a);
  lab.step("Echo and UDP");
  for (std::uint16_t n = 1; n <= 20; ++n) {
    ASSERT_GT(::sendto(client.get(), "hello", 5, 0, to.data(), to.size()), 0);
    const auto sent = sender.send(s.address(), n);
    ASSERT_NE(trace.await(echo_reply(n), 5s, sent), nullptr);
  }
  trace.finish();
  for (const auto* name : {"all.pcapng", "taps/A-eth0.pcapng", "taps/S-eth0.pcapng"}) {
    const auto [all, code] = tshark("-r " + folder.file(name) + " -T fields -e frame.number -e frame.comment");
    EXPECT_EQ(code, 0) << all;
    EXPECT_THAT(all, HasSubstr("origin: raw"));
    EXPECT_THAT(all, Not(HasSubstr("tshark"))) << "no complaint";
    const auto [wrong, again] = tshark(
        "-r " + folder.file(name) +
        " -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -Y '_ws.expert.severity >= 0x400000 || "
        "ip.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0' -T fields -e frame.number");
    EXPECT_EQ(again, 0);
    EXPECT_EQ(wrong.find_first_of("0123456789"), std::string::npos) << name << ": " << wrong;
  }
}

TEST_F(CaptureTest, knows_the_stacks_packets) {
  Trace trace(lab);
  trace.add_all_taps();
  trace.start();
  const auto server = lab.opener("S")(Transport::udp, {IpAddress(Ipv4()), Port{7}});
  const auto client = lab.opener("A")(Transport::udp, {a.address(), Port{}});
  const SocketAddress to({s.address(), Port{7}});
  ASSERT_GT(::sendto(client.get(), "hello", 5, 0, to.data(), to.size()), 0);
  trace.finish();
  EXPECT_THAT(story_of(trace), ElementsAre("A:eth0 outbound stack protocol 17", "S:eth0 inbound stack protocol 17"));
}

// A frame may carry any source; who sent it is known from the journal.
TEST_F(CaptureTest, tells_the_direction_of_frames_with_a_forged_source) {
  const auto other = lab.host("R").interface("eth0").mac;
  Trace trace(lab);
  trace.add_tap("A", "eth0");
  trace.add_tap("R", "eth0");
  trace.start();
  const FrameSender sender(a, &lab.journal());
  sender.send(experiment(mac_a, other, 1));
  sender.send(experiment(other, Mac::broadcast(), 2));
  trace.finish();
  EXPECT_THAT(story_of(trace), ElementsAre("A:eth0 outbound raw frame", "R:eth0 inbound raw frame",
                                           "A:eth0 outbound raw frame", "R:eth0 inbound raw frame"));
}

TEST_F(CaptureTest, a_trace_that_is_stopped_at_once_keeps_all) {
  constexpr std::uint32_t packets = 200;
  for (int round = 0; round < 10; ++round) {
    Trace trace(lab);
    trace.add_tap("A", "eth0");
    trace.start();
    const FrameSender sender(a);
    for (std::uint32_t n = 0; n < packets; ++n) sender.send(experiment(mac_a, Mac::broadcast(), n));
    trace.finish();
    ASSERT_EQ(trace.packets().size(), packets);
    EXPECT_EQ(trace.lost(), 0U);
  }
}

// A limit on file sizes stands for a full disk: what was written stays readable, and the trace goes on in memory.
TEST_F(CaptureTest, a_file_that_cannot_grow_is_told_once) {
  const rlimit before = [] {
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    return limit;
  }();
  ::signal(SIGXFSZ, SIG_IGN);
  Trace trace(lab, {.merged = folder.file("full.pcapng")});
  trace.add_tap("A", "eth0");
  trace.start();
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const FrameSender sender(a);
  for (std::uint32_t n = 0; n < 100; ++n) sender.send(experiment(mac_a, Mac::broadcast(), n));
  EXPECT_THROW((void)trace.await([](const Packet&, const Decoded&) { return false; }, 5s), std::system_error);
  trace.finish();
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(trace.packets().size(), 100U);
  EXPECT_FALSE(load_capture(folder.file("full.pcapng")).malformed);
}

TEST_F(CaptureTest, a_path_that_is_no_file_is_refused_before_the_start) {
  Trace trace(lab, {.merged = folder.file("")});
  trace.add_all_taps();
  EXPECT_THROW(trace.start(), BadInput);
}

}  // namespace
}  // namespace wirelab::capture
