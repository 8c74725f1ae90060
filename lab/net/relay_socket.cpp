#include "lab/net/relay_socket.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

constexpr std::size_t macs_size = 2 * ETH_ALEN;
constexpr std::size_t tag_size = 4;  // of a VLAN
// 4096 frames at an MTU of 1500: some 50 ms of a busy link during which the thread need not run.
constexpr std::size_t ring_size = std::size_t{8} << 20;
constexpr std::size_t fewest_slots = 128;
constexpr std::size_t least_block = std::size_t{64} << 10;
constexpr std::size_t batch = 32;

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

// A frame in the ring may be read when the kernel has written this last of all.
std::uint32_t status_of(tpacket2_hdr& header) {
  return std::atomic_ref(header.tp_status).load(std::memory_order_acquire);
}
void give_back(tpacket2_hdr& header) {
  std::atomic_ref(header.tp_status).store(TP_STATUS_KERNEL, std::memory_order_release);
}

Stamp stamp_of(const tpacket2_hdr& header) {
  return Stamp(std::chrono::seconds(header.tp_sec) + std::chrono::nanoseconds(header.tp_nsec));
}

// The kernel takes a VLAN tag out of the frame and tells it beside. There is room before the frame to put it back.
MutableBytes with_tag(MutableBytes frame, const tpacket2_hdr& header) {
  if ((header.tp_status & TP_STATUS_VLAN_VALID) == 0) return frame;
  const bool has_type = (header.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
  auto* begin = frame.data() - tag_size;
  std::memmove(begin, frame.data(), macs_size);
  store_be16(begin + macs_size, has_type ? header.tp_vlan_tpid : std::uint16_t{ETH_P_8021Q});
  store_be16(begin + macs_size + 2, header.tp_vlan_tci);
  return {begin, frame.size() + tag_size};
}

}  // namespace

RelaySocket::RelaySocket(unsigned first, std::size_t largest)
    : socket_(check_errno(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "open the relay's socket")) {
  const int fd = socket_.get();
  accept_from(fd, first);
  set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "keep the relay from hearing itself");
  make_ring(largest);
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(ETH_P_ALL);
  check_errno(::bind(fd, reinterpret_cast<const sockaddr*>(&all), sizeof all), "bind the relay's socket");
}

RelaySocket::~RelaySocket() {
  if (ring_ != nullptr) ::munmap(ring_, slots_ * slot_);
}

void RelaySocket::make_ring(std::size_t largest) {
  set(socket_.get(), SOL_PACKET, PACKET_VERSION, int{TPACKET_V2}, "choose the relay's ring");
  set(socket_.get(), SOL_PACKET, PACKET_RESERVE, unsigned{tag_size}, "leave room for VLAN tags");
  slot_ = std::bit_ceil(TPACKET2_HDRLEN + 2 * tag_size + TPACKET_ALIGNMENT + largest);
  slots_ = std::max(ring_size / slot_, fewest_slots);
  const auto block = std::max(slot_, least_block);
  const tpacket_req request{.tp_block_size = static_cast<unsigned>(block),
                            .tp_block_nr = static_cast<unsigned>(slots_ * slot_ / block),
                            .tp_frame_size = static_cast<unsigned>(slot_),
                            .tp_frame_nr = static_cast<unsigned>(slots_)};
  set(socket_.get(), SOL_PACKET, PACKET_RX_RING, request, "make the relay's ring");
  void* memory = ::mmap(nullptr, slots_ * slot_, PROT_READ | PROT_WRITE, MAP_SHARED, socket_.get(), 0);
  if (memory == MAP_FAILED) throw_errno("map the relay's ring");
  ring_ = static_cast<std::uint8_t*>(memory);
}

std::size_t RelaySocket::receive(const Sink& sink) {
  std::size_t count = 0;
  for (; count < batch; ++count) {
    auto* slot = ring_ + next_ * slot_;
    auto& header = *reinterpret_cast<tpacket2_hdr*>(slot);
    if ((status_of(header) & TP_STATUS_USER) == 0) break;
    const auto& source = *reinterpret_cast<const sockaddr_ll*>(slot + TPACKET_ALIGN(sizeof header));
    const auto frame = with_tag({slot + header.tp_mac, header.tp_snaplen}, header);
    sink({static_cast<unsigned>(source.sll_ifindex), stamp_of(header), frame});
    give_back(header);
    next_ = (next_ + 1) % slots_;
  }
  return count;
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
