#include "scenarios/cli/zone.hpp"

#include <optional>

#include <fmt/format.h>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

std::optional<IpAddress> address_in(const std::string& text) {
  if (const auto endpoint = Endpoint::parse(text)) return endpoint->address;
  return IpAddress::parse(text);
}

// fe80::/10 (RFC 4291, 2.5.6).
bool is_link_local(const IpAddress& address) {
  return address.is_v6() && address.bytes()[0] == 0xFE && (address.bytes()[1] & 0xC0) == 0x80;
}

}  // namespace

void refuse_link_local(const std::string& text) {
  const auto address = address_in(text);
  if (text.find('%') == text.npos && !(address && is_link_local(*address))) return;
  throw BadInput(
      fmt::format("'{}' is an address of one link: it needs an interface (%IF), which cannot be given here\n"
                  "take another address of the machine: ip -6 address show scope global",
                  printable(text)));
}

}  // namespace wirelab::cli
