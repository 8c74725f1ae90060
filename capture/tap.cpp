#include "capture/tap.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <poll.h>

#include "lab/base/error.hpp"

namespace wirelab::capture {
namespace {

// An Ethernet header with one VLAN tag.
constexpr std::uint32_t ethernet_header = 18;
constexpr std::size_t mac_offset = 6;

[[noreturn]] void refuse(pcap_t* handle, int status, const std::string& name) {
  const std::string words = pcap_geterr(handle);
  const auto* reason = words.empty() ? pcap_statustostr(status) : words.c_str();
  if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED) {
    throw Denied(fmt::format("capture on {}: no privilege ({})\nrun it with sudo, or in a lab", name, reason));
  }
  if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
    throw BadInput(fmt::format("capture on {}: there is no such interface ({})", name, reason));
  }
  throw std::runtime_error(fmt::format("capture on {}: {}", name, reason));
}

// What one pcap_dispatch works on.
struct Reading {
  const Tap::Sink& sink;
  PacketView view;
  const Mac& mac;
  std::exception_ptr failure;  // of the sink; nothing may be thrown through libpcap
};

void hand_on(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  auto& [sink, view, mac, failure] = *reinterpret_cast<Reading*>(user);
  if (failure) return;
  // With nanosecond precision tv_usec counts nanoseconds.
  view.stamp = Stamp(std::chrono::seconds(header->ts.tv_sec) + std::chrono::nanoseconds(header->ts.tv_usec));
  view.original_length = header->len;
  view.bytes = {bytes, header->caplen};
  const bool is_own = header->caplen >= mac_offset + Mac::size &&
                      std::equal(mac.bytes().begin(), mac.bytes().end(), bytes + mac_offset);
  view.direction = is_own ? Direction::outbound : Direction::inbound;
  try {
    sink(view);
  } catch (...) {
    failure = std::current_exception();
  }
}

}  // namespace

void Tap::Close::operator()(pcap* handle) const { pcap_close(handle); }

Tap::Tap(const Host& host, std::string_view interface, std::size_t index, const Options& options) : index_(index) {
  const auto& place = host.interface(interface);
  mac_ = place.mac;
  info_.name = fmt::format("{}:{}", host.name(), interface);
  info_.description = fmt::format("{} of {}, on {}", interface, host.name(), place.segment);
  info_.snap_length = options.snap_length != 0 ? options.snap_length : place.mtu + ethernet_header;
  host.in([&] { open(place.name, options); });
}

Tap::Tap(const std::string& interface, const Mac& mac, std::uint32_t mtu, const Options& options) : mac_(mac) {
  info_.name = interface;
  info_.snap_length = options.snap_length != 0 ? options.snap_length : mtu + ethernet_header;
  open(interface, options);
}

void Tap::open(const std::string& interface, const Options& options) {
  char error[PCAP_ERRBUF_SIZE] = {};
  handle_.reset(pcap_create(interface.c_str(), error));
  if (!handle_) throw std::runtime_error(fmt::format("capture on {}: {}", info_.name, error));
  auto* handle = handle_.get();
  pcap_set_snaplen(handle, static_cast<int>(info_.snap_length));
  pcap_set_promisc(handle, 1);
  pcap_set_buffer_size(handle, static_cast<int>(options.buffer));
  pcap_set_immediate_mode(handle, options.hold.count() == 0 ? 1 : 0);
  pcap_set_timeout(handle, static_cast<int>(options.hold.count()));
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  const int status = pcap_activate(handle);
  if (status < 0) refuse(handle, status, info_.name);
  if (pcap_setnonblock(handle, 1, error) < 0) {
    throw std::runtime_error(fmt::format("capture on {}: {}", info_.name, error));
  }
  info_.link = static_cast<LinkType>(pcap_datalink(handle));
  fd_ = pcap_get_selectable_fd(handle);
  patience_ = options.patience;
  started_ = stamp_now();
}

std::size_t Tap::read(const Sink& sink, int limit) {
  Reading reading{sink, {}, mac_, nullptr};
  reading.view.tap = index_;
  const int count = pcap_dispatch(handle_.get(), limit, &hand_on, reinterpret_cast<u_char*>(&reading));
  if (count < 0) refuse(handle_.get(), count, info_.name);
  read_ += static_cast<std::uint32_t>(count);
  if (reading.failure) std::rethrow_exception(reading.failure);
  return static_cast<std::size_t>(count);
}

void Tap::count() {
  pcap_stat statistics{};
  if (pcap_stats(handle_.get(), &statistics) < 0) refuse(handle_.get(), PCAP_ERROR, info_.name);
  received_ = statistics.ps_recv;
  dropped_ = statistics.ps_drop;
}

bool Tap::is_dry() {
  count();
  return read_ + dropped_ == received_;
}

// Of what drain() has to hand on.
std::uint32_t Tap::unread() const {
  const auto behind = static_cast<std::int32_t>(due_.value_or(read_ + dropped_) - (read_ + dropped_));
  return static_cast<std::uint32_t>(std::max(behind, 0));
}

void Tap::drain(const Sink& sink) {
  count();
  due_ = received_;
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  while (unread() != 0 && std::chrono::steady_clock::now() < deadline) {
    if (read(sink) != 0) continue;
    pollfd waiting{fd_, POLLIN, 0};
    ::poll(&waiting, 1, 10);
    count();
  }
}

TapStatistics Tap::statistics() {
  count();
  const auto lost = std::uint64_t{dropped_} + unread();
  return {.started = started_, .ended = stamp_now(), .received = received_, .dropped = lost};
}

}  // namespace wirelab::capture
