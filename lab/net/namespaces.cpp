#include "lab/net/namespaces.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

// Opened once in become_lab_root and kept as long as the process lives.
int home = -1;
// Where this thread is; -1: at home.
thread_local int here = -1;

// The usual soft limit of 1024 descriptors becomes what the process may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Low numbers are left to sockets, since select can watch only those without help.
UniqueFd park(UniqueFd fd) {
  constexpr int above = 1024;
  const int parked = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, above);
  // Where the hard limit is low itself, the number is not worth a failure.
  return parked < 0 ? std::move(fd) : UniqueFd(parked);
}

UniqueFd current_namespace() {
  return park(UniqueFd(
      check_errno(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open the own network namespace")));
}

void go_back(int to) {
  if (::setns(to < 0 ? home : to, CLONE_NEWNET) == 0) return;
  std::perror("wirelab: return to the own network namespace");
  std::abort();
}

}  // namespace

void settle_at_home() {
  raise_descriptor_limit();
  home = current_namespace().release();
}

int home_namespace() {
  if (home < 0) throw std::logic_error("become_lab_root() comes first: this process is still in the machine's network");
  return home;
}

UniqueFd make_namespace() {
  home_namespace();
  if (::unshare(CLONE_NEWNET) != 0) {
    throw_errno(errno == ENOSPC ? "make a network namespace (user.max_net_namespaces is reached)"
                                : "make a network namespace");
  }
  UniqueFd made;
  try {
    made = current_namespace();
  } catch (...) {
    go_back(here);
    throw;
  }
  go_back(here);
  return made;
}

Visit::Visit(int fd) : back_(here) {
  home_namespace();
  check_errno(::setns(fd, CLONE_NEWNET), "enter a host's network namespace");
  here = fd;
}

Visit::~Visit() {
  go_back(back_);
  here = back_;
}

}  // namespace wirelab
