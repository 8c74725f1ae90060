// What both sides of a door share: its name, and messages that carry descriptors. Of lab/net.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "lab/base/unique_fd.hpp"
#include "lab/net/door.hpp"

namespace wirelab {

// The abstract address of a lab's door.
class DoorAddress {
 public:
  explicit DoorAddress(const KeptLab& lab);
  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] socklen_t size() const { return size_; }

 private:
  sockaddr_un address_{};
  socklen_t size_;
};
// What DoorAddress writes, as /proc/net/unix shows it.
std::string door_name(const KeptLab& lab);

// Limits how long sending and receiving may take.
void set_patience(int socket, timeval limit);
// Of the process that connected or listened.
std::optional<uid_t> uid_of_peer(int socket);

struct DoorMessage {
  std::string text;
  std::vector<UniqueFd> descriptors;
};
// False if the other side has gone or takes too long.
bool send_message(int socket, const std::string& text, const std::vector<int>& descriptors);
// Nothing if the other side has gone or takes too long.
std::optional<DoorMessage> receive_message(int socket);

}  // namespace wirelab
