// What programs that nobody here wrote say about our files and packets, and we about theirs.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/capture_file.hpp"
#include "capture/describe.hpp"
#include "capture/output_file.hpp"
#include "capture/pcapng_writer.hpp"
#include "tests/capture/build_frame.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temp_dir.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* odd_packets = WIRELAB_TEST_DATA "/odd.pcap";
using Row = std::vector<std::string>;

Row split(const std::string& line, char separator) {
  Row cells;
  std::istringstream in(line + separator);
  for (std::string cell; std::getline(in, cell, separator);) cells.push_back(cell);
  return cells;
}

// The fields of each packet by tshark, without the settings of whoever runs the test.
std::vector<Row> tshark(const std::string& path, const std::string& options, const std::vector<std::string>& fields) {
  const TempDir settings;
  auto command = "XDG_CONFIG_HOME=" + settings.path().string() + " HOME=" + settings.path().string() + " tshark -r " +
                 path + " " + options + " -T fields -E separator=/t";
  for (const auto& field : fields) command += " -e " + field;
  const auto result = run_command(command + " 2>" + (settings / "errors"));
  std::ostringstream errors;
  errors << std::ifstream(settings / "errors").rdbuf();
  EXPECT_EQ(result.status, 0) << errors.str();
  EXPECT_THAT(errors.str(), testing::Not(HasSubstr("appears to")));
  std::vector<Row> rows;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) rows.push_back(split(line, '\t'));
  return rows;
}

class Tshark : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_installed("tshark")) GTEST_SKIP() << "tshark is not installed";
  }
};

TEST_F(Tshark, reads_what_the_writer_wrote) {
  const TempDir folder;
  const Below below{.source = "10.0.1.2", .destination = "10.0.2.2"};
  OutputFile file(folder / "trace.pcapng");
  PcapngWriter writer([&file](ByteView bytes) { file.write(bytes); },
                      {.comment = "ping, seed 1",
                       .application = "wirelab",
                       .taps = {{.name = "A:eth0"}, {.name = "S:eth0", .snap_length = 2048}},
                       .names = {{Ipv4(10, 0, 1, 2), "alice"}, {Ipv4(10, 0, 2, 2), "server"}}});
  const auto frame = echo_frame(below, true, 4660, 1);
  Packet packet{.tap = 1,
                .stamp = Stamp{1'700'000'000s + 123'456'789ns},
                .original_length = static_cast<std::uint32_t>(frame.size()),
                .bytes = frame,
                .direction = Direction::inbound,
                .id = 8,
                .origin = Origin::raw,
                .comments = {"A asks", "by hand"}};
  writer.write(packet);
  packet.tap = 0;
  packet.direction = Direction::outbound;
  writer.write(packet);
  const TapStatistics counts[] = {{.received = 5, .dropped = 3}, {}};
  writer.finish(counts);

  const auto rows = tshark(file.path(), "-N n",
                           {"frame.interface_name", "frame.packet_flags_direction", "frame.packet_id", "frame.comment",
                            "frame.time_epoch", "ip.src_host", "ip.dst_host", "frame.number"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0], ElementsAre("S:eth0", "0x00000001", "8", "origin: raw,A asks,by hand", "1700000000.123456789",
                                   "alice", "server", "1"));
  EXPECT_THAT(rows[1], ElementsAre("A:eth0", "0x00000002", "8", "origin: raw,A asks,by hand", "1700000000.123456789",
                                   "alice", "server", "2"));
  if (!is_installed("capinfos")) return;
  const auto about = run_command("capinfos " + file.path());
  EXPECT_EQ(about.status, 0);
  EXPECT_THAT(about.output, HasSubstr("ping, seed 1"));
}

// tshark's word for a checksum, as ours.
std::optional<Checksum::State> verdict(const std::string& status) {
  if (status == "0" || status == "4") return Checksum::wrong;  // 4: UDP over IPv6 without one
  if (status == "1") return Checksum::right;
  if (status == "3") return Checksum::absent;
  return std::nullopt;
}

Checksum of_transport(const Decoded& packet) {
  if (const auto* udp = packet.udp()) return udp->checksum;
  if (const auto* tcp = packet.tcp()) return tcp->checksum;
  if (const auto* icmp = packet.icmp()) return icmp->checksum;
  return {};
}

const Row field_names = {"ip.src",
                         "ip.dst",
                         "ip.ttl",
                         "ip.checksum.status",
                         "ipv6.src",
                         "ipv6.dst",
                         "ipv6.hlim",
                         "udp.srcport",
                         "udp.dstport",
                         "udp.checksum.status",
                         "tcp.srcport",
                         "tcp.dstport",
                         "tcp.checksum.status",
                         "icmp.checksum.status",
                         "icmpv6.checksum.status"};

// The fields of one packet by name.
class Fields {
 public:
  explicit Fields(const Row& row) : row_(row) {}
  std::string operator[](std::string_view name) const {
    const auto at =
        static_cast<std::size_t>(std::find(field_names.begin(), field_names.end(), name) - field_names.begin());
    return row_.at(at);
  }

 private:
  const Row& row_;
};

std::string checksum_field(const Decoded& packet) {
  if (packet.udp() != nullptr) return "udp.checksum.status";
  if (packet.tcp() != nullptr) return "tcp.checksum.status";
  return packet.ip->source.is_v6() ? "icmpv6.checksum.status" : "icmp.checksum.status";
}

void expect_same_fields(const Decoded& packet, const Fields& theirs) {
  const std::string ip = packet.ip->source.is_v6() ? "ipv6" : "ip";
  EXPECT_EQ(packet.ip->source.to_string(), theirs[ip + ".src"]);
  EXPECT_EQ(packet.ip->destination.to_string(), theirs[ip + ".dst"]);
  EXPECT_EQ(std::to_string(packet.ip->ttl), theirs[ip == "ip" ? "ip.ttl" : "ipv6.hlim"]);
  if (ip == "ip") {
    EXPECT_EQ(packet.ip->checksum.state, verdict(theirs["ip.checksum.status"]));
  }
  if (const auto source = packet.source()) {
    const std::string transport = packet.udp() != nullptr ? "udp" : "tcp";
    EXPECT_EQ(std::to_string(number(source->port)), theirs[transport + ".srcport"]);
    EXPECT_EQ(std::to_string(number(packet.destination()->port)), theirs[transport + ".dstport"]);
  }
}

TEST_F(Tshark, agrees_on_fields_and_checksums_of_the_odd_packets) {
  // Where it knows more: it follows a routing header to the last hop, and it flags a zero in a first fragment.
  const std::map<std::size_t, const char*> it_knows_more = {{69, "routing header"}, {70, "first fragment"}};
  const auto rows = tshark(odd_packets,
                           "-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "
                           "-o ip.defragment:FALSE -o ipv6.defragment:FALSE -E occurrence=f",
                           field_names);
  const auto file = load_capture(odd_packets);
  ASSERT_EQ(rows.size(), file.packets.size());
  std::size_t checksums = 0;
  for (const auto& packet : file.packets) {
    SCOPED_TRACE(packet.frame);
    const Fields theirs(rows[packet.frame - 1]);
    const auto decoded = decode(packet);
    if (!decoded.ip || theirs[decoded.ip->source.is_v6() ? "ipv6.src" : "ip.src"].empty()) continue;
    expect_same_fields(decoded, theirs);
    const auto checksum = verdict(theirs[checksum_field(decoded)]);
    if (!checksum || it_knows_more.contains(packet.frame)) continue;
    EXPECT_EQ(of_transport(decoded).state, *checksum);
    ++checksums;
  }
  EXPECT_GT(checksums, 40U);
}

TEST_F(Tshark, agrees_on_what_is_malformed) {
  const std::map<std::size_t, const char*> we_tell = {{15, "an ICMP error without the packet"},
                                                      {35, "TCP option of length 0"},
                                                      {36, "TCP option beyond the header"},
                                                      {37, "TCP option of a wrong length"},
                                                      {53, "a fragment beyond 65535"},
                                                      {54, "a fragment of 9 bytes that is not the last"},
                                                      {74, "an IPv6 payload length that lies: it warns"}};
  const std::map<std::size_t, const char*> it_tells = {{58, "spanning tree is not read here"},
                                                       {70, "UDP over IPv6 with a zero checksum, in a fragment"}};
  const auto rows = tshark(odd_packets, "-o ip.defragment:FALSE -o ipv6.defragment:FALSE -E occurrence=a",
                           {"_ws.malformed", "_ws.expert.severity"});
  const auto file = load_capture(odd_packets);
  ASSERT_EQ(rows.size(), file.packets.size());
  constexpr const char* severe = "8388608";
  for (const auto& packet : file.packets) {
    const auto& row = rows[packet.frame - 1];
    const auto decoded = decode(packet);
    const bool checksum =
        of_transport(decoded) == Checksum::wrong || (decoded.ip && decoded.ip->checksum == Checksum::wrong);
    const bool theirs = !row[0].empty() || row[1].find(severe) != std::string::npos;
    if (checksum) continue;  // an error for it too, and compared above
    const bool expected = (theirs || we_tell.contains(packet.frame)) && !it_tells.contains(packet.frame);
    EXPECT_EQ(decoded.malformed.has_value(), expected) << packet.frame << ": " << describe(decoded) << " / " << row[0];
  }
}

struct Rewriter {
  const char* program;
  const char* command;  // reads "IN", writes "OUT"
};
void PrintTo(const Rewriter& rewriter, std::ostream* out) { *out << rewriter.command; }

class Rewritten : public testing::TestWithParam<Rewriter> {};
INSTANTIATE_TEST_SUITE_P(By, Rewritten,
                         testing::Values(Rewriter{"tcpdump", "tcpdump -r IN -w OUT"},
                                         Rewriter{"tcpdump", "tcpdump --time-stamp-precision nano -r IN -w OUT"},
                                         Rewriter{"editcap", "editcap -F pcap IN OUT"},
                                         Rewriter{"editcap", "editcap -F nsecpcap IN OUT"},
                                         Rewriter{"editcap", "editcap -F pcapng IN OUT"},
                                         Rewriter{"tshark", "tshark -r IN -w OUT"}));

TEST_P(Rewritten, holds_the_same_packets) {
  if (!is_installed(GetParam().program)) GTEST_SKIP() << GetParam().program << " is not installed";
  const TempDir folder;
  const auto out = folder / "out";
  std::string command = GetParam().command;
  command.replace(command.find("IN"), 2, odd_packets);
  command.replace(command.find("OUT"), 3, out);
  ASSERT_EQ(run_command(command + " 2>/dev/null").status, 0);
  const auto ours = load_capture(odd_packets);
  const auto theirs = load_capture(out);
  EXPECT_FALSE(theirs.malformed);
  ASSERT_EQ(theirs.packets.size(), ours.packets.size());
  for (std::size_t i = 0; i < ours.packets.size(); ++i) {
    EXPECT_EQ(theirs.packets[i].bytes, ours.packets[i].bytes);
    EXPECT_EQ(theirs.packets[i].stamp, ours.packets[i].stamp);
  }
}

TEST(Dumpcap, a_file_of_its_own) {
  const auto file = load_capture(WIRELAB_TEST_DATA "/dumpcap.pcapng");
  EXPECT_FALSE(file.malformed);
  EXPECT_THAT(file.info.application, HasSubstr("Dumpcap"));
  ASSERT_EQ(file.info.taps.size(), 1U);
  EXPECT_EQ(file.info.taps[0].name, "lo");
  EXPECT_EQ(file.info.taps[0].description, "Loopback");
  EXPECT_EQ(file.info.taps[0].snap_length, 262144U);
  EXPECT_EQ(file.statistics.at(0).dropped, 0U);
  ASSERT_EQ(file.packets.size(), 4U);
  EXPECT_EQ(describe(decode(file.packets[1])),
            "127.0.0.1:4001 > 127.0.0.1:4000: UDP ttl 64 len 26 DF frame CL:7;type:message checksum offloaded");
  EXPECT_EQ(label(decode(file.packets[3])), "port unreachable (quoting UDP 4001 > 9)");
}

}  // namespace
}  // namespace wirelab::capture
