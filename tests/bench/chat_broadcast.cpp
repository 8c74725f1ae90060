// A chat room with many members, some of which never read: do the others hear everything, and what does it cost the
// room?
//
//   chat_broadcast [MEMBERS [STALLED [LINES [BYTES]]]]        1000, 10, 1200 and 1024
//
// The room is a process of its own. One member says a line after the other, at most `ahead` lines ahead of the slowest
// member that reads. Ends with 1 if one of these missed a line, or a stalled one was not cut off.
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/loop/selector.hpp"
#include "lab/services/chat.hpp"
#include "lab/stack/frame_client.hpp"
#include "tests/bench/bench.hpp"

namespace wirelab::bench {
namespace {

constexpr std::size_t ahead = 32;
constexpr int send_buffer = 64 << 10;  // bytes, of which the kernel makes twice as many
constexpr Duration patience = std::chrono::minutes(5);

struct Plan {
  std::size_t members = 1000, stalled = 10, lines = 1200, bytes = 1024;
};

// What the room's process tells in the end.
struct Account {
  ChatRoom::Stats stats;
  double cpu_ns = 0;
  std::size_t most_queued = 0;
  std::size_t kib_before = 0, kib_full = 0, kib_most = 0;  // resident: empty, all members in, the most ever
};

std::size_t status_kib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stoul(line.substr(key.size() + 1));
  }
  throw std::logic_error("no " + key);
}

Opener with_buffer(int which, int bytes) {
  return [which, bytes](Transport transport, const Endpoint& local) {
    auto socket = open_here(transport, local);
    check_errno(::setsockopt(socket.get(), SOL_SOCKET, which, &bytes, sizeof bytes), "set a buffer size");
    return socket;
  };
}

// The room, until the other end of `control` is closed. Tells its port, then, at the end, its account.
void serve(int tell, int control) {
  const auto loop = Selector::make(Poller::epoll);
  Account account;
  // Else the kernel itself keeps some MiB for each who does not read, and the room would have nothing to keep.
  ChatRoom room(*loop, with_buffer(SO_SNDBUF, send_buffer), {Ipv4(127, 0, 0, 1), Port{}}, {},
                // Nobody here says that it lives.
                {.period = std::chrono::hours(1)});
  account.kib_before = status_kib("VmRSS");
  const auto port = room.local().port;
  check_errno(static_cast<int>(::write(tell, &port, sizeof port)), "tell the port");
  double full_at = 0;
  bool ended = false;
  const auto token = loop->add(control, {.read = true}, [&](Ready) { ended = true; });
  const auto sample = loop->every(std::chrono::milliseconds(20),
                                  [&] { account.most_queued = std::max(account.most_queued, room.queued()); });
  while (!ended) {
    loop->turn(std::chrono::seconds(1));
    if (full_at == 0 && room.stats().said > 0) {
      full_at = cpu_ns();
      account.kib_full = status_kib("VmRSS");
    }
  }
  loop->remove(token);
  loop->cancel(sample);
  account.stats = room.stats();
  account.cpu_ns = cpu_ns() - full_at;
  account.kib_most = status_kib("VmHWM");
  check_errno(static_cast<int>(::write(tell, &account, sizeof account)), "tell the account");
}

// All members, in one loop.
class Crowd {
 public:
  Crowd(const Plan& plan, const Endpoint& room) : plan_(plan), text_(plan.bytes, 'x') {
    for (std::size_t i = 0; i < plan.members; ++i) {
      add(i, room);
      wait([&] { return welcomed_ > i; }, "to get in");
      if (i >= 1 && i <= plan.stalled) members_[i]->tcp().set_reading(false);
    }
  }

  // The first member speaks, those behind it up to `stalled` do not read.
  void converse() {
    for (said_ = 0; said_ < plan_.lines; ++said_) {
      wait([&] { return slowest() + ahead > said_; }, "for the slowest");
      members_[0]->tcp().send(encode_message("say", {}, as_bytes(text_)));
    }
    wait([&] { return slowest() == plan_.lines; }, "for the last line");
  }
  [[nodiscard]] std::size_t slowest() const {
    return *std::min_element(heard_.begin() + static_cast<std::ptrdiff_t>(plan_.stalled) + 1, heard_.end());
  }

 private:
  void add(std::size_t i, const Endpoint& room) {
    heard_.push_back(0);
    FrameClient::Events events{.on_connect =
                                   [this, i] {
                                     const auto name = fmt::format("member {}", i);
                                     members_[i]->tcp().send(encode_message("join", {{"name", name}}));
                                   },
                               .on_frame =
                                   [this, i](const Frame& frame) {
                                     const auto type = frame.value("type");
                                     if (type == "said") ++heard_[i];
                                     if (type == "welcome") ++welcomed_;
                                   }};
    const bool stalls = i >= 1 && i <= plan_.stalled;
    members_.push_back(std::make_unique<FrameClient>(*loop_, stalls ? with_buffer(SO_RCVBUF, 4096) : Opener(open_here),
                                                     Endpoint{Ipv4(127, 0, 0, 1), Port{}}, room, std::move(events)));
  }
  void wait(const std::function<bool()>& met, const char* what) {
    if (!met() && !loop_->run_until(met, patience)) throw std::runtime_error(fmt::format("waited too long {}", what));
  }

  Plan plan_;
  std::string text_;
  std::unique_ptr<Selector> loop_ = Selector::make(Poller::epoll);
  std::size_t welcomed_ = 0, said_ = 0;
  std::vector<std::size_t> heard_;
  std::vector<std::unique_ptr<FrameClient>> members_;
};

void allow_many_descriptors() {
  rlimit limit{};
  check_errno(::getrlimit(RLIMIT_NOFILE, &limit), "ask for the limit of open files");
  limit.rlim_cur = limit.rlim_max;
  check_errno(::setrlimit(RLIMIT_NOFILE, &limit), "raise the limit of open files");
}

int report(const Plan& plan, const Account& account, std::size_t slowest, double seconds) {
  const auto& stats = account.stats;
  const auto lines = static_cast<double>(plan.lines);
  const auto hearers = static_cast<double>(plan.members - plan.stalled - 1);
  fmt::print("{} members, {} of them stalled; {} lines of {} bytes\n", plan.members, plan.stalled, plan.lines,
             plan.bytes);
  fmt::print("heard by each of the {} that read: {} lines or more\n", hearers, slowest);
  fmt::print("cut off as slow: {}\n", stats.slow);
  fmt::print("deliveries: {:.0f} a second, {:.2f} us of the room's CPU each\n", lines * hearers / seconds,
             account.cpu_ns / 1e3 / (lines * hearers));
  fmt::print("resident: {} KiB empty, {} KiB with all members ({:.1f} KiB each), {} KiB at most\n", account.kib_before,
             account.kib_full,
             static_cast<double>(account.kib_full - account.kib_before) / static_cast<double>(plan.members),
             account.kib_most);
  fmt::print("waiting for members: {} KiB at most, counted for each\n", account.most_queued / 1024);
  return slowest == plan.lines && stats.slow == plan.stalled ? 0 : 1;
}

int run(const Plan& plan) {
  allow_many_descriptors();
  std::array<int, 2> told{}, control{};
  check_errno(::pipe(told.data()), "pipe");
  check_errno(::pipe(control.data()), "pipe");
  const auto child = check_errno(::fork(), "fork");
  if (child == 0) {
    ::close(control[1]);
    serve(told[1], control[0]);
    ::_exit(0);
  }
  Port port{};
  check_errno(static_cast<int>(::read(told[0], &port, sizeof port)), "hear the port");
  Crowd crowd(plan, {Ipv4(127, 0, 0, 1), port});
  const auto begin = std::chrono::steady_clock::now();
  crowd.converse();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ::close(control[1]);
  Account account;
  check_errno(static_cast<int>(::read(told[0], &account, sizeof account)), "hear the account");
  ::waitpid(child, nullptr, 0);
  return report(plan, account, crowd.slowest(), took.count());
}

}  // namespace
}  // namespace wirelab::bench

int main(int argc, char** argv) {
  wirelab::bench::Plan plan;
  const std::array<std::size_t*, 4> numbers{&plan.members, &plan.stalled, &plan.lines, &plan.bytes};
  for (int i = 1; i < argc && i <= 4; ++i) *numbers[static_cast<std::size_t>(i) - 1] = std::stoul(argv[i]);
  return wirelab::bench::run(plan);
}
