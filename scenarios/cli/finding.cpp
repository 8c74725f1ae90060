#include "scenarios/cli/finding.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::cli {
namespace {

using std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);

// Between child and parent a finding is a line of JSON.
std::string to_line(const Finding& finding) {
  const nlohmann::json json{finding.section, finding.what, finding.ok,
                            finding.why,     finding.todo, static_cast<int>(finding.otherwise)};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Finding from_line(const std::string& line) {
  const auto json = nlohmann::json::parse(line);
  return {.section = json.at(0),
          .what = json.at(1),
          .ok = json.at(2),
          .why = json.at(3),
          .todo = json.at(4),
          .otherwise = static_cast<ExitCode>(json.at(5).get<int>())};
}

[[noreturn]] void be_child(int pipe, const std::function<void(const Report&)>& examine) {
  int code = 0;
  try {
    examine([pipe](const Finding& finding) {
      const auto line = to_line(finding);
      // A line is shorter than PIPE_BUF or the parent is reading: one write takes it whole.
      if (::write(pipe, line.data(), line.size()) < 0) ::_exit(1);
    });
  } catch (const std::exception&) {
    code = 1;
  }
  ::_exit(code);
}

// Reports each whole line that comes until the other end is closed; false if that takes too long.
bool read_findings(int pipe, const Report& report) {
  const auto deadline = steady_clock::now() + patience;
  std::string text;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    pollfd waiting{pipe, POLLIN, 0};
    if (left <= 0 || (::poll(&waiting, 1, static_cast<int>(left)) < 0 && errno != EINTR)) return false;
    if (waiting.revents == 0) continue;
    std::array<char, 4096> part{};
    const auto size = ::read(pipe, part.data(), part.size());
    if (size <= 0) return size == 0;
    text.append(part.data(), static_cast<std::size_t>(size));
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
      report(from_line(text.substr(0, end)));
      text.erase(0, end + 1);
    }
  }
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

void try_out(const Report& report, Finding finding, const std::function<std::string()>& attempt) {
  try {
    finding.why = attempt();
    finding.ok = true;
    finding.todo.clear();
  } catch (const std::exception& failure) {
    const std::string text = failure.what();
    finding.why = first_line(text);
    if (const auto end = text.find('\n'); end != text.npos) {
      const auto own = std::exchange(finding.todo, first_line(text.substr(end + 1)));
      if (!own.empty()) finding.todo += "; " + own;
    }
  }
  report(std::move(finding));
}

void in_child(const Report& report, const std::string& section, const std::function<void(const Report&)>& examine) {
  std::array<int, 2> ends{};
  check_errno(::pipe2(ends.data(), O_CLOEXEC), "make a pipe");
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t child = check_errno(::fork(), "fork");
  if (child == 0) be_child(writing.get(), examine);
  writing.reset();
  const bool finished = read_findings(reading.get(), report);
  if (!finished) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (finished && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  report({.section = section,
          .what = "examining it",
          .ok = false,
          .why = !finished             ? "took over ten seconds"
                 : WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                       : "ended early",
          .todo = "the rest of this section is not known",
          .otherwise = ExitCode::missing});
}

}  // namespace wirelab::cli
