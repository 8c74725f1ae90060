#include "scenarios/modes/callers.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>

#include "capture/describe.hpp"
#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "scenarios/look_for.hpp"

namespace wirelab::scenarios::modes {
namespace {

// As a socket call: fails with the error that the kernel keeps for the socket, and takes it from there.
ssize_t pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -1;
  errno = error;
  return error == 0 ? 0 : -1;
}

ssize_t receive_some(int fd) {
  std::array<char, 64> buffer{};
  return ::recv(fd, buffer.data(), buffer.size(), 0);
}

std::string told(const Caller& caller, std::string_view done) {
  auto text = caller.outcome().to_string(done);
  if (caller.sequel()) text += ", then " + caller.sequel()->to_string(done);
  return text;
}

}  // namespace

Callers::Callers(Stage& stage, std::string_view host, Duration limit)
    : stage_(stage), host_(host), tap_(fmt::format("{}:eth0", host)) {
  const auto open = stage.lab.opener(host);
  const Endpoint local{stage.address_of(host), Port{}};
  for (const auto mode : {Mode::blocking, Mode::non_blocking, Mode::time_out})
    callers_[static_cast<std::size_t>(mode)] =
        std::make_unique<Caller>(stage.lab.loop(), open(Transport::tcp, local), mode, limit);
}

void Callers::set_option(int level, int option, int value) const {
  for (const auto& caller : callers_)
    check_errno(::setsockopt(caller->fd(), level, option, &value, sizeof value), "set a socket's option");
}

void Callers::connect(const Endpoint& remote) {
  remote_ = remote;
  const SocketAddress address(remote);
  const auto begin = [address](int fd) { return ::connect(fd, address.data(), address.size()); };
  for (const auto& caller : callers_) caller->call_and_wait(begin, {.write = true}, pending_error);
}

void Callers::receive() {
  for (const auto& caller : callers_) caller->call_and_wait(receive_some, {.read = true}, receive_some);
}

void Callers::send(std::size_t size) {
  const auto bytes = std::make_shared<const Bytes>(size);
  for (const auto& caller : callers_)
    caller->call([bytes](int fd) { return ::send(fd, bytes->data(), bytes->size(), MSG_NOSIGNAL); });
}

void Callers::await(Duration limit) const {
  const auto is_back = [](const auto& caller) { return caller->returned() && !caller->is_waiting(); };
  const bool back = stage_.lab.wait_until([&] { return std::ranges::all_of(callers_, is_back); }, limit);
  Lab::require(back, "a socket call does not return");
}

Evidence Callers::sent(TcpFits fits) const {
  Evidence found;
  for (const auto& caller : callers_) found.push_back(stage_.seen(tap_, look_for::tcp(caller->local(), remote_, fits)));
  return found;
}

Evidence Callers::came(TcpFits fits, Stamp since) const {
  Evidence found;
  for (const auto& caller : callers_)
    found.push_back(stage_.seen(tap_, look_for::tcp(remote_, caller->local(), fits), since));
  return found;
}

std::string Callers::on_the_wire(const Caller& caller, Stamp since) const {
  std::vector<std::pair<std::string, std::size_t>> shown;  // with how often in a row
  const auto ours = [&](const auto&, const capture::Decoded& packet) {
    return packet.tcp() != nullptr && (packet.source() == caller.local() || packet.destination() == caller.local());
  };
  for (const auto* packet : stage_.all_seen(tap_, ours, since)) {
    const auto decoded = capture::decode(*packet);
    const auto& name = decoded.source() == caller.local() ? host_ : stage_.trace.info().names.at(remote_.address);
    auto text = fmt::format("{} [{}]", name, capture::letters_of(decoded.tcp()->flags));
    if (shown.empty() || shown.back().first != text) shown.emplace_back(std::move(text), 0);
    ++shown.back().second;
  }
  std::vector<std::string> texts;
  for (const auto& [text, times] : shown) texts.push_back(times == 1 ? text : fmt::format("{} x{}", text, times));
  return texts.empty() ? "nothing" : fmt::format("{}", fmt::join(texts, ", "));
}

std::vector<std::string> Callers::row(std::string call, std::string_view done, std::string wire) const {
  return {std::move(call), told(blocking(), done), told(non_blocking(), done), told(time_out(), done), std::move(wire)};
}

}  // namespace wirelab::scenarios::modes
