// What the kernel really does, row by row, to a server that goes on serving: each test provokes one case and then looks
// whether another client is still answered and the loop sleeps. tests/loop/kernel_test.cpp holds what is reported in
// each case; tests/wire/udp_checksum_test.cpp has the one that needs a forged packet, a datagram with a bad checksum.
#include <gmock/gmock.h>
#include <poll.h>

#include "lab/stack/tcp_client.hpp"
#include "lab/stack/udp_endpoint.hpp"
#include "tests/stack/server_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void wait_for(int fd, short events) {
  pollfd asked{.fd = fd, .events = events, .revents = 0};
  EXPECT_EQ(::poll(&asked, 1, 2000), 1);
}

struct KernelCornerCases : TcpServerTest {
  KernelCornerCases() { bystander = client(bystander_id); }

  // The end of each test.
  void survives() {
    settle();
    write_to(bystander.get(), "still there?");
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(bystander.get());
      return reader.text == "still there?";
    }));
    settle();
  }
  // Nothing keeps the loop busy.
  void settle() {
    int turns = 0;
    while (loop.turn(1ms) && turns < 100) ++turns;
    EXPECT_LT(turns, 100) << "the loop spins";
  }
  CloseReason reason_of(TcpServer::ClientId id) {
    EXPECT_TRUE(closed(id));
    return told.closed[id];
  }

  TcpServer::ClientId bystander_id{};
  UniqueFd bystander;
};

// Registered before connect() it would count as hung up, and its attempt as failed.
TEST_P(KernelCornerCases, FreshTcpSocket) {
  const auto listener = inet_socket(SOCK_STREAM);
  const auto endpoint = bind_to_loopback(listener.get());
  ::listen(listener.get(), 0);
  const auto first = plain_client(endpoint);
  const auto second = plain_client(endpoint);  // the queue is full: the next gets no answer
  std::vector<std::string> told_by_client;
  const TcpClient waiting(loop, open_here, loopback, endpoint,
                          {.on_connect = [&] { told_by_client.emplace_back("connected"); },
                           .on_close = [&](const CloseReason& why) { told_by_client.push_back(why.to_string()); }});
  settle();
  EXPECT_THAT(told_by_client, IsEmpty());
  survives();
}

// Readable and writable at once: SO_ERROR comes first, and tells once.
TEST_P(KernelCornerCases, RefusedConnect) {
  const auto nobody = inet_socket(SOCK_STREAM);
  std::vector<std::string> told_by_client;
  const TcpClient refused(loop, open_here, loopback, bind_to_loopback(nobody.get()),
                          {.on_connect = [&] { told_by_client.emplace_back("connected"); },
                           .on_data = [&](ByteView) { told_by_client.emplace_back("data"); },
                           .on_close = [&](const CloseReason& why) { told_by_client.push_back(why.to_string()); }});
  EXPECT_TRUE(until([&] { return !told_by_client.empty(); }));
  EXPECT_THAT(told_by_client, ElementsAre("Connection refused"));
  survives();
}

// recv gives 0 and stays readable for ever, but the other direction works on.
TEST_P(KernelCornerCases, PeerShutDownWriting) {
  int ends = 0;
  TcpServer::ClientId id{};
  auto events = told.events();
  events.on_end = [&](TcpServer::ClientId client) {
    ++ends;
    id = client;
  };
  TcpServer patient(loop, open_here, loopback, events);
  const auto peer = plain_client(patient.local());
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_TRUE(until([&] { return ends > 0; }));
  survives();
  EXPECT_EQ(ends, 1);
  EXPECT_TRUE(patient.send(id, as_bytes("you can still hear")));
  wait_for(peer.get(), POLLIN);
  Reader reader;
  reader.read(peer.get());
  EXPECT_EQ(reader.text, "you can still hear");
  survives();
}

TEST_P(KernelCornerCases, PeerReset) {
  TcpServer::ClientId id{};
  auto peer = client(id);
  reset_by(peer);
  EXPECT_EQ(reason_of(id).error.value(), ECONNRESET);
  survives();
}

// The reset came behind data, and the handler of the data closes: what ended the connection is still the reset.
TEST_P(KernelCornerCases, PeerResetBehindData) {
  std::unique_ptr<TcpServer> closing;
  auto events = told.events();
  events.on_data = [&](TcpServer::ClientId id, ByteView) { closing->close(id); };
  closing = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  auto peer = plain_client(closing->local());
  EXPECT_TRUE(until([&] { return closing->clients() == 1; }));
  write_to(peer.get(), "last words");
  reset_by(peer);
  EXPECT_EQ(reason_of(told.ids.back()).to_string(), "Connection reset by peer");
  survives();
}

// Who closes without having read what was sent to it resets too.
TEST_P(KernelCornerCases, ClosedWithUnreadData) {
  TcpServer::ClientId id{};
  auto peer = client(id);
  EXPECT_TRUE(server.send(id, as_bytes("unread")));
  wait_for(peer.get(), POLLIN);
  peer.reset();
  EXPECT_EQ(reason_of(id).error.value(), ECONNRESET);
  survives();
}

// The first send succeeds, the second is EPIPE, and neither is a signal.
TEST_P(KernelCornerCases, PeerClosed) {
  int ends = 0;
  auto events = told.events();
  events.on_end = [&](TcpServer::ClientId) { ++ends; };
  TcpServer patient(loop, open_here, loopback, events);
  auto peer = plain_client(patient.local());
  EXPECT_TRUE(until([&] { return patient.clients() == 1; }));
  const auto id = told.ids.back();
  peer.reset();
  EXPECT_TRUE(until([&] { return ends == 1; }));
  EXPECT_TRUE(patient.send(id, as_bytes("first"))) << "the peer's kernel answers with a reset";
  EXPECT_TRUE(until([&] { return !patient.send(id, as_bytes("second")); }));
  EXPECT_EQ(reason_of(id).cause, CloseCause::failed);
  survives();
}

// The same by sendfile, which raises SIGPIPE where send would not.
TEST_P(KernelCornerCases, PeerClosedWhileAFileIsSent) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  TcpServer::ClientId id{};
  auto peer = client(id);
  reset_by(peer);
  EXPECT_TRUE(until([&] {
    const auto piece = server.send_file(id, file.get(), 0, 1);
    EXPECT_FALSE(piece.error) << "the file is as good as before";
    return piece.bytes == 0;
  }));
  EXPECT_EQ(reason_of(id).cause, CloseCause::failed);
  survives();
}

// accept() gives a connection that is dead already.
TEST_P(KernelCornerCases, ResetBeforeAccept) {
  const auto before = told.ids.size();
  auto rude = client();
  wait_for(rude.get(), POLLOUT);
  reset_by(rude);
  EXPECT_TRUE(until([&] { return told.ids.size() > before; }));
  EXPECT_EQ(reason_of(told.ids.back()).error.value(), ECONNRESET);
  survives();
}

// Readable, in select's eyes, until the error queue is drained: undrained, the loop would spin.
TEST_P(KernelCornerCases, UdpAfterIcmpUnreachable) {
  const auto closed_port = [] {
    const auto socket = inet_socket(SOCK_DGRAM);
    return bind_to_loopback(socket.get());
  }();
  std::vector<int> errors;
  std::vector<std::string> heard;
  UdpEndpoint here(loop, open_here, loopback,
                   {.on_datagram = [&](const Datagram& datagram) { heard.emplace_back(as_text(datagram.bytes)); },
                    .on_error = [&](const UdpError& error) { errors.push_back(error.error.value()); }});
  EXPECT_FALSE(here.send_to(closed_port, as_bytes("anybody?")));
  EXPECT_TRUE(until([&] { return !errors.empty(); }));
  EXPECT_FALSE(here.send_to(here.local(), as_bytes("and myself")));
  survives();
  EXPECT_THAT(errors, ElementsAre(ECONNREFUSED));
  EXPECT_THAT(heard, ElementsAre("and myself"));
}

TEST_P(KernelCornerCases, EmptyUdpDatagram) {
  std::vector<std::string> heard;
  UdpEndpoint here(
      loop, open_here, loopback,
      {.on_datagram = [&](const Datagram& datagram) { heard.emplace_back(as_text(datagram.bytes)); }, .on_error = {}});
  EXPECT_FALSE(here.send_to(here.local(), {}));
  EXPECT_FALSE(here.send_to(here.local(), as_bytes("data")));
  survives();
  EXPECT_THAT(heard, ElementsAre("", "data"));
}

// OutOfDescriptors: DescriptorsTest in tcp_limits_test.cpp.

INSTANTIATE_TEST_SUITE_P(All, KernelCornerCases, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
