#include "raw/scan.hpp"

#include <array>

namespace wirelab::raw {
namespace {

struct Kind {
  std::string_view name;
  std::uint8_t flags;
};

constexpr std::uint8_t fin = 1, syn = 2, psh = 8, ack = 16, urg = 32;

// In the order of ScanKind.
constexpr std::array kinds{Kind{"syn", syn}, Kind{"fin", fin}, Kind{"null", 0}, Kind{"xmas", fin | psh | urg},
                           Kind{"ack", ack}, Kind{"udp", 0}};

PortState silent(ScanKind kind) {
  return kind == ScanKind::syn || kind == ScanKind::ack ? PortState::filtered : PortState::open_or_filtered;
}

}  // namespace

std::string_view name_of(ScanKind kind) { return kinds.at(static_cast<std::size_t>(kind)).name; }

std::optional<ScanKind> scan_kind(std::string_view name) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds.at(i).name == name) return static_cast<ScanKind>(i);
  }
  return std::nullopt;
}

std::uint8_t flags_of(ScanKind kind) { return kinds.at(static_cast<std::size_t>(kind)).flags; }

std::string_view name_of(PortState state) {
  constexpr std::array<std::string_view, 5> names{"open", "closed", "filtered", "unfiltered", "open|filtered"};
  return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(PortAnswerKind kind) {
  constexpr std::array<std::string_view, 5> names{"SYN ACK", "RST", "UDP", "port unreachable",
                                                  "destination unreachable"};
  return names.at(static_cast<std::size_t>(kind));
}

PortState state_of(ScanKind kind, std::optional<PortAnswerKind> answer) {
  if (!answer) return silent(kind);
  switch (*answer) {
    case PortAnswerKind::syn_ack:
    case PortAnswerKind::datagram:
      return PortState::open;
    case PortAnswerKind::reset:
      return kind == ScanKind::ack ? PortState::unfiltered : PortState::closed;
    case PortAnswerKind::port_unreachable:
      return kind == ScanKind::udp ? PortState::closed : PortState::filtered;
    case PortAnswerKind::unreachable:
      break;
  }
  return PortState::filtered;
}

}  // namespace wirelab::raw
