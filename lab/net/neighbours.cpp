#include "lab/net/neighbours.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lab/net/netlink.hpp"

namespace wirelab {
namespace {

constexpr std::array<std::pair<std::uint16_t, NeighbourState>, 8> states{{
    {NUD_INCOMPLETE, NeighbourState::incomplete},
    {NUD_REACHABLE, NeighbourState::reachable},
    {NUD_STALE, NeighbourState::stale},
    {NUD_DELAY, NeighbourState::delay},
    {NUD_PROBE, NeighbourState::probe},
    {NUD_FAILED, NeighbourState::failed},
    {NUD_PERMANENT, NeighbourState::permanent},
    {NUD_NOARP, NeighbourState::none},
}};

NeighbourState state_of(std::uint16_t number) {
  const auto* found = std::find_if(states.begin(), states.end(), [&](const auto& row) { return row.first == number; });
  return found == states.end() ? NeighbourState::none : found->second;
}

std::string interface_of(const Host& host, int index) {
  for (const auto& interface : host.interfaces()) {
    if (interface.index == static_cast<unsigned>(index)) return interface.name;
  }
  return "lo";
}

std::optional<IpAddress> address_in(const nlmsghdr& message) {
  const auto bytes = find_attribute(message, sizeof(ndmsg), NDA_DST);
  if (!bytes) return std::nullopt;
  if (header_of<ndmsg>(message).ndm_family == AF_INET) return Ipv4::from_bytes(*bytes);
  return Ipv6::from_bytes(*bytes);
}

std::optional<NeighbourEntry> entry_in(const Host& host, const nlmsghdr& message) {
  const auto& header = header_of<ndmsg>(message);
  const auto address = address_in(message);
  if (!address || header.ndm_state == NUD_NOARP) return std::nullopt;
  NeighbourEntry entry{.address = *address,
                       .mac = {},
                       .state = state_of(header.ndm_state),
                       .interface = interface_of(host, header.ndm_ifindex)};
  const auto mac = find_attribute(message, sizeof(ndmsg), NDA_LLADDR);
  if (mac && mac->size() == Mac{}.bytes().size()) entry.mac = Mac::from_bytes(*mac);
  return entry;
}

Request about(std::uint16_t type, std::uint16_t flags, const IpAddress& address, unsigned index, std::string what) {
  Request request(type, flags, std::move(what));
  auto& header = request.header<ndmsg>();
  header.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
  header.ndm_ifindex = static_cast<int>(index);
  header.ndm_state = NUD_PERMANENT;
  request.put(NDA_DST, address.bytes());
  return request;
}

void perform(const Host& host, const Request& request) {
  auto netlink = host.in([] { return Netlink(); });
  netlink.add(request);
  netlink.flush();
}

}  // namespace

std::string_view to_string(NeighbourState state) {
  constexpr std::array<std::string_view, 8> names = {"incomplete", "reachable", "stale",     "delay",
                                                     "probe",      "failed",    "permanent", "none"};
  return names[static_cast<std::size_t>(state)];
}

std::string NeighbourEntry::to_string() const {
  if (!mac) return fmt::format("{} ({})", address.to_string(), wirelab::to_string(state));
  return fmt::format("{} is at {} ({})", address.to_string(), mac->to_string(), wirelab::to_string(state));
}

std::vector<NeighbourEntry> neighbour_table(const Host& host) {
  std::vector<NeighbourEntry> table;
  auto netlink = host.in([] { return Netlink(); });
  Request request(RTM_GETNEIGH, NLM_F_DUMP, fmt::format("read the neighbour table of {}", host.name()));
  request.header<ndmsg>();
  netlink.dump(request, [&](const nlmsghdr& message) {
    if (auto entry = entry_in(host, message)) table.push_back(std::move(*entry));
  });
  std::sort(table.begin(), table.end(), [](const auto& one, const auto& other) { return one.address < other.address; });
  return table;
}

std::optional<NeighbourEntry> neighbour_of(const Host& host, const IpAddress& address) {
  for (auto& entry : neighbour_table(host)) {
    if (entry.address == address) return std::move(entry);
  }
  return std::nullopt;
}

void set_static_neighbour(const Host& host, std::string_view interface, const IpAddress& address, const Mac& mac) {
  auto request = about(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, address, host.interface(interface).index,
                       fmt::format("tell {} that {} is at {}", host.name(), address.to_string(), mac.to_string()));
  perform(host, request.put(NDA_LLADDR, mac.bytes()));
}

void forget_neighbour(const Host& host, const IpAddress& address) {
  const auto entry = neighbour_of(host, address);
  if (!entry) return;
  perform(host, about(RTM_DELNEIGH, 0, address, host.interface(entry->interface).index,
                      fmt::format("make {} forget {}", host.name(), address.to_string())));
}

}  // namespace wirelab
