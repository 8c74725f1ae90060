#include "scenarios/readiness/cases.hpp"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>

#include "scenarios/error_name.hpp"

namespace wirelab::scenarios::readiness {
namespace {

using namespace std::chrono_literals;

std::string told(std::string_view call, ssize_t result) {
  return fmt::format("{} {}", call, result < 0 ? name_of_error(errno) : std::to_string(result));
}

// Edge-triggered reports the same as level-triggered when it is first asked, and nothing more until something happens.
bool is_as_expected(const Case& expected, const Report& report) {
  const bool refused = expected.epoll != expected.poll;
  return report ==
         Report{expected.select, expected.poll, expected.epoll, expected.epoll, refused ? expected.epoll : "-"};
}

std::string edge_text(const Report& report) {
  if (report.edge != report.epoll || report.edge == "-") return report.edge;
  return report.edge_again == "-" ? "once" : report.edge_again;
}

std::string claim_of(const Case& expected) {
  const auto epoll = expected.epoll == expected.poll
                         ? fmt::format("poll and epoll {}, edge-triggered once", expected.poll)
                         : fmt::format("poll {}, epoll {}", expected.poll, expected.epoll);
  return fmt::format("{}: select says {}, {}; then {}", expected.name, expected.select, epoll, expected.then);
}

}  // namespace

bool await_state(Stage& stage, const std::function<bool()>& met) {
  auto& loop = stage.lab.loop();
  const auto tick = loop.every(1ms, [] {});
  const bool is_met = stage.lab.wait_until(met, 5s);
  loop.cancel(tick);
  return is_met;
}

std::string try_receive(int fd) {
  std::array<char, 512> buffer{};
  return told("recv", ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT));
}

std::string try_send(int fd) { return told("send", ::send(fd, "wirelab", 7, MSG_NOSIGNAL | MSG_DONTWAIT)); }

std::string try_socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return told("SO_ERROR", -1);
  return fmt::format("SO_ERROR {}", error == 0 ? "0" : name_of_error(error));
}

std::string in_turn(std::initializer_list<std::string> results) { return fmt::format("{}", fmt::join(results, ", ")); }

void Cases::add(const Case& expected, int fd, const std::function<std::string(int fd)>& next,
                const Evidence& evidence) {
  await_state(stage_, [&] { return poll_report(fd) == expected.poll; });
  const auto report = report_of(fd);
  const auto then = next(fd);
  const bool holds = is_as_expected(expected, report) && then == expected.then;
  const auto found = fmt::format("{}; then {}", report.to_string(), then);
  if (evidence.empty()) {
    stage_.check_count(claim_of(expected), holds, found);
  } else {
    stage_.check(claim_of(expected), holds, evidence, found);
  }
  tell(expected.name, report, then);
}

void Cases::tell(const std::string& name, const Report& report, const std::string& then) {
  rows_.push_back({name, report.select, report.poll, report.epoll == report.poll ? "as poll" : report.epoll,
                   edge_text(report), then});
}

void Cases::tell_table() {
  stage_.table({.title = "What each reports of one descriptor, and what the next calls give",
                .columns = {"case", "select", "poll", "epoll", "edge-triggered", "then"},
                .rows = std::move(rows_)});
}

}  // namespace wirelab::scenarios::readiness
