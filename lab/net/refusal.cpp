// explain: a refused namespace in two lines, for the person who has to do something about it.
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "lab/net/lab_root.hpp"

namespace wirelab {

std::string explain(const Refusal& refusal) {
  if (refusal.max_user_namespaces == 0) {
    return "user namespaces are switched off on this machine (user.max_user_namespaces = 0)\n"
           "run with sudo, or switch them on: sudo sysctl user.max_user_namespaces=10000";
  }
  if (refusal.error == ENOSPC) {
    return fmt::format(
        "the machine's limit of namespaces is reached (user.max_user_namespaces = {})\n"
        "end programs that hold some (lsns lists them), or raise the limit with sysctl",
        refusal.max_user_namespaces);
  }
  if (refusal.unprivileged_userns_clone == 0 && !refusal.root) {
    return "this kernel gives user namespaces to root alone (kernel.unprivileged_userns_clone = 0)\n"
           "run with sudo, or allow them: sudo sysctl kernel.unprivileged_userns_clone=1";
  }
  if (refusal.container) {
    return fmt::format(
        "this container may not {} ({})\n"
        "start it with: docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN ...",
        refusal.step, std::strerror(refusal.error));
  }
  if (refusal.apparmor_restricts_userns == 1 && !refusal.root) {
    return "AppArmor leaves user namespaces without power (kernel.apparmor_restrict_unprivileged_userns = 1)\n"
           "run with sudo, or install the AppArmor profile that comes with wirelab";
  }
  return fmt::format(
      "this machine refused to {} ({})\n{}", refusal.step, std::strerror(refusal.error),
      refusal.root ? "root needs the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN here" : "run with sudo");
}

}  // namespace wirelab
