// TCP made by hand against the kernel's own:
//
//   A, and the phantom on its interface ---- left, 10.0.1.0/24 ---- R ---- right, 10.0.2.0/24 ---- S
#include "raw/forged_tcp.hpp"

#include <gmock/gmock.h>

#include "lab/net/nft.hpp"
#include "lab/services/echo.hpp"
#include "raw/borrowed_host.hpp"
#include "raw/phantom_host.hpp"
#include "raw/pinger.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

constexpr Mac phantom_mac{{0x02, 0x66, 0, 0, 0, 9}};
constexpr Ipv4 phantom_address{10, 0, 1, 9};
constexpr auto patience = 20s;  // for what takes several time-outs on a busy machine

class ForgedTcpWire : public testing::Test {
 protected:
  // A connection that remembers what it was told.
  struct Client {
    Client(Station& station, const Endpoint& server, Lab& lab, const TcpMachine::Options& options = {})
        : tcp(station, server, lab.random(),
              {.on_open = [this] { opened = true; },
               .on_data = [this](ByteView bytes) { data.insert(data.end(), bytes.begin(), bytes.end()); },
               .on_end = [this] { ended = true; },
               .on_close = [this](TcpEnd why) { end = why; }},
              options) {}
    bool opened = false, ended = false;
    Bytes data;
    std::optional<TcpEnd> end;
    ForgedTcp tcp;
  };

  [[nodiscard]] Endpoint at_s(Port port) const { return {lab.address_of("S"), port}; }
  bool comes(const std::function<bool()>& what) { return lab.wait_until(what, patience); }
  bool opens(Client& client) {
    client.tcp.connect();
    return comes([&] { return client.opened || client.end; }) && client.opened;
  }
  bool ends(Client& client, TcpEnd how) {
    return comes([&] { return client.end.has_value(); }) && client.end == how;
  }
  // A server of the reference stack in S that does what the test says.
  TcpServer server(TcpServer::Events events) {
    return TcpServer(lab.loop(), lab.opener("S"), at_s(Port{4000}), std::move(events), {});
  }

  Lab lab{routed()};
  PhantomHost phantom{at(lab, "A"), {.interface = "eth0", .mac = phantom_mac, .address = phantom_address}};
};

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 257);
  return bytes;
}

TEST_F(ForgedTcpWire, APhantomIsANeighbourThatAnswers) {
  Pinger ping(at(lab, "S"), phantom_address, lab.random());
  ping.send(1);
  const auto reply = ping.reply_within(patience);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, ReplyKind::echo_reply);
  EXPECT_EQ(reply->from, IpAddress(phantom_address));
  EXPECT_EQ(phantom.stats().arp_answered, 1U);
  EXPECT_EQ(phantom.stats().echo_answered, 1U);
}

TEST_F(ForgedTcpWire, AFramedMessageInTwoSegmentsOutOfOrderIsAnswered) {
  EchoServer echo(lab.loop(), lab.opener("S"), at_s(Port{4000}));
  // No time-out, however slow the machine: nothing is sent but what the test says.
  Client client(phantom, echo.local(), lab, {.rto = {.initial = patience, .least = patience}});
  ASSERT_TRUE(opens(client));
  const auto frame = encode_frame({{"type", "message"}}, as_bytes("made by hand"));
  const ForgedTcp::Part parts[] = {{10, frame.size() - 10}, {0, 10}};
  ASSERT_TRUE(client.tcp.send_pieces(frame, parts));
  ASSERT_TRUE(comes([&] { return client.data.size() >= frame.size(); }));
  EXPECT_EQ(client.data, frame);
  client.tcp.close();
  EXPECT_TRUE(ends(client, TcpEnd::orderly));
  EXPECT_EQ(client.tcp.machine().stats().retransmitted, 0U);
  // Every packet of the phantom was told to the journal as a frame.
  EXPECT_THAT(lab.journal().forged(), testing::Each(testing::Field(&Journal::Forged::layer, Layer::ethernet)));
  EXPECT_GT(lab.journal().forged().size(), client.tcp.machine().stats().sent) << "and the question by ARP";
}

TEST_F(ForgedTcpWire, TheServerMayCloseFirst) {
  std::optional<CloseCause> cause;
  TcpServer* closer = nullptr;
  auto once = server({.on_data = [&](auto id, ByteView) { closer->close(id); },
                      .on_close = [&](auto, CloseReason reason) { cause = reason.cause; }});
  closer = &once;
  Client client(phantom, once.local(), lab);
  ASSERT_TRUE(opens(client));
  client.tcp.send(as_bytes("end"));
  ASSERT_TRUE(comes([&] { return client.ended; }));
  client.tcp.close();
  EXPECT_TRUE(ends(client, TcpEnd::orderly));
  EXPECT_TRUE(comes([&] { return cause.has_value(); }));
}

TEST_F(ForgedTcpWire, AResetOfTheServerIsTold) {
  TcpServer* aborter = nullptr;
  auto rude = server({.on_data = [&](auto id, ByteView) { aborter->abort(id); }});
  aborter = &rude;
  Client client(phantom, rude.local(), lab);
  ASSERT_TRUE(opens(client));
  client.tcp.send(as_bytes("reset me"));
  EXPECT_TRUE(ends(client, TcpEnd::reset));
}

TEST_F(ForgedTcpWire, OurResetIsBelieved) {
  std::optional<CloseReason> reason;
  auto victim = server({.on_close = [&](auto, CloseReason why) { reason = why; }});
  Client client(phantom, victim.local(), lab);
  ASSERT_TRUE(opens(client));
  ASSERT_TRUE(comes([&] { return victim.clients() == 1; }));
  client.tcp.abort();
  EXPECT_EQ(client.end, TcpEnd::aborted);
  EXPECT_TRUE(comes([&] { return reason.has_value(); }));
}

TEST_F(ForgedTcpWire, AClosedPortRefuses) {
  Client client(phantom, at_s(Port{9}), lab);
  EXPECT_FALSE(opens(client));
  EXPECT_EQ(client.end, TcpEnd::refused);
}

TEST_F(ForgedTcpWire, ASilentHostTimesOut) {
  apply_ruleset(lab.host("S"), "table ip t { chain c { type filter hook input priority 0; tcp dport 4000 drop; }\n}");
  Client client(phantom, at_s(Port{4000}), lab, {.connect_limit = 2900ms});
  EXPECT_FALSE(opens(client));
  EXPECT_EQ(client.end, TcpEnd::no_connection);
  EXPECT_EQ(client.tcp.machine().stats().retransmitted, 1U) << "after a second";
}

TEST_F(ForgedTcpWire, ANeighbourThatIsNotThereTimesOutToo) {
  Client client(phantom, {Ipv4{10, 0, 1, 77}, Port{4000}}, lab, {.connect_limit = 1500ms});
  EXPECT_FALSE(opens(client));
  EXPECT_EQ(client.end, TcpEnd::no_connection);
  EXPECT_GT(phantom.stats().unreachable, 0U);
}

TEST_F(ForgedTcpWire, AMebibyteEachWay) {
  const auto sent = pattern(1 << 20);
  TcpServer* echoing = nullptr;
  auto echo = server({.on_data = [&](auto id, ByteView bytes) { echoing->send(id, bytes); }});
  echoing = &echo;
  Client client(phantom, echo.local(), lab);
  ASSERT_TRUE(opens(client));
  client.tcp.send(sent);
  ASSERT_TRUE(comes([&] { return client.data.size() >= sent.size() || client.end; }));
  EXPECT_EQ(client.data, sent);
  client.tcp.close();
  EXPECT_TRUE(ends(client, TcpEnd::orderly));
}

TEST_F(ForgedTcpWire, WhoDoesNotReadClosesTheWindow) {
  const auto sent = pattern(300'000);
  TcpServer* source = nullptr;
  auto sending = server({.on_open = [&](auto id, const Endpoint&) { source->send(id, sent); }});
  source = &sending;
  Client client(phantom, sending.local(), lab);
  client.tcp.set_reading(false);
  ASSERT_TRUE(opens(client));
  // The kernel does not send small pieces only to fill it up.
  ASSERT_TRUE(comes([&] { return client.tcp.machine().receiver().window() < client.tcp.machine().segment_size(); }));
  EXPECT_TRUE(client.data.empty());
  EXPECT_LE(client.tcp.machine().receiver().ready(), 64240U + 128U) << "no more than was offered";
  client.tcp.set_reading(true);
  ASSERT_TRUE(comes([&] { return client.data.size() >= sent.size() || client.end; }));
  EXPECT_EQ(client.data, sent);
}

TEST_F(ForgedTcpWire, AServerThatDoesNotReadIsProbedUntilItDoes) {
  const auto sent = pattern(2'000'000);
  std::optional<TcpServer::ClientId> id;
  std::size_t received = 0;
  TcpServer* lazy = nullptr;
  auto sleeping = server({.on_open =
                              [&](auto client, const Endpoint&) {
                                id = client;
                                lazy->set_reading(client, false);
                              },
                          .on_data = [&](auto, ByteView bytes) { received += bytes.size(); }});
  lazy = &sleeping;
  Client client(phantom, sleeping.local(), lab);
  ASSERT_TRUE(opens(client));
  client.tcp.send(sent);
  ASSERT_TRUE(comes([&] { return client.tcp.machine().stats().probes > 0; }));
  EXPECT_LT(received, sent.size());
  lazy->set_reading(*id, true);
  EXPECT_TRUE(comes([&] { return received == sent.size(); }));
  client.tcp.abort();
}

TEST_F(ForgedTcpWire, TwoPhantomsThatConnectToEachOtherOpenAtOnce) {
  PhantomHost other(at(lab, "S"),
                    {.interface = "eth0", .mac = Mac{{2, 0x66, 0, 0, 0, 8}}, .address = Ipv4{10, 0, 2, 8}});
  Client one(phantom, {other.address(), Port{2000}}, lab, {.source = Port{1000}});
  Client two(other, {phantom.address(), Port{1000}}, lab, {.source = Port{2000}});
  // Both SYNs are under way before either arrives.
  one.tcp.connect();
  two.tcp.connect();
  ASSERT_TRUE(comes([&] { return one.opened && two.opened; }));
  one.tcp.send(as_bytes("from one"));
  two.tcp.send(as_bytes("from two"));
  EXPECT_TRUE(comes([&] { return as_text(one.data) == "from two" && as_text(two.data) == "from one"; }));
  // Each answered the other's SYN with its own: figure 7 of RFC 9293, 3.5.
  const auto is_syn_ack = [](const Journal::Forged& forged) {
    const auto parsed = parse_tcp(ByteView(forged.bytes).subspan(ethernet_header_size));
    const auto* const arrival = std::get_if<TcpArrival>(&parsed);
    return arrival != nullptr && arrival->segment.flags.syn && arrival->segment.flags.ack;
  };
  EXPECT_GE(std::ranges::count_if(lab.journal().forged(), is_syn_ack), 2);
  one.tcp.close();
  two.tcp.close();
  EXPECT_TRUE(ends(one, TcpEnd::orderly));
  EXPECT_TRUE(ends(two, TcpEnd::orderly));
}

TEST_F(ForgedTcpWire, ItArrivesThroughLossInBothDirections) {
  apply_ruleset(lab.host("R"),
                "table ip t { chain c { type filter hook forward priority 0; "
                "ip protocol tcp numgen random mod 100 < 5 drop; }\n}");
  const auto sent = pattern(200'000);
  TcpServer* echoing = nullptr;
  auto echo = server({.on_data = [&](auto id, ByteView bytes) { echoing->send(id, bytes); }});
  echoing = &echo;
  Client client(phantom, echo.local(), lab);
  ASSERT_TRUE(opens(client));
  client.tcp.send(sent);
  ASSERT_TRUE(lab.wait_until([&] { return client.data.size() >= sent.size() || client.end; }, 60s));
  EXPECT_EQ(client.data, sent);
  EXPECT_GT(client.tcp.machine().stats().retransmitted + client.tcp.machine().stats().out_of_order, 0U);
}

// --- From a host's own address

TEST_F(ForgedTcpWire, TheKernelResetsWhatItDoesNotKnow) {
  std::optional<CloseReason> reason;
  auto victim = server({.on_close = [&](auto, CloseReason why) { reason = why; }});
  BorrowedHost borrowed(at(lab, "A"), "eth0", Ipv4{10, 0, 1, 1});
  Client client(borrowed, victim.local(), lab);
  client.tcp.connect();
  // The answer to the SYN reached both; the kernel's reset killed what we then believe to be open.
  ASSERT_TRUE(comes([&] { return client.opened; }));
  client.tcp.send(as_bytes("too late"));
  EXPECT_TRUE(ends(client, TcpEnd::reset));
}

TEST_F(ForgedTcpWire, WithoutTheKernelsResetTheSameIsAnswered) {
  apply_ruleset(lab.host("A"),
                "table ip t { chain c { type filter hook output priority 0; tcp flags & (rst|ack) == rst drop; }\n}");
  EchoServer echo(lab.loop(), lab.opener("S"), at_s(Port{4000}));
  BorrowedHost borrowed(at(lab, "A"), "eth0", Ipv4{10, 0, 1, 1});
  Client client(borrowed, echo.local(), lab);
  ASSERT_TRUE(opens(client));
  const auto frame = encode_frame({{"type", "message"}}, as_bytes("made by hand"));
  client.tcp.send(frame);
  ASSERT_TRUE(comes([&] { return client.data.size() >= frame.size() || client.end; }));
  EXPECT_EQ(client.data, frame);
  client.tcp.close();
  EXPECT_TRUE(ends(client, TcpEnd::orderly));
}

}  // namespace
}  // namespace wirelab::raw::test
