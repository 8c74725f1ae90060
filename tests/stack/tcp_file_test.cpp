// Files that go from the disk to the wire without a copy.
#include <gmock/gmock.h>
#include <sys/mman.h>

#include "tests/stack/server_fixture.hpp"

namespace wirelab::testing {
namespace {

UniqueFd file_of(std::string_view text) {
  UniqueFd file(check_errno(::memfd_create("file", MFD_CLOEXEC), "memfd_create"));
  write_to(file.get(), text);
  return file;
}

struct TcpFileTest : StackTest {
  TcpFileTest() {
    auto events = told.events();
    events.on_drained = [this](TcpServer::ClientId) {
      ++drained;
      send_more();
    };
    server = std::make_unique<TcpServer>(loop, open_here, loopback, events);
    peer = plain_client(server->local());
    EXPECT_TRUE(until([&] { return server->clients() == 1; }));
  }
  [[nodiscard]] TcpServer::ClientId id() const { return told.ids.at(0); }
  void send_more() {
    while (!ended && offset < most) {
      const auto piece = server->send_file(id(), file.get(), offset, std::size_t{256} << 10);
      error = piece.error;
      ended = piece.ended;
      offset += piece.bytes;
      if (piece.bytes == 0) return;
    }
  }
  std::string read_until(const std::function<bool(const std::string&)>& met) {
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(peer.get());
      return met(reader.text);
    }));
    return reader.text;
  }

  Recorder told;
  std::unique_ptr<TcpServer> server;
  UniqueFd peer;
  UniqueFd file;
  std::uint64_t offset = 0;
  std::uint64_t most = UINT64_MAX;
  bool ended = false;
  std::error_code error;
  int drained = 0;
};

TEST_P(TcpFileTest, ComesWholeThoughThePeerIsSlow) {
  const auto text = pattern(16 << 20);
  file = file_of(text);
  send_more();
  EXPECT_FALSE(ended);
  EXPECT_LT(offset, text.size());
  EXPECT_EQ(server->queued(id()), 0U) << "the file waits on the disk";
  EXPECT_FALSE(loop.turn(0ns)) << "and wakes nobody until there is room";
  EXPECT_TRUE(read_until([&](const std::string& read) { return read.size() == text.size(); }) == text);
  EXPECT_TRUE(ended);
  EXPECT_GT(drained, 0);
  EXPECT_FALSE(loop.turn(1ms)) << "readiness to write is asked for no more";
}

TEST_P(TcpFileTest, WaitsForWhatWasSentBeforeIt) {
  const auto before = pattern(8 << 20);
  file = file_of("the file");
  EXPECT_TRUE(server->send(id(), as_bytes(before)));
  send_more();
  EXPECT_EQ(offset, 0U);
  const auto size = before.size() + 8;
  EXPECT_TRUE(read_until([&](const std::string& read) { return read.size() == size; }) == before + "the file");
}

TEST_P(TcpFileTest, AnEndIsNoErrorAndAnErrorOfTheFileNotThePeers) {
  file = file_of("12345");
  EXPECT_EQ(server->send_file(id(), file.get(), 3, 100).bytes, 2U);
  EXPECT_TRUE(server->send_file(id(), file.get(), 5, 100).ended) << "also of a file that has become shorter";
  EXPECT_TRUE(server->send_file(id(), file.get(), 999, 100).ended);
  EXPECT_FALSE(server->send_file(id(), file.get(), 0, 0).ended) << "nothing was asked for";
  const auto pipe = pipe_pair();
  EXPECT_TRUE(server->send_file(id(), pipe.there.get(), 0, 100).error);
  EXPECT_TRUE(server->send_file(id(), -1, 0, 100).error);
  EXPECT_TRUE(server->is_open(id()));
  EXPECT_EQ(read_until([](const std::string& read) { return read.size() == 2; }), "45");
}

TEST_P(TcpFileTest, DrainedIsToldOnceOfAQueueAndNeverWithoutOne) {
  ended = true;
  EXPECT_TRUE(server->send(id(), as_bytes("at once")));
  EXPECT_FALSE(loop.turn(1ms));
  EXPECT_EQ(drained, 0);
  const auto much = pattern(8 << 20);
  EXPECT_TRUE(server->send(id(), as_bytes(much)));
  read_until([&](const std::string& read) { return read.size() == much.size() + 7; });
  EXPECT_FALSE(loop.turn(1ms));
  EXPECT_EQ(drained, 1);
}

INSTANTIATE_TEST_SUITE_P(All, TcpFileTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
