#include "tests/bench/echo_load.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/stack/frame.hpp"

namespace wirelab::bench {
namespace {

constexpr std::size_t message_size = 64;

// A frame, so that every server can answer it.
Bytes make_message() {
  const std::string content(message_size - frame_prefix_size - std::string_view("CL:57").size(), 'x');
  return encode_frame({}, as_bytes(content));
}

UniqueFd listen_on_loopback() {
  UniqueFd socket(check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket"));
  const SocketAddress address({Ipv4(127, 0, 0, 1), Port{0}});
  check_errno(::bind(socket.get(), address.data(), address.size()), "bind");
  check_errno(::listen(socket.get(), 4096), "listen");
  return socket;
}

// Each side has a processor of its own, where there are two: how many messages wait when the server wakes is then the
// same for all.
void stay_on_processor(unsigned number) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number, &set);
  ::sched_setaffinity(0, sizeof set, &set);  // if it is refused, the figures vary more
}

pid_t in_a_child(unsigned processor, const std::function<void()>& work) {
  const auto pid = check_errno(::fork(), "fork");
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  stay_on_processor(processor);
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  std::_Exit(1);
}

double cpu_us_of(pid_t pid) {
  clockid_t clock{};
  if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0) throw_errno("the clock of a server", error);
  timespec time{};
  check_errno(::clock_gettime(clock, &time), "the clock of a server");
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

// The clients, all in one loop.
class Clients {
 public:
  Clients(const Endpoint& server, const EchoLoad& load) : load_(load) {
    const SocketAddress address(server);
    const auto block = make_message();
    for (int i = 0; i < load.in_flight; ++i) question_.insert(question_.end(), block.begin(), block.end());
    for (int i = 0; i < load.connections; ++i) {
      const int fd = check_errno(::socket(AF_INET, SOCK_STREAM, 0), "socket");
      check_errno(::connect(fd, address.data(), address.size()), "connect");
      const linger reset{.l_onoff = 1, .l_linger = 0};  // ten thousand in TIME_WAIT would be in the way
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      fds_.push_back(fd);
      missing_.push_back(0);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = fds_.size() - 1}};
      check_errno(::epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
  }

  void converse(std::uint64_t messages) {
    const auto stride = static_cast<std::size_t>(load_.connections / load_.active);
    to_send_ = messages;
    for (std::size_t i = 0; i < static_cast<std::size_t>(load_.active); ++i) ask(i * stride);
    while (waiting_ > 0) {
      std::array<epoll_event, 256> events;
      const int found = ::epoll_wait(poller_, events.data(), static_cast<int>(events.size()), 10'000);
      if (found == 0) throw std::runtime_error("the server does not answer");
      for (int i = 0; i < found; ++i) hear(events[static_cast<std::size_t>(i)].data.u64);
    }
  }

 private:
  void ask(std::size_t index) {
    if (to_send_ == 0) return;
    to_send_ -= std::min(to_send_, static_cast<std::uint64_t>(load_.in_flight));
    if (::send(fds_[index], question_.data(), question_.size(), MSG_NOSIGNAL) < 0) throw_errno("send");
    missing_[index] = question_.size();
    ++waiting_;
  }
  void hear(std::size_t index) {
    std::array<char, 16384> bytes;
    const auto count = ::recv(fds_[index], bytes.data(), bytes.size(), 0);
    if (count <= 0) throw_errno("recv");
    missing_[index] -= static_cast<std::size_t>(count);
    if (missing_[index] > 0) return;
    --waiting_;
    ask(index);
  }

  EchoLoad load_;
  int poller_ = check_errno(::epoll_create1(0), "epoll_create1");
  Bytes question_;
  std::vector<int> fds_;
  std::vector<std::size_t> missing_;
  std::uint64_t to_send_ = 0;
  int waiting_ = 0;
};

struct Pipe {
  UniqueFd out;
  UniqueFd in;
};
Pipe make_pipe() {
  int fds[2];
  check_errno(::pipe2(fds, O_CLOEXEC), "pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

template <class T>
void put(const UniqueFd& fd, const T& value) {
  if (::write(fd.get(), &value, sizeof value) != sizeof value) throw std::runtime_error("the load is gone");
}
template <class T>
T get(const UniqueFd& fd) {
  T value{};
  if (::read(fd.get(), &value, sizeof value) != sizeof value) throw std::runtime_error("the load is gone");
  return value;
}

}  // namespace

EchoPair::EchoPair(const EchoContender& contender, const EchoLoad& load) {
  const auto listener = listen_on_loopback();
  const auto address = local_endpoint(listener.get());
  server_ = in_a_child(0, [&] { contender.serve(listener.get()); });
  auto orders = make_pipe();
  auto answers = make_pipe();
  load_ = in_a_child(1, [&] {
    orders.in.reset();
    Clients clients(address, load);
    for (;;) {
      put(answers.in, 0.0);
      const auto messages = get<std::uint64_t>(orders.out);
      const auto begin = cpu_us_of(server_);
      clients.converse(messages);
      put(answers.in, (cpu_us_of(server_) - begin) / static_cast<double>(messages));
    }
  });
  orders_ = std::move(orders.in);
  answers_ = std::move(answers.out);
}

EchoPair::~EchoPair() {
  for (const auto pid : {load_, server_}) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

double EchoPair::run(std::uint64_t messages) {
  (void)get<double>(answers_);  // it is ready
  put(orders_, messages);
  return get<double>(answers_);
}

}  // namespace wirelab::bench
