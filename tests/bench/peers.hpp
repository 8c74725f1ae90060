// What the benchmarks of raw/ share: contenders of any origin, each a process of its own inside a host of the lab.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/net/network.hpp"

namespace wirelab::bench {

// True if a shell finds the program.
inline bool installed(const std::string& program) {
  const auto question = "command -v " + program + " >/dev/null 2>&1";
  return std::system(question.c_str()) == 0;
}

class ChildProcess {
 public:
  // Runs `work` in `host`; what it prints to standard output can be read. It ends with `work`.
  ChildProcess(const Host& host, const std::function<void()>& work) {
    std::array<int, 2> pipe{};
    check_errno(::pipe(pipe.data()), "make a pipe");
    out_.reset(pipe[0]);
    UniqueFd in(pipe[1]);
    std::fflush(stdout);  // or the child would say it once more
    begin_ = std::chrono::steady_clock::now();
    pid_ = check_errno(::fork(), "fork");
    if (pid_ == 0) {
      ::dup2(in.get(), STDOUT_FILENO);
      if (::setns(host.namespace_fd(), CLONE_NEWNET) != 0) ::_exit(EXIT_FAILURE);
      try {
        work();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(EXIT_FAILURE);
      }
      std::fflush(stdout);
      ::_exit(EXIT_SUCCESS);
    }
  }
  // A program found by PATH; what it says to standard error is not shown.
  ChildProcess(const Host& host, const std::vector<std::string>& command)
      : ChildProcess(host, [&command] {
          std::vector<char*> words;
          for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
          words.push_back(nullptr);
          const int nowhere = ::open("/dev/null", O_RDWR);
          ::dup2(nowhere, STDIN_FILENO);
          ::dup2(nowhere, STDERR_FILENO);
          ::execvp(words[0], words.data());
          ::_exit(127);
        }) {}
  ~ChildProcess() { stop(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  struct Ended {
    std::string output;
    std::chrono::nanoseconds took{};  // from before it was forked to its end
  };
  Ended wait() {
    Ended ended;
    std::array<char, 65536> part{};
    for (ssize_t size = 0; (size = ::read(out_.get(), part.data(), part.size())) > 0;)
      ended.output.append(part.data(), static_cast<std::size_t>(size));
    ::waitpid(pid_, nullptr, 0);
    ended.took = std::chrono::steady_clock::now() - begin_;
    pid_ = -1;
    return ended;
  }
  void stop() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  UniqueFd out_;
  pid_t pid_ = -1;
  std::chrono::steady_clock::time_point begin_;
};

inline std::size_t lines_with(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace wirelab::bench
