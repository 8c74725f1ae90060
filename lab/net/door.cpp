#include "lab/net/door.hpp"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/net/door_message.hpp"

namespace wirelab {
namespace {

constexpr timeval patience{.tv_sec = 0, .tv_usec = 250'000};

std::string names_of(const std::vector<Host>& hosts) {
  std::string names;
  for (const auto& host : hosts) names += host.name() + '\n';
  return names;
}

}  // namespace

Door Door::open() {
  UniqueFd listener(check_errno(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "make a door"));
  const DoorAddress address({::geteuid(), ::getpid()});
  check_errno(::bind(listener.get(), address.data(), address.size()), "name the door of the lab");
  check_errno(::listen(listener.get(), SOMAXCONN), "open the door of the lab");
  return Door(std::move(listener));
}

void Door::answer(const Network& network) const {
  const UniqueFd visitor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!visitor || uid_of_peer(visitor.get()) != ::geteuid()) return;
  set_patience(visitor.get(), patience);
  const auto wanted = receive_message(visitor.get());
  if (!wanted) return;
  const auto& hosts = network.hosts();
  const auto found =
      std::find_if(hosts.begin(), hosts.end(), [&](const Host& host) { return host.name() == wanted->text; });
  std::vector<int> namespaces;
  const UniqueFd user(check_errno(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), "open the own user namespace"));
  if (found != hosts.end()) namespaces = {user.get(), found->namespace_fd()};
  // A visitor who has gone in the meantime misses the answer.
  static_cast<void>(send_message(visitor.get(), names_of(hosts), namespaces));
}

}  // namespace wirelab
