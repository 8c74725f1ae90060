// Addresses of the link, network and transport layers, as plain values. Public, pure.
//
// They never convert silently: libtins' address converts from and to integers on its own, and its `+ 1` adds to the
// wrong byte. Bytes are kept in network order; numbers are handed out in host order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "lab/base/bytes.hpp"

namespace wirelab {

class Ipv4 {
 public:
  static constexpr std::size_t size = 4;
  constexpr Ipv4() = default;
  constexpr Ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) : bytes_{a, b, c, d} {}
  static constexpr Ipv4 from_number(std::uint32_t number) {
    Ipv4 address;
    store_be32(address.bytes_.data(), number);
    return address;
  }
  // `bytes` must hold at least four.
  static Ipv4 from_bytes(ByteView bytes);
  // Dotted decimal, exactly four parts without leading zeros.
  static std::optional<Ipv4> parse(std::string_view text);

  [[nodiscard]] constexpr std::uint32_t number() const { return load_be32(bytes_.data()); }
  [[nodiscard]] constexpr const std::array<std::uint8_t, size>& bytes() const { return bytes_; }
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] constexpr bool is_multicast() const { return (bytes_[0] & 0xF0) == 0xE0; }
  [[nodiscard]] constexpr bool is_unspecified() const { return number() == 0; }
  friend constexpr auto operator<=>(const Ipv4&, const Ipv4&) = default;

 private:
  std::array<std::uint8_t, size> bytes_{};
};

class Ipv6 {
 public:
  static constexpr std::size_t size = 16;
  constexpr Ipv6() = default;
  constexpr explicit Ipv6(const std::array<std::uint8_t, size>& bytes) : bytes_(bytes) {}
  // `bytes` must hold at least sixteen.
  static Ipv6 from_bytes(ByteView bytes);
  // Any form of RFC 4291, section 2.2; no zone.
  static std::optional<Ipv6> parse(std::string_view text);

  [[nodiscard]] constexpr const std::array<std::uint8_t, size>& bytes() const { return bytes_; }
  // The canonical form of RFC 5952.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] constexpr bool is_multicast() const { return bytes_[0] == 0xFF; }
  [[nodiscard]] constexpr bool is_unspecified() const { return *this == Ipv6{}; }
  friend constexpr auto operator<=>(const Ipv6&, const Ipv6&) = default;

 private:
  std::array<std::uint8_t, size> bytes_{};
};

// An address of either version.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  constexpr IpAddress(Ipv4 address) : value_(address) {}         // NOLINT: either version is an IP address
  constexpr IpAddress(const Ipv6& address) : value_(address) {}  // NOLINT
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr bool is_v4() const { return std::holds_alternative<Ipv4>(value_); }
  [[nodiscard]] constexpr bool is_v6() const { return !is_v4(); }
  // Throw std::bad_variant_access on the other version.
  [[nodiscard]] constexpr const Ipv4& v4() const { return std::get<Ipv4>(value_); }
  [[nodiscard]] constexpr const Ipv6& v6() const { return std::get<Ipv6>(value_); }
  // 4 or 16 bytes in network order; the view lives as long as this object.
  [[nodiscard]] ByteView bytes() const;
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] constexpr bool is_multicast() const { return is_v4() ? v4().is_multicast() : v6().is_multicast(); }
  [[nodiscard]] constexpr bool is_unspecified() const {
    return is_v4() ? v4().is_unspecified() : v6().is_unspecified();
  }
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::variant<Ipv4, Ipv6> value_;
};

class Mac {
 public:
  static constexpr std::size_t size = 6;
  constexpr Mac() = default;
  constexpr explicit Mac(const std::array<std::uint8_t, size>& bytes) : bytes_(bytes) {}
  // `bytes` must hold at least six.
  static Mac from_bytes(ByteView bytes);
  static constexpr Mac broadcast() { return Mac{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}; }
  // Six pairs of hexadecimal digits joined by colons.
  static std::optional<Mac> parse(std::string_view text);

  [[nodiscard]] constexpr const std::array<std::uint8_t, size>& bytes() const { return bytes_; }
  [[nodiscard]] std::string to_string() const;
  // The group bit of IEEE 802: multicast or broadcast.
  [[nodiscard]] constexpr bool is_group() const { return (bytes_[0] & 1) != 0; }
  friend constexpr auto operator<=>(const Mac&, const Mac&) = default;

 private:
  std::array<std::uint8_t, size> bytes_{};
};

// A TCP or UDP port in host order.
enum class Port : std::uint16_t {};
constexpr std::uint16_t number(Port port) { return static_cast<std::uint16_t>(port); }
// Decimal, 0 to 65535, digits only.
std::optional<Port> parse_port(std::string_view text);

struct Endpoint {
  IpAddress address;
  Port port{};
  // "10.0.0.1:80" or "[fd00::1]:80".
  static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// An address block in CIDR notation. The address is the block's first: host bits are zero.
class Prefix {
 public:
  constexpr Prefix() = default;
  // Clears the host bits of `address`; throws std::logic_error if `length` exceeds the address' bits.
  Prefix(const IpAddress& address, unsigned length);
  // "10.0.0.0/24"; nothing if host bits are set, so that a slip is not silently mended.
  static std::optional<Prefix> parse(std::string_view text);

  [[nodiscard]] const IpAddress& address() const { return address_; }
  [[nodiscard]] unsigned length() const { return length_; }
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool overlaps(const Prefix& other) const;
  // How many hosts can be addressed: without network and broadcast address in IPv4 up to /30 (RFC 3021 gives a /31
  // both), without the subnet-router anycast address in IPv6 (RFC 4291, 2.6.1). Saturates at 2^64 - 1.
  [[nodiscard]] std::uint64_t hosts() const;
  // The n-th host address, from 1 to hosts(); throws std::logic_error beyond.
  [[nodiscard]] IpAddress host(std::uint64_t n) const;
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  IpAddress address_;
  unsigned length_ = 0;
};

// What fmt prints by its to_string().
template <class T>
concept Address = std::same_as<T, Ipv4> || std::same_as<T, Ipv6> || std::same_as<T, IpAddress> ||
    std::same_as<T, Mac> || std::same_as<T, Endpoint> || std::same_as<T, Prefix>;

}  // namespace wirelab

template <wirelab::Address T>
struct fmt::formatter<T> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const T& address, Context& context) const {
    return fmt::formatter<std::string_view>::format(address.to_string(), context);
  }
};

template <>
struct fmt::formatter<wirelab::Port> : fmt::formatter<std::uint16_t> {
  template <class Context>
  auto format(wirelab::Port port, Context& context) const {
    return fmt::formatter<std::uint16_t>::format(wirelab::number(port), context);
  }
};

template <wirelab::Address T>
struct std::hash<T> {
  std::size_t operator()(const T& address) const {
    return std::hash<std::string_view>{}(wirelab::as_text(wirelab::ByteView(address.bytes())));
  }
};
template <>
struct std::hash<wirelab::Endpoint> {
  std::size_t operator()(const wirelab::Endpoint& endpoint) const {
    return std::hash<wirelab::IpAddress>{}(endpoint.address) * 31 + wirelab::number(endpoint.port);
  }
};
