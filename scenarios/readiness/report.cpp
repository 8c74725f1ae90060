#include "scenarios/readiness/report.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "lab/base/error.hpp"
#include "scenarios/error_name.hpp"

namespace wirelab::scenarios::readiness {
namespace {

// poll's and epoll's bits have the same values on Linux.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 7> events{{{EPOLLIN, "IN"},
                                                                            {EPOLLOUT, "OUT"},
                                                                            {EPOLLPRI, "PRI"},
                                                                            {EPOLLRDHUP, "RDHUP"},
                                                                            {EPOLLERR, "ERR"},
                                                                            {EPOLLHUP, "HUP"},
                                                                            {POLLNVAL, "NVAL"}}};
constexpr std::uint32_t wanted = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;  // the others come unasked
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLRDHUP == POLLRDHUP);

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

std::string words_of(std::uint32_t bits) {
  std::string text;
  for (const auto& [bit, word] : events)
    if ((bits & bit) != 0) text += fmt::format("{}{}", text.empty() ? "" : " ", word);
  return or_dash(std::move(text));
}

// A set of one descriptor, as long as it must be: the kernel takes any number of words.
class OneInSet {
 public:
  explicit OneInSet(int fd) : place_(static_cast<std::size_t>(fd)), words_(place_ / word_bits + 1) {
    words_.back() = std::uint64_t{1} << place_ % word_bits;
  }
  fd_set* data() { return reinterpret_cast<fd_set*>(words_.data()); }
  [[nodiscard]] bool has_it() const { return words_.back() != 0; }

 private:
  static constexpr std::size_t word_bits = 64;
  std::size_t place_;
  std::vector<std::uint64_t> words_;
};

std::string select_report(int fd) {
  OneInSet readable(fd), writable(fd), exceptional(fd);
  timeval at_once{};
  if (::select(fd + 1, readable.data(), writable.data(), exceptional.data(), &at_once) < 0) return name_of_error(errno);
  std::string text;
  for (const auto& [has_it, word] :
       {std::pair{readable.has_it(), 'r'}, {writable.has_it(), 'w'}, {exceptional.has_it(), 'e'}})
    if (has_it) text += fmt::format("{}{}", text.empty() ? "" : " ", word);
  return or_dash(std::move(text));
}

}  // namespace

std::string Report::to_string() const {
  return fmt::format("select {}, poll {}, epoll {}, edge-triggered {} and then {}", select, poll, epoll, edge,
                     edge_again);
}

std::string poll_report(int fd) {
  pollfd question{.fd = fd, .events = static_cast<short>(wanted), .revents = 0};
  check_errno(::poll(&question, 1, 0), "poll");
  return words_of(static_cast<std::uint16_t>(question.revents));
}

Epoll::Epoll(int fd, Trigger trigger) : epoll_(check_errno(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
  epoll_event question{};
  question.events = wanted | (trigger == Trigger::edge ? EPOLLET : 0U);
  check_errno(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &question), "epoll_ctl");
}

std::string Epoll::ask() const {
  epoll_event answer{};
  const int found = check_errno(::epoll_wait(epoll_.get(), &answer, 1, 0), "epoll_wait");
  return words_of(found == 0 ? 0 : answer.events);
}

Report report_of(int fd) {
  Report report{.select = select_report(fd), .poll = poll_report(fd), .epoll = "-", .edge = "-", .edge_again = "-"};
  try {
    const Epoll level(fd, Epoll::Trigger::level), edge(fd, Epoll::Trigger::edge);
    report.epoll = level.ask();
    report.edge = edge.ask();
    report.edge_again = edge.ask();
  } catch (const std::system_error& refused) {
    report.epoll = report.edge = report.edge_again = name_of_error(refused.code().value());
  }
  return report;
}

}  // namespace wirelab::scenarios::readiness
