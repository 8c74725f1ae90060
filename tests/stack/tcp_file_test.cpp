// Files that go between the disk and the wire without passing through the program.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>

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

// How files come: the server puts what it receives where `put` says.
struct TcpReceivedFileTest : StackTest {
  TcpReceivedFileTest() : file(check_errno(::memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create")) {
    auto events = told.events();
    events.on_readable = [this](TcpServer::ClientId id) { return put(id); };
    server = std::make_unique<TcpServer>(loop, open_here, loopback, events);
    peer = plain_client(server->local());
    EXPECT_TRUE(until([&] { return server->clients() == 1; }));
  }
  bool put(TcpServer::ClientId id) {
    if (size == most || error) return false;
    const auto piece = server->receive_file(id, pipe, file.get(), offset + size, most - size);
    size += piece.bytes;
    error = piece.error;
    return !piece.ended;
  }
  void say(std::string_view text) { write_to(peer.get(), text); }
  [[nodiscard]] std::string content() const {
    std::string text(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }
  // As much of `text` as the kernel takes at a time, until all of it is where it belongs.
  bool arrives(std::string_view text) {
    const auto flags = ::fcntl(peer.get(), F_GETFL);
    ::fcntl(peer.get(), F_SETFL, flags | O_NONBLOCK);
    return until([&] {
      const auto count = ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
      return text.empty() && size == most;
    });
  }

  Recorder told;
  std::unique_ptr<TcpServer> server;
  FilePipe pipe;
  UniqueFd peer, file;
  std::uint64_t offset = 0, size = 0, most = 4;
  std::error_code error;
};

TEST_P(TcpReceivedFileTest, GoesToTheFileAndTheRestIsData) {
  offset = 2;
  say("filerest");
  ASSERT_TRUE(until([&] { return told.received[told.ids[0]] == "rest"; }));
  EXPECT_EQ(content(), std::string(2, '\0') + "file");
}

TEST_P(TcpReceivedFileTest, ComesWholeThoughItIsLargerThanThePipe) {
  const auto text = pattern(5 * FilePipe::size + 12345);
  most = text.size();
  ASSERT_TRUE(arrives(text));
  EXPECT_TRUE(content() == text);
}

// As a file system may that does not splice: a file that is only appended to.
TEST_P(TcpReceivedFileTest, IsCopiedWhereTheFileCannotBeSplicedTo) {
  ASSERT_EQ(::fcntl(file.get(), F_SETFL, O_APPEND), 0);
  const auto text = pattern(200'000);
  most = text.size();
  ASSERT_TRUE(arrives(text));
  EXPECT_TRUE(content() == text);
}

TEST_P(TcpReceivedFileTest, IsCopiedWithoutAPipe) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const auto next = static_cast<rlim_t>(UniqueFd(::dup(peer.get())).get());
  const rlimit no_more{next, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &no_more);
  say("filerest");
  EXPECT_TRUE(until([&] { return told.received[told.ids[0]] == "rest"; }));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(content(), "file");
}

// Before urgent data splice says EAGAIN for ever, though more lies behind it, and 0 if the end does.
TEST_P(TcpReceivedFileTest, GoesOnBehindUrgentData) {
  say("fi");
  ASSERT_TRUE(until([&] { return size == 2; }));
  EXPECT_EQ(::send(peer.get(), "!", 1, MSG_OOB), 1);
  say("l");
  ASSERT_TRUE(until([&] { return size == 3; })) << "the urgent byte is no byte of the stream";
  EXPECT_EQ(::send(peer.get(), "!", 1, MSG_OOB), 1);
  say("e");
  ::shutdown(peer.get(), SHUT_WR);
  ASSERT_TRUE(until([&] { return told.closed.contains(told.ids[0]); }));
  EXPECT_EQ(content(), "file");
  EXPECT_TRUE(told.received.empty());
  EXPECT_FALSE(loop.turn(1ms)) << "nothing keeps the loop busy";
}

TEST_P(TcpReceivedFileTest, AnErrorOfTheFileSaysHowMuchIsThereAndIsNotThePeers) {
  ASSERT_EQ(::ftruncate(file.get(), 3), 0);
  ASSERT_EQ(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW), 0);
  say("file");
  ASSERT_TRUE(until([&] { return bool{error}; }));
  EXPECT_EQ(error.value(), EPERM);
  EXPECT_TRUE(server->is_open(told.ids[0]));
  // The pipe has nothing left of it.
  file.reset(check_errno(::memfd_create("file", MFD_CLOEXEC), "memfd_create"));
  error.clear();
  size = 0;
  say("next");
  ASSERT_TRUE(until([&] { return size == most; }));
  EXPECT_EQ(content(), "next");
}

TEST_P(TcpReceivedFileTest, TheEndAndAResetAreToldAsEver) {
  say("fi");
  ::shutdown(peer.get(), SHUT_WR);
  ASSERT_TRUE(until([&] { return size == 2; }));
  ASSERT_TRUE(until([&] { return told.closed.contains(told.ids[0]); }));
  EXPECT_EQ(told.closed[told.ids[0]].cause, CloseCause::finished);
  peer = plain_client(server->local());
  ASSERT_TRUE(until([&] { return told.ids.size() == 2; }));
  most = 4;
  reset_by(peer);
  ASSERT_TRUE(until([&] { return told.closed.contains(told.ids[1]); }));
  EXPECT_EQ(told.closed[told.ids[1]].cause, CloseCause::failed);
  EXPECT_EQ(told.closed[told.ids[1]].error.value(), ECONNRESET);
}

INSTANTIATE_TEST_SUITE_P(All, TcpReceivedFileTest, all_pollers, poller_name);
INSTANTIATE_TEST_SUITE_P(All, TcpFileTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
