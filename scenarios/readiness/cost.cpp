#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "scenarios/readiness/cases.hpp"
#include "scenarios/readiness/descriptor_limit.hpp"
#include "scenarios/readiness/plot.hpp"
#include "scenarios/readiness/wakes.hpp"

namespace wirelab::scenarios::readiness {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_connections = 10'000;
constexpr std::size_t spare_descriptors = 100;  // for everything else that the process opens meanwhile
constexpr std::size_t most_wakes = 200;         // of one point; the median counts
constexpr Duration time_for_a_point = 60ms;     // fewer wakes, but some, where one takes long

// TCP connections of a host with itself, over its loopback interface, where no tap is.
class Connections {
 public:
  explicit Connections(const Host& host) : host_(host) {
    host_.in([&] { listener_ = open_here(Transport::tcp, {Ipv4{127, 0, 0, 1}, Port{}}); });
    check_errno(::listen(listener_.get(), SOMAXCONN), "listen on loopback");
  }

  // Tells `added` the accepted end of each new one.
  void grow_to(std::size_t size, const std::function<void(int fd)>& added) {
    host_.in([&] {
      while (ends_.size() < size) {
        connect_one();
        added(ends_.back().accepted.get());
      }
    });
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  // The far end of one sends a byte.
  void speak(std::size_t which) const {
    check_errno(static_cast<int>(::send(ends_[which].far.get(), "x", 1, MSG_NOSIGNAL)), "send a byte on loopback");
  }

 private:
  struct Ends {
    UniqueFd far, accepted;
  };

  void connect_one() {
    UniqueFd far = open_here(Transport::tcp, {Ipv4{127, 0, 0, 1}, Port{}});
    // Closed by a reset, so that thousands do not linger in TIME_WAIT.
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    check_errno(::setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "set SO_LINGER");
    const SocketAddress address(local_endpoint(listener_.get()));
    (void)::connect(far.get(), address.data(), address.size());  // EINPROGRESS; accept() tells whether it came
    pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    (void)::poll(&waiting, 1, 1000);
    UniqueFd accepted(
        check_errno(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept on loopback"));
    ends_.push_back({std::move(far), std::move(accepted)});
  }

  const Host& host_;
  UniqueFd listener_;
  std::vector<Ends> ends_;
};

// Of this thread.
Duration cpu_time() {
  timespec now{};
  check_errno(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), "read this thread's CPU time");
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// CPU time from before the wait until the byte is read.
Duration cost_of_one(Wakes& wakes) {
  const auto before = cpu_time();
  const int fd = wakes.wait();
  Lab::require(fd >= 0, "a byte was sent on loopback, but no connection became readable");
  char byte = 0;
  const auto received = ::recv(fd, &byte, 1, 0);
  const auto cost = cpu_time() - before;
  if (received != 1) throw_errno("receive a byte on loopback");
  return cost;
}

// The median of many, in microseconds; each time another connection speaks, chosen at random.
double cost_of_a_wake(Wakes& wakes, const Connections& connections, std::mt19937_64& random) {
  std::vector<Duration> costs;
  const auto end = std::chrono::steady_clock::now() + time_for_a_point;
  do {
    connections.speak(random() % connections.size());
    costs.push_back(cost_of_one(wakes));
  } while (costs.size() < most_wakes && std::chrono::steady_clock::now() < end);
  const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2);
  std::ranges::nth_element(costs, middle);
  return std::chrono::duration<double, std::micro>(*middle).count();
}

// 10, 30, 100, ... up to what the limit of descriptors allows; two are needed for each connection.
std::vector<std::size_t> sizes_within(std::size_t descriptors) {
  const auto spare = descriptors > spare_descriptors ? descriptors - spare_descriptors : 0;
  const auto most = std::min(most_connections, spare / 2);
  std::vector<std::size_t> sizes;
  for (std::size_t size = 10; size < most; size = sizes.size() % 2 == 1 ? size * 3 : size / 3 * 10)
    sizes.push_back(size);
  if (most >= 10) sizes.push_back(most);
  return sizes;
}

struct Costs {
  std::vector<std::size_t> sizes;
  std::vector<Plot::Line> lines;  // microseconds by connections, a line a call
};

Costs measure(Stage& stage) {
  const auto descriptors = DescriptorLimit::at_least(2 * most_connections + spare_descriptors);
  Costs costs{.sizes = sizes_within(descriptors.limit()), .lines = {}};
  auto contenders = all_wakes();
  for (const auto& contender : contenders) costs.lines.push_back({contender.name, {}});
  Connections connections(stage.lab.host("A"));
  for (const auto size : costs.sizes) {
    connections.grow_to(size, [&](int fd) {
      for (const auto& contender : contenders) contender.wakes->add(fd);
    });
    for (std::size_t n = 0; n < contenders.size(); ++n) {
      const auto cost = cost_of_a_wake(*contenders[n].wakes, connections, stage.lab.random());
      costs.lines[n].points.emplace_back(static_cast<double>(size), cost);
      stage.lab.loop().turn(0s);  // whoever interrupts is heard
    }
  }
  return costs;
}

void tell_table(Stage& stage, const Costs& costs) {
  Table table{.title = "CPU time of a wake on this machine, in microseconds: one connection of so many has something",
              .columns = {"connections"},
              .rows = {}};
  for (const auto& line : costs.lines) table.columns.push_back(line.name);
  for (std::size_t n = 0; n < costs.sizes.size(); ++n) {
    std::vector<std::string> row{std::to_string(costs.sizes[n])};
    for (const auto& line : costs.lines) row.push_back(fmt::format("{:.1f}", line.points[n].second));
    table.rows.push_back(std::move(row));
  }
  stage.table(std::move(table));
}

// What one more idle connection adds to a wake, in whole nanoseconds; no "-0".
double slope(const Plot::Line& line) {
  const auto& [few, low] = line.points.front();
  const auto& [many, high] = line.points.back();
  return std::round((high - low) * 1000 / (many - few)) + 0.0;
}

void check_growth(Stage& stage, const Costs& costs) {
  const auto &select = costs.lines[0], &poll = costs.lines[1], &epoll = costs.lines[2];
  const auto claim = fmt::format(
      "among {} connections a wake by epoll costs less than a fifth of one by select or poll", costs.sizes.back());
  const auto limit = std::min(select.points.back().second, poll.points.back().second) / 5;
  stage.check_count(claim, epoll.points.back().second < limit,
                    fmt::format("{:.1f} us, with {:.1f} us of select and {:.1f} us of poll", epoll.points.back().second,
                                select.points.back().second, poll.points.back().second));
  stage.lab.note("an idle connection adds {:.0f} ns to a wake by select, {:.0f} ns by poll, {:.0f} ns by epoll",
                 slope(select), slope(poll), slope(epoll));
}

}  // namespace

void measure_cost(Stage& stage) {
  stage.lab.step("A opens connections to itself and measures what a wake costs among more and more that are idle");
  const auto costs = measure(stage);
  constexpr std::size_t telling = 1000;
  if (costs.sizes.empty() || costs.sizes.back() < telling) {
    stage.lab.note("the limit of descriptors allows too few connections to compare; ulimit -Hn tells it");
    return;
  }
  tell_table(stage, costs);
  check_growth(stage, costs);
  stage.attach({.suffix = "-cost.svg",
                .shows = "What a wake costs",
                .content = to_svg({.title = "What a wake costs among idle connections",
                                   .x_axis = "connections that are watched",
                                   .y_axis = "CPU time of a wake, microseconds",
                                   .lines = costs.lines})});
}

}  // namespace wirelab::scenarios::readiness
