// Netlink: requests to the kernel's routing family, many in one system call. Of lab/net.
//
// A Netlink keeps the network namespace in which it was made, wherever its thread goes afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libmnl/libmnl.h>

#include "lab/base/bytes.hpp"

namespace wirelab {

// One message under construction.
class Request {
 public:
  // `what` says what is tried, for the error: "give A's eth0 the address 10.0.1.1".
  Request(std::uint16_t type, std::uint16_t flags, std::string what);

  // Appends a zeroed family header such as ifinfomsg; the reference lives as long as the request stays where it is.
  template <class Header>
  Header& header() {
    return *static_cast<Header*>(room_for(sizeof(Header)));
  }
  Request& put(std::uint16_t attribute, ByteView value);
  Request& put8(std::uint16_t attribute, std::uint8_t value);
  // In host order, as rtnetlink has it.
  Request& put32(std::uint16_t attribute, std::uint32_t value);
  Request& put_text(std::uint16_t attribute, std::string_view text);
  // Whatever `fill` appends lies inside the attribute.
  template <class Fill>
  Request& nest(std::uint16_t attribute, Fill&& fill) {
    const auto start = begin_nest(attribute);
    fill();
    end_nest(start);
    return *this;
  }

  [[nodiscard]] ByteView bytes() const;
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  [[nodiscard]] nlmsghdr* message() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }
  void* room_for(std::size_t size);
  std::size_t begin_nest(std::uint16_t attribute);
  void end_nest(std::size_t start);

  alignas(nlmsghdr) std::array<std::uint8_t, 1024> buffer_;
  std::string what_;
};

class Netlink {
 public:
  // Opens in the calling thread's network namespace.
  Netlink();
  Netlink(Netlink&& other) noexcept;
  Netlink& operator=(Netlink&&) = delete;
  ~Netlink();

  // Queues a request that the kernel acknowledges; it may be sent at once or with later ones.
  void add(const Request& request);
  // Sends what is queued and waits for the acknowledgements. Throws std::system_error for the first failure: what was
  // tried, with the kernel's own words.
  void flush();
  // Calls `use` with the one message of the answer.
  void get(const Request& request, const std::function<void(const nlmsghdr&)>& use);
  // Calls `each` with every message of the answer.
  void dump(const Request& request, const std::function<void(const nlmsghdr&)>& each);
  [[nodiscard]] int fd() const { return mnl_socket_get_fd(socket_); }

 private:
  void send(const Request& request, std::uint16_t flags);
  void receive(const std::function<bool(const nlmsghdr&)>& more);

  mnl_socket* socket_;
  Bytes queue_;
  std::vector<std::string> pending_;  // what each queued request tries, by sequence number from first_
  std::uint32_t first_ = 1;
};

// The family header that a message begins with, such as ifinfomsg.
template <class Header>
const Header& header_of(const nlmsghdr& message) {
  return *static_cast<const Header*>(mnl_nlmsg_get_payload(&message));
}

// The payload of an attribute among those that follow the family header of `header_size` bytes, or inside another
// attribute's payload.
std::optional<ByteView> find_attribute(const nlmsghdr& message, std::size_t header_size, std::uint16_t attribute);
std::optional<ByteView> find_attribute(ByteView nest, std::uint16_t attribute);

}  // namespace wirelab
