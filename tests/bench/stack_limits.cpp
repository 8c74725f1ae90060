// What the reference stack holds on to: memory of 10,000 idle connections, what 10,000 connections leave behind, and
// how often it wakes without descriptors. The server runs in a process of its own, on loopback.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <memory>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/services/echo.hpp"
#include "tests/bench/bench.hpp"

namespace {

using namespace wirelab;
using namespace std::chrono_literals;

constexpr int many = 10'000;
const Endpoint loopback{Ipv4(127, 0, 0, 1), Port{0}};

std::size_t memory_in_use() { return ::mallinfo2().uordblks; }

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

UniqueFd connect_to(const Endpoint& server) {
  UniqueFd socket(check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const SocketAddress address(server);
  check_errno(::connect(socket.get(), address.data(), address.size()), "connect");
  const linger reset{.l_onoff = 1, .l_linger = 0};  // nothing is left in TIME_WAIT
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return socket;
}

// Plays the clients' part in a process of its own; killed with this one.
class Child {
 public:
  template <class Work>
  explicit Child(Work work) : pid_(check_errno(::fork(), "fork")) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      work();
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
    std::_Exit(0);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

void until(Selector& loop, const std::function<bool()>& met) {
  if (!loop.run_until(met, 60s)) throw std::runtime_error("the clients did not do their part in a minute");
}

void hold_idle(Poller poller) {
  const auto loop = Selector::make(poller);
  const EchoServer server(*loop, open_here, loopback);
  const auto before = memory_in_use();
  const Child clients([&] {
    std::vector<UniqueFd> sockets;
    // Each asks something first: who never spoke may cost less.
    const auto frame = encode_frame({}, as_bytes("hello"));
    for (int i = 0; i < many; ++i) {
      sockets.push_back(connect_to(server.local()));
      if (::send(sockets.back().get(), frame.data(), frame.size(), 0) < 0) throw_errno("send");
    }
    ::pause();
  });
  until(*loop, [&] { return server.stats().answered == many; });
  fmt::print("{:<7} {} connections idle: {} bytes each\n", name_of(poller), many, (memory_in_use() - before) / many);
}

void come_and_go(Poller poller) {
  const auto loop = Selector::make(poller);
  const EchoServer server(*loop, open_here, loopback);
  const auto play = [&](std::uint64_t until_then) {
    const Child clients([&] {
      for (int i = 0; i < many; ++i) connect_to(server.local());
      ::pause();
    });
    until(*loop, [&] { return server.tcp().stats().accepted == until_then && server.tcp().clients() == 0; });
  };
  play(many);
  const auto memory = memory_in_use();
  const auto descriptors = open_descriptors();
  play(2 * many);
  fmt::print("{:<7} {} connections came and went: {:+} descriptors, {:+} bytes\n", name_of(poller), many,
             static_cast<std::ptrdiff_t>(open_descriptors() - descriptors),
             static_cast<std::ptrdiff_t>(memory_in_use() - memory));
}

// Clients that try again as soon as they are turned away.
void run_out_of_descriptors(Poller poller) {
  const auto loop = Selector::make(poller);
  const EchoServer server(*loop, open_here, loopback);
  const Child clients([&] {
    for (;;) {
      std::vector<UniqueFd> sockets;
      for (int i = 0; i < 20; ++i) sockets.push_back(connect_to(server.local()));
      char byte = 0;
      for (const auto& socket : sockets) (void)!::recv(socket.get(), &byte, 1, 0);
    }
  });
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto before = limit;
  limit.rlim_cur = static_cast<rlim_t>(::dup(0));
  ::close(static_cast<int>(limit.rlim_cur));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto waits = loop->stats().waits;
  const auto begin = bench::cpu_ns();
  loop->run_until([] { return false; }, 3s);
  const auto cpu = bench::cpu_ns() - begin;
  const auto wakes = static_cast<double>(loop->stats().waits - waits) / 3;
  ::setrlimit(RLIMIT_NOFILE, &before);
  const auto shed = server.tcp().stats().shed;
  until(*loop, [&] { return server.tcp().stats().accepted > 0; });
  fmt::print("{:<7} no descriptor left: {:.1f} wakes a second, {:.2f} % CPU, {} turned away; accepted again after it\n",
             name_of(poller), wakes, cpu / 3e7, shed);
}

}  // namespace

int main() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < many + 100) {
    fmt::print(stderr, "only {} descriptors are allowed here\n", limit.rlim_cur);
    return 1;
  }
  for (const auto poller : {Poller::select, Poller::poll, Poller::epoll}) {
    hold_idle(poller);
    come_and_go(poller);
    run_out_of_descriptors(poller);
  }
}
