// Frames that no kernel answers, sent and received by packet sockets.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"
#include "lab/net/network.hpp"

namespace wirelab {

// A packet socket on a host's eth0, for frames of an EtherType that no kernel answers.
class FrameSocket {
 public:
  static constexpr std::uint16_t type = 0x88B5;  // for experiments (IEEE 802)

  explicit FrameSocket(const Host& host) : interface_(host.interfaces()[0]) {
    host.in([&] {
      socket_ = UniqueFd(check_errno(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket"));
      sockaddr_ll place{};
      place.sll_family = AF_PACKET;
      place.sll_protocol = htons(ETH_P_ALL);
      place.sll_ifindex = static_cast<int>(interface_.index);
      const int on = 1;
      const int room = 16 << 20;
      ::setsockopt(socket_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
      ::setsockopt(socket_.get(), SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
      check_errno(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), "bind");
    });
  }

  // A frame to everybody; its number is the first of its payload.
  [[nodiscard]] Bytes frame(std::uint32_t number, std::size_t payload = 46) const {
    Bytes bytes(ETH_HLEN + payload);
    std::fill_n(bytes.begin(), 6, std::uint8_t{0xff});
    std::copy_n(interface_.mac.bytes().begin(), 6, bytes.begin() + 6);
    store_be16(&bytes[12], type);
    store_be32(&bytes[ETH_HLEN], number);
    return bytes;
  }
  void send(const Bytes& bytes) const {
    check_errno(static_cast<int>(::send(socket_.get(), bytes.data(), bytes.size(), 0)), "send a frame");
  }
  // The next frame, or nothing after `limit`. A VLAN tag, which the kernel takes out and tells beside, is put back.
  [[nodiscard]] std::optional<Bytes> receive(std::chrono::milliseconds limit = std::chrono::seconds(2)) const {
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(limit.count())) != 1) return std::nullopt;
    Bytes bytes(70'000);
    iovec part{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = check_errno(static_cast<int>(::recvmsg(socket_.get(), &message, 0)), "receive a frame");
    bytes.resize(static_cast<std::size_t>(size));
    tpacket_auxdata aside{};
    std::memcpy(&aside, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof aside);
    if ((aside.tp_status & TP_STATUS_VLAN_VALID) != 0) {
      std::array<std::uint8_t, 4> tag{};
      store_be16(&tag[0], aside.tp_vlan_tpid);
      store_be16(&tag[2], aside.tp_vlan_tci);
      bytes.insert(bytes.begin() + 12, tag.begin(), tag.end());
    }
    return bytes;
  }
  // The numbers of the frames that come until the one called `last` does, which should be sent unimpaired.
  [[nodiscard]] std::vector<std::uint32_t> numbers_until(std::uint32_t last) const {
    std::vector<std::uint32_t> numbers;
    while (const auto bytes = receive()) {
      if (load_be16(&(*bytes)[12]) != type) continue;
      numbers.push_back(load_be32(&(*bytes)[ETH_HLEN]));
      if (numbers.back() == last) break;
    }
    return numbers;
  }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Host::Interface interface_;
  UniqueFd socket_;
};

}  // namespace wirelab
