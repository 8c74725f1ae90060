#include "lab/net/relay_socket.hpp"

#include <array>
#include <cstring>
#include <ctime>
#include <optional>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

// Enough for a burst of 10,000 frames while the thread is not running; the kernel gives what it may.
constexpr int room = 16 << 20;
constexpr std::size_t macs_size = 2 * ETH_ALEN;

template <class Value>
void set(int socket, int level, int option, const Value& value, const char* what) {
  check_errno(::setsockopt(socket, level, option, &value, sizeof value), what);
}

// Accepts frames of interfaces from `first` on, so that those of bridges and ports cost no copy.
void accept_from(int socket, unsigned first) {
  constexpr auto ancillary = static_cast<std::uint32_t>(SKF_AD_OFF);
  std::array<sock_filter, 4> code{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, ancillary + SKF_AD_IFINDEX},
      {BPF_JMP | BPF_JGE | BPF_K, 0, 1, first},
      {BPF_RET | BPF_K, 0, 0, 0x40000},
      {BPF_RET | BPF_K, 0, 0, 0},
  }};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  set(socket, SOL_SOCKET, SO_ATTACH_FILTER, program, "attach the relay's filter");
}

union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(tpacket_auxdata))> bytes;
};

// What the kernel says of a frame beside its bytes.
struct Aside {
  Stamp when = stamp_now();
  std::optional<std::uint32_t> tag;  // the VLAN tag that it took out
};

Aside read_aside(msghdr& message) {
  Aside aside;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS) {
      timespec time{};
      std::memcpy(&time, CMSG_DATA(header), sizeof time);
      aside.when = Stamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
    } else if (header->cmsg_level == SOL_PACKET && header->cmsg_type == PACKET_AUXDATA) {
      tpacket_auxdata data{};
      std::memcpy(&data, CMSG_DATA(header), sizeof data);
      if ((data.tp_status & TP_STATUS_VLAN_VALID) == 0) continue;
      const bool has_type = (data.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
      aside.tag = (has_type ? std::uint32_t{data.tp_vlan_tpid} : std::uint32_t{ETH_P_8021Q}) << 16 | data.tp_vlan_tci;
    }
  }
  return aside;
}

}  // namespace

RelaySocket::RelaySocket(unsigned first, std::size_t largest)
    : socket_(check_errno(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "open the relay's socket")),
      slot_(tag_size + largest),
      buffer_(batch * slot_) {
  const int fd = socket_.get();
  accept_from(fd, first);
  set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "keep the relay from hearing itself");
  set(fd, SOL_PACKET, PACKET_AUXDATA, 1, "ask for VLAN tags");
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "ask for stamps");
  for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE, SO_RCVBUF, SO_SNDBUF}) {
    if (::setsockopt(fd, SOL_SOCKET, option, &room, sizeof room) != 0 && errno != EPERM) throw_errno("size the relay");
  }
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(ETH_P_ALL);
  check_errno(::bind(fd, reinterpret_cast<const sockaddr*>(&all), sizeof all), "bind the relay's socket");
}

std::size_t RelaySocket::receive(const Sink& sink) {
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> parts{};
  std::array<sockaddr_ll, batch> sources{};
  std::array<Control, batch> controls{};
  for (std::size_t i = 0; i < batch; ++i) {
    parts[i] = {&buffer_[i * slot_ + tag_size], slot_ - tag_size};
    messages[i].msg_hdr = {
        &sources[i], sizeof sources[i], &parts[i], 1, controls[i].bytes.data(), sizeof controls[i], 0};
  }
  const int count = ::recvmmsg(socket_.get(), messages.data(), batch, MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; static_cast<int>(i) < count; ++i) {
    const auto aside = read_aside(messages[i].msg_hdr);
    auto* begin = &buffer_[i * slot_ + tag_size];
    std::size_t size = messages[i].msg_len;
    if (aside.tag) {
      begin = static_cast<std::uint8_t*>(std::memmove(begin - tag_size, begin, macs_size));
      store_be32(begin + macs_size, *aside.tag);
      size += tag_size;
    }
    sink({static_cast<unsigned>(sources[i].sll_ifindex), aside.when, {begin, size}});
  }
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

bool RelaySocket::send(unsigned interface, ByteView frame) const {
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(interface);
  return ::sendto(socket_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) >= 0;
}

// The kernel forgets what it has told.
std::uint64_t RelaySocket::overrun() {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  check_errno(::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size), "count what was lost");
  return overrun_ += statistics.tp_drops;
}

}  // namespace wirelab
