#include "scenarios/knowledge.hpp"

#include <fmt/format.h>

namespace wirelab::scenarios {
namespace {

std::optional<Mac> mac_of(const std::optional<NeighbourEntry>& entry) { return entry ? entry->mac : std::nullopt; }

std::string text(const std::optional<NeighbourEntry>& entry) {
  const auto mac = mac_of(entry);
  return mac ? fmt::format("{} ({})", *mac, to_string(entry->state)) : "nothing";
}

}  // namespace

Knowledge::Knowledge(const Host& whose, const IpAddress& of) : whose_(&whose), of_(of), before_(now()) {}

std::optional<NeighbourEntry> Knowledge::now() const { return neighbour_of(*whose_, of_); }

std::optional<Mac> Knowledge::mac() const { return mac_of(now()); }

bool Knowledge::is_unchanged() const { return mac() == mac_of(before_); }

std::vector<std::string> Knowledge::row(std::string_view done) const {
  return {std::string(done), whose_->name(), of_.to_string(), text(before_), text(now())};
}

}  // namespace wirelab::scenarios
