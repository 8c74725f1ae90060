#include "tests/bench/echo_servers.hpp"

#include <array>
#include <bit>
#include <memory>

#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/services/echo.hpp"
#include "lab/stack/tcp_server.hpp"

namespace wirelab::bench {
namespace {

constexpr std::size_t buffer_size = 16384;

// Hands out the listener that is there; UDP, which the echo service serves too, as usual.
Opener opener_of(int listener) {
  return [listener](Transport transport, const Endpoint& local) {
    return transport == Transport::tcp ? UniqueFd(check_errno(::dup(listener), "dup")) : open_here(transport, local);
  };
}

int accept_one(int listener) { return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }

// False at the end of the connection.
bool echo_once(int fd, std::array<char, buffer_size>& buffer) {
  const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (count < 0 && errno == EAGAIN) return true;
  if (count <= 0) return false;
  return ::send(fd, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
}

void serve_by_epoll(int listener) {
  const int poller = check_errno(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const auto watch = [&](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    check_errno(::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  };
  watch(listener);
  std::array<epoll_event, 1024> events;
  std::array<char, buffer_size> buffer;
  for (;;) {
    const int found = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < found; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd != listener) {
        if (!echo_once(fd, buffer)) ::close(fd);
        continue;
      }
      for (int fresh = 0; (fresh = accept_one(listener)) >= 0;) watch(fresh);
    }
  }
}

// fd_set ends at 1024; the kernel does not.
void serve_by_select(int listener) {
  constexpr std::size_t word_bits = 64;
  std::vector<std::uint64_t> asked;
  const auto watch = [&](int fd, bool on) {
    const auto number = static_cast<std::size_t>(fd);
    if (number / word_bits >= asked.size()) asked.resize(number / word_bits + 1);
    const auto bit = std::uint64_t{1} << number % word_bits;
    asked[number / word_bits] = on ? asked[number / word_bits] | bit : asked[number / word_bits] & ~bit;
  };
  watch(listener, true);
  int most = listener;
  std::vector<std::uint64_t> ready;
  std::array<char, buffer_size> buffer;
  for (;;) {
    ready = asked;
    if (::select(most + 1, reinterpret_cast<fd_set*>(ready.data()), nullptr, nullptr, nullptr) <= 0) continue;
    for (std::size_t word = 0; word < ready.size(); ++word) {
      for (auto bits = ready[word]; bits != 0; bits &= bits - 1) {
        const int fd = static_cast<int>(word * word_bits) + std::countr_zero(bits);
        if (fd != listener) {
          if (echo_once(fd, buffer)) continue;
          watch(fd, false);
          ::close(fd);
          continue;
        }
        for (int fresh = 0; (fresh = accept_one(listener)) >= 0;) {
          watch(fresh, true);
          most = std::max(most, fresh);
        }
      }
    }
  }
}

}  // namespace

EchoContender plain_echo(Poller poller) {
  return {"wirelab " + std::string(name_of(poller)), [poller](int listener) {
            const auto loop = Selector::make(poller);
            std::unique_ptr<TcpServer> server;
            TcpServer::Events events;
            events.on_data = [&](TcpServer::ClientId client, ByteView bytes) { server->send(client, bytes); };
            server = std::make_unique<TcpServer>(*loop, opener_of(listener), local_endpoint(listener), events);
            loop->run();
          }};
}

EchoContender framed_echo(Poller poller) {
  return {"wirelab " + std::string(name_of(poller)) + ", framed", [poller](int listener) {
            const auto loop = Selector::make(poller);
            const EchoServer server(*loop, opener_of(listener), local_endpoint(listener));
            loop->run();
          }};
}

EchoContender minimal_epoll_loop() { return {"minimal epoll loop", serve_by_epoll}; }
EchoContender minimal_select_loop() { return {"minimal select loop", serve_by_select}; }

}  // namespace wirelab::bench
