#include "lab/net/lab_root.hpp"

#include <cerrno>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/net/links.hpp"
#include "lab/net/namespaces.hpp"
#include "lab/net/netlink.hpp"

namespace wirelab {
namespace {

bool done = false;

int setting(const char* path) {
  int value = -1;
  std::ifstream(path) >> value;
  return value;
}

bool in_container() {
  return ::access("/.dockerenv", F_OK) == 0 || ::access("/run/.containerenv", F_OK) == 0 ||
         ::getenv("container") != nullptr;
}

Refusal refusal(std::string step, int error) {
  return {.step = std::move(step),
          .error = error,
          .root = ::geteuid() == 0,
          .container = in_container(),
          .max_user_namespaces = setting("/proc/sys/user/max_user_namespaces"),
          .unprivileged_userns_clone = setting("/proc/sys/kernel/unprivileged_userns_clone"),
          .apparmor_restricts_userns = setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")};
}

// unshare moves only the calling thread: any other would stay in the machine's network.
bool has_one_thread() {
  struct stat tasks {};
  check_errno(::stat("/proc/self/task", &tasks), "count the own threads");
  return tasks.st_nlink == 3;  // ".", the parent's entry, and one thread
}

bool write_file(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The own ids stay what they are: as 0, tcpdump would try to become another user and fail.
bool map_own_ids(uid_t uid, gid_t gid) {
  return write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", fmt::format("{0} {0} 1", uid)) &&
         write_file("/proc/self/gid_map", fmt::format("{0} {0} 1", gid));
}

// A namespace may be granted and be without power (AppArmor): only a deed shows it.
std::optional<Refusal> try_power() {
  try {
    Netlink netlink;
    netlink.add(raise_link(1, "bring up the loopback interface"));
    netlink.flush();
    return std::nullopt;
  } catch (const std::system_error& error) {
    return refusal("bring up an interface of its own", error.code().value());
  }
}

std::optional<Refusal> try_as_root() {
  if (::unshare(CLONE_NEWNET) != 0) return refusal("make a network namespace", errno);
  return try_power();
}

std::optional<Refusal> try_as_user() {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  // A program with file capabilities does not own its /proc entries otherwise.
  ::prctl(PR_SET_DUMPABLE, 1);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return refusal("make a user namespace", errno);
  if (!map_own_ids(uid, gid)) return refusal("keep the own user id in a user namespace", errno);
  return try_power();
}

}  // namespace

void become_lab_root() {
  if (done) return;
  if (!has_one_thread()) throw std::logic_error("become_lab_root() must be called before any thread is started");
  if (try_as_root()) {
    if (const auto refused = try_as_user()) throw Denied(explain(*refused));
  }
  settle_at_home();
  done = true;
}

}  // namespace wirelab
