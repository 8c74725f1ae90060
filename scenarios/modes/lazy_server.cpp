#include "scenarios/modes/lazy_server.hpp"

#include <array>

#include <fmt/format.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"

namespace wirelab::scenarios::modes {
namespace {

void read_all(int fd) {
  std::array<char, 16384> buffer;
  while (::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

LazyServer::LazyServer(Stage& stage, std::string_view host, Port port, int buffer)
    : loop_(stage.lab.loop()),
      listener_(stage.lab.opener(host)(Transport::tcp, {stage.address_of(host), port})),
      local_(local_endpoint(listener_.get())) {
  // Connections inherit it; later it would no longer limit the window that is offered.
  check_errno(::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer), "limit a receive buffer");
  check_errno(::listen(listener_.get(), SOMAXCONN), fmt::format("listen at {}", local_));
  tokens_.push_back(loop_.add(listener_.get(), {.read = true}, [this](Ready) { accept_all(); }));
}

LazyServer::~LazyServer() {
  for (const auto token : tokens_) loop_.remove(token);
}

void LazyServer::accept_all() {
  while (true) {
    UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) return;
    connections_.push_back(std::move(connection));
  }
}

void LazyServer::say(std::string_view text) const {
  for (const auto& connection : connections_)
    if (::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) throw_errno("send a few bytes");
}

void LazyServer::start_reading() {
  for (const auto& connection : connections_)
    tokens_.push_back(loop_.add(connection.get(), {.read = true}, [fd = connection.get()](Ready) { read_all(fd); }));
}

}  // namespace wirelab::scenarios::modes
