// Linux before 5.11 has no epoll_pwait2: the selector then waits in whole milliseconds, and still never too short.
#include <array>
#include <cstddef>
#include <cstdlib>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {
namespace {

using namespace std::chrono_literals;

// From here on the kernel says ENOSYS to this process, as an old one would.
void take_away_epoll_pwait2() {
  std::array filter{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  check_errno(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
  check_errno(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

[[noreturn]] void wait_without_epoll_pwait2() {
  take_away_epoll_pwait2();
  const auto loop = Selector::make(Poller::epoll);
  const auto pair = socket_pair();
  bool read = false;
  (void)loop->add(pair.here.get(), reading, [&](Ready) {
    drain(pair.here.get());
    read = true;
  });
  write_to(pair.there.get(), "x");
  if (!loop->turn(soon) || !read) std::exit(1);
  const auto due = now() + 100us;
  bool ran = false;
  loop->at(due, [&] { ran = true; });
  if (!loop->turn(soon) || !ran || now() < due) std::exit(2);  // one turn: rounded up, not down to a busy loop
  std::exit(0);
}

TEST(EpollFallbackTest, WaitsInMillisecondsOnAnOldKernel) {
  EXPECT_EXIT(wait_without_epoll_pwait2(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace wirelab::testing
