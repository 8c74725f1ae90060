// A server that remembers what it hears, and plain sockets as its clients.
#pragma once

#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {

struct TcpServerTest : StackTest {
  explicit TcpServerTest(TcpServer::Options options = {}) : server(loop, open_here, loopback, told.events(), options) {
    told.echo = &server;
  }
  UniqueFd client() { return plain_client(server.local()); }
  // A plain client, and the id that the server gave it.
  UniqueFd client(TcpServer::ClientId& id) {
    auto socket = client();
    const auto before = told.ids.size();
    EXPECT_TRUE(until([&] { return told.ids.size() > before; }));
    id = told.ids.back();
    return socket;
  }
  // How a plain socket's connection ends: 0 by FIN, else errno.
  int end_of(int fd) {
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(fd);
      return reader.end.has_value();
    }));
    return reader.end.value_or(-1);
  }
  bool closed(TcpServer::ClientId id) {
    return until([&] { return told.closed.contains(id); });
  }

  Recorder told;
  TcpServer server;
};

}  // namespace wirelab::testing
