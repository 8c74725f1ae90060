// What a person is told whose machine refuses namespaces: two lines, the reason and the next command.
#include <cerrno>

#include <gtest/gtest.h>

#include "lab/net/lab_root.hpp"

namespace wirelab {
namespace {

struct Case {
  const char* machine;
  Refusal seen;
  const char* told;
};

const Case cases[] = {
    {"user namespaces switched off",
     {.step = "make a user namespace", .error = ENOSPC, .max_user_namespaces = 0},
     "user namespaces are switched off on this machine (user.max_user_namespaces = 0)\n"
     "run with sudo, or switch them on: sudo sysctl user.max_user_namespaces=10000"},
    {"too many in use",
     {.step = "make a user namespace", .error = ENOSPC, .max_user_namespaces = 50},
     "the machine's limit of namespaces is reached (user.max_user_namespaces = 50)\n"
     "end programs that hold some (lsns lists them), or raise the limit with sysctl"},
    {"an older Debian",
     {.step = "make a user namespace", .error = EPERM, .max_user_namespaces = 9999, .unprivileged_userns_clone = 0},
     "this kernel gives user namespaces to root alone (kernel.unprivileged_userns_clone = 0)\n"
     "run with sudo, or allow them: sudo sysctl kernel.unprivileged_userns_clone=1"},
    {"Ubuntu 24.04",
     {.step = "bring up an interface of its own",
      .error = EPERM,
      .max_user_namespaces = 9999,
      .unprivileged_userns_clone = 1,
      .apparmor_restricts_userns = 1},
     "AppArmor leaves user namespaces without power (kernel.apparmor_restrict_unprivileged_userns = 1)\n"
     "run with sudo, or install the AppArmor profile that comes with wirelab"},
    {"a container on Ubuntu",
     {.step = "make a user namespace", .error = EPERM, .root = true, .container = true, .apparmor_restricts_userns = 1},
     "this container may not make a user namespace (Operation not permitted)\n"
     "start it with: docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN ..."},
    {"root without capabilities",
     {.step = "make a user namespace", .error = EPERM, .root = true, .unprivileged_userns_clone = 0},
     "this machine refused to make a user namespace (Operation not permitted)\n"
     "root needs the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN here"},
    {"some other sandbox",
     {.step = "make a user namespace", .error = EPERM},
     "this machine refused to make a user namespace (Operation not permitted)\n"
     "run with sudo"},
};

TEST(Refusal, IsExplainedWithTheNextCommand) {
  for (const auto& [machine, seen, told] : cases) EXPECT_EQ(explain(seen), told) << machine;
}

}  // namespace
}  // namespace wirelab
