#include "lab/net/door_message.hpp"

#include <cstring>

#include <fmt/format.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

constexpr std::size_t most_descriptors = 2;
constexpr std::size_t longest_text = 65536;  // more than a thousand host names

union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> bytes;
};

}  // namespace

std::string door_name(const KeptLab& lab) { return fmt::format("wirelab/{}/{}", lab.uid, lab.pid); }

DoorAddress::DoorAddress(const KeptLab& lab) {
  const auto name = door_name(lab);
  address_.sun_family = AF_UNIX;
  name.copy(&address_.sun_path[1], sizeof address_.sun_path - 1);
  size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

void set_patience(int socket, timeval limit) {
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    check_errno(::setsockopt(socket, SOL_SOCKET, option, &limit, sizeof limit), "set a time limit");
  }
}

std::optional<uid_t> uid_of_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

bool send_message(int socket, const std::string& text, const std::vector<int>& descriptors) {
  std::string copy = text;
  iovec part{copy.data(), copy.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

std::optional<DoorMessage> receive_message(int socket) {
  DoorMessage received;
  received.text.resize(longest_text);
  iovec part{received.text.data(), received.text.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const auto size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (size <= 0) return std::nullopt;
  received.text.resize(static_cast<std::size_t>(size));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
      received.descriptors.emplace_back(descriptor);
    }
  }
  return received;
}

}  // namespace wirelab
