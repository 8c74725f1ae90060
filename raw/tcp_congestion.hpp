// How much may be under way, whatever the peer's window says: slow start and congestion avoidance (RFC 5681). Public,
// pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace wirelab::raw {

class TcpCongestion {
 public:
  // Ten segments to begin with (RFC 6928).
  explicit TcpCongestion(std::uint32_t segment) : segment_(segment), window_(10 * segment) {}

  // Octets.
  [[nodiscard]] std::uint32_t window() const { return window_; }

  void acknowledged(std::uint32_t octets) {
    const auto step = std::min(octets, segment_);
    const auto grown = window_ < threshold_ ? step : std::max(1U, segment_ * step / window_);
    window_ = std::min(window_ + grown, most);
  }
  // Three duplicates told of a loss while `under_way` octets were not acknowledged (RFC 5681, 3.2).
  void loss(std::uint32_t under_way) {
    threshold_ = std::max(under_way / 2, 2 * segment_);
    window_ = threshold_;
  }
  // The timer told of it (RFC 5681, 3.1, equation 4).
  void timeout(std::uint32_t under_way) {
    loss(under_way);
    window_ = segment_;
  }

 private:
  static constexpr std::uint32_t most = 1U << 30;
  std::uint32_t segment_;
  std::uint32_t window_;
  std::uint32_t threshold_ = most;
};

}  // namespace wirelab::raw
