#include "lab/base/address.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <arpa/inet.h>

namespace wirelab {
namespace {

template <class T>
std::optional<T> parse_decimal(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
T first_bytes_of(ByteView bytes) {
  if (bytes.size() < T::size) throw std::logic_error("an address needs more bytes than it was given");
  std::array<std::uint8_t, T::size> copy{};
  std::copy_n(bytes.begin(), T::size, copy.begin());
  if constexpr (std::same_as<T, Ipv4>) {
    return Ipv4{copy[0], copy[1], copy[2], copy[3]};
  } else {
    return T{copy};
  }
}

unsigned bits_of(const IpAddress& address) { return address.is_v4() ? 32U : 128U; }

// `address` with every bit from `length` on cleared.
IpAddress first_of_block(const IpAddress& address, unsigned length) {
  Bytes bytes = copy_of(address.bytes());
  for (unsigned bit = length; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  if (address.is_v4()) return Ipv4::from_bytes(bytes);
  return Ipv6::from_bytes(bytes);
}

}  // namespace

Ipv4 Ipv4::from_bytes(ByteView bytes) { return first_bytes_of<Ipv4>(bytes); }

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
  in_addr raw{};
  if (::inet_pton(AF_INET, std::string(text).c_str(), &raw) != 1 || text.find('\0') != text.npos) return std::nullopt;
  return from_number(ntohl(raw.s_addr));
}

std::string Ipv4::to_string() const { return fmt::format("{}", fmt::join(bytes_, ".")); }

Ipv6 Ipv6::from_bytes(ByteView bytes) { return first_bytes_of<Ipv6>(bytes); }

std::optional<Ipv6> Ipv6::parse(std::string_view text) {
  std::array<std::uint8_t, size> raw{};
  if (::inet_pton(AF_INET6, std::string(text).c_str(), raw.data()) != 1 || text.find('\0') != text.npos)
    return std::nullopt;
  return Ipv6{raw};
}

std::string Ipv6::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
  return text.data();
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (const auto v4 = Ipv4::parse(text)) return *v4;
  if (const auto v6 = Ipv6::parse(text)) return *v6;
  return std::nullopt;
}

ByteView IpAddress::bytes() const {
  if (is_v4()) return v4().bytes();
  return v6().bytes();
}

std::string IpAddress::to_string() const { return is_v4() ? v4().to_string() : v6().to_string(); }

Mac Mac::from_bytes(ByteView bytes) { return first_bytes_of<Mac>(bytes); }

std::optional<Mac> Mac::parse(std::string_view text) {
  constexpr std::size_t length = 17;
  if (text.size() != length) return std::nullopt;
  for (std::size_t i = 2; i < length; i += 3) {
    if (text[i] != ':') return std::nullopt;
  }
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != size) return std::nullopt;
  return from_bytes(*bytes);
}

std::string Mac::to_string() const { return to_hex(bytes_, ":"); }

std::optional<Port> parse_port(std::string_view text) {
  const auto value = parse_decimal<std::uint16_t>(text);
  if (!value) return std::nullopt;
  return Port{*value};
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!port || !address || address->is_v6() != bracketed) return std::nullopt;
  return Endpoint{*address, *port};
}

std::string Endpoint::to_string() const {
  return address.is_v4() ? fmt::format("{}:{}", address, port) : fmt::format("[{}]:{}", address, port);
}

Prefix::Prefix(const IpAddress& address, unsigned length) : length_(length) {
  if (length > bits_of(address)) throw std::logic_error(fmt::format("/{} is longer than {}", length, address));
  address_ = first_of_block(address, length);
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  const auto length = parse_decimal<unsigned>(text.substr(slash + 1));
  if (!address || !length || *length > bits_of(*address)) return std::nullopt;
  Prefix prefix{*address, *length};
  if (prefix.address_ != *address) return std::nullopt;
  return prefix;
}

bool Prefix::contains(const IpAddress& address) const {
  return address.is_v4() == address_.is_v4() && first_of_block(address, length_) == address_;
}

bool Prefix::overlaps(const Prefix& other) const { return contains(other.address_) || other.contains(address_); }

std::uint64_t Prefix::hosts() const {
  const unsigned host_bits = bits_of(address_) - length_;
  if (host_bits >= 64) return ~std::uint64_t{0};
  const std::uint64_t all = std::uint64_t{1} << host_bits;
  if (host_bits <= 1) return all;
  return address_.is_v4() ? all - 2 : all - 1;
}

IpAddress Prefix::host(std::uint64_t n) const {
  if (n < 1 || n > hosts()) throw std::logic_error(fmt::format("{} has no host number {}", to_string(), n));
  const bool first_is_a_host = bits_of(address_) - length_ <= 1;
  const std::uint64_t offset = first_is_a_host ? n - 1 : n;
  if (address_.is_v4()) return Ipv4::from_number(address_.v4().number() + static_cast<std::uint32_t>(offset));
  auto bytes = address_.v6().bytes();
  store_be64(bytes.data() + 8, load_be64(bytes.data() + 8) + offset);
  return Ipv6{bytes};
}

std::string Prefix::to_string() const { return fmt::format("{}/{}", address_, length_); }

}  // namespace wirelab
