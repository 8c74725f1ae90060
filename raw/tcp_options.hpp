// The options of a TCP header: read from bytes that are not trusted, and written as Linux writes them. Public, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "lab/base/bytes.hpp"
#include "raw/ip_header.hpp"
#include "raw/tcp_sequence.hpp"

namespace wirelab::raw {

constexpr std::size_t max_tcp_options = 40;  // bytes: what the data offset can tell beyond the header itself

// RFC 7323, 3.2.
struct TcpTimestamps {
  std::uint32_t value = 0;
  std::uint32_t echo = 0;
  friend bool operator==(const TcpTimestamps&, const TcpTimestamps&) = default;
};

struct TcpOptions {
  // An option of another kind, or of a known kind with a length that it cannot have.
  struct Other {
    std::uint8_t kind = 0;
    Bytes data;
    friend bool operator==(const Other&, const Other&) = default;
  };
  std::optional<std::uint16_t> mss;          // RFC 9293, 3.7.1
  std::optional<std::uint8_t> window_scale;  // RFC 7323, 2.2: a shift, as it came; over 14 counts as 14
  bool sack_permitted = false;               // RFC 2018, 2
  std::optional<TcpTimestamps> timestamps;
  std::vector<SequenceRange> sack;  // RFC 2018, 3: at most four blocks
  std::vector<Other> others;
  friend bool operator==(const TcpOptions&, const TcpOptions&) = default;
};

// `bytes` is what lies between the header and the data. Malformed, with an offset into it: an option whose length is
// below 2 or leads beyond the end. Of an option that comes twice the last one counts.
std::variant<TcpOptions, Malformed> read_tcp_options(ByteView bytes);

// In Linux' order and alignment, a multiple of four bytes. Throws std::logic_error if they take more than 40.
Bytes write_tcp_options(const TcpOptions& options);

}  // namespace wirelab::raw
