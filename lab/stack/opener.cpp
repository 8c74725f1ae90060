#include "lab/stack/opener.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"

namespace wirelab {
namespace {

void enable(int fd, int level, int option, const std::string& what) {
  const int on = 1;
  check_errno(::setsockopt(fd, level, option, &on, sizeof on), what);
}

}  // namespace

UniqueFd open_here(Transport transport, const Endpoint& local) {
  const bool tcp = transport == Transport::tcp;
  const auto what = [&](const char* verb) { return fmt::format("{} {} {}", verb, tcp ? "TCP" : "UDP", local); };
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd socket(check_errno(::socket(family_of(local.address), type, 0), what("open a socket for")));
  // So that both versions may use one port, whatever net.ipv6.bindv6only says.
  if (local.address.is_v6()) enable(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, what("IPV6_V6ONLY for"));
  // A port of choice is to be had although connections of a former server are in TIME_WAIT.
  if (tcp && local.port != Port{}) enable(socket.get(), SOL_SOCKET, SO_REUSEADDR, what("SO_REUSEADDR for"));
  const SocketAddress address(local);
  check_errno(::bind(socket.get(), address.data(), address.size()), what("bind"));
  return socket;
}

}  // namespace wirelab
