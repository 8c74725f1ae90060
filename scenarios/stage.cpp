#include "scenarios/stage.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace wirelab::scenarios {

Evidence operator+(Evidence one, const Evidence& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

// A vector would destroy its first element first.
Stage::~Stage() {
  while (!residents_.empty()) residents_.pop_back();
}

bool Stage::check(std::string name, bool holds, Evidence evidence, std::string otherwise) {
  const bool proven = !evidence.empty() && std::ranges::find(evidence, nullptr) == evidence.end();
  if (holds && !proven) otherwise = "the trace does not show it";
  std::erase(evidence, nullptr);
  const bool ok = holds && proven;
  checks_.push_back({std::move(name), ok, std::move(evidence), ok ? "" : std::move(otherwise)});
  return ok;
}

bool Stage::check_all(std::string name, const Evidence& looked_at, const capture::Trace::Fits& offends) {
  constexpr std::size_t examples = 3;
  Evidence against;
  std::ranges::copy_if(looked_at, std::back_inserter(against),
                       [&](const auto* packet) { return offends(*packet, capture::decode(*packet)); });
  const bool ok = against.empty() && !looked_at.empty();
  Check check{.name = std::move(name), .ok = ok, .evidence = std::move(against), .counted = looked_at.size()};
  if (looked_at.empty()) check.otherwise = "there is no packet to look at";
  if (!check.evidence.empty()) check.otherwise = "these packets speak against it";
  if (ok) {
    check.evidence = looked_at;
    check.evidence.resize(std::min(examples, looked_at.size()));
  }
  checks_.push_back(std::move(check));
  return ok;
}

bool Stage::check_count(std::string name, bool holds, std::string otherwise) {
  checks_.push_back({std::move(name), holds, {}, holds ? "" : std::move(otherwise)});
  return holds;
}

void Stage::made_wrong(const capture::Packet* packet) {
  if (packet != nullptr) made_wrong_.insert(packet->id);
}

void Stage::table(Table table) {
  if (table.columns.empty()) throw std::logic_error("a table without columns");
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size())
      throw std::logic_error(
          fmt::format("a row of \"{}\" has {} cells, not {}", table.title, row.size(), table.columns.size()));
  }
  tables_.push_back(std::move(table));
}

IpAddress Stage::address_of(std::string_view node, std::string_view segment) const {
  for (const auto& interface : lab.host(node).interfaces()) {
    for (const auto& [address, prefix] : interface.addresses) {
      if ((segment.empty() || interface.segment == segment) && address.is_v6() == settings.ipv6) return address;
    }
  }
  throw std::logic_error(fmt::format("{} has no such address on {}", node, segment.empty() ? "any segment" : segment));
}

bool Stage::is_on(std::string_view tap, const capture::Packet& packet) const {
  return trace.info().taps[packet.tap].name == tap;
}

const capture::Packet* Stage::seen(std::string_view tap, const capture::Trace::Fits& fits, Stamp since) {
  return trace.await(
      [&](const auto& packet, const auto& decoded) { return is_on(tap, packet) && fits(packet, decoded); },
      std::chrono::seconds(1), since);
}

Evidence Stage::all_seen(std::string_view tap, const capture::Trace::Fits& fits, Stamp since) const {
  Evidence found;
  for (const auto& packet : trace.packets()) {
    if (packet.stamp >= since && is_on(tap, packet) && fits(packet, capture::decode(packet))) found.push_back(&packet);
  }
  return found;
}

void Stage::reply(const EchoReply& reply) {
  if (on_reply) on_reply(reply);
}

bool Stage::all_hold() const { return !checks_.empty() && std::ranges::all_of(checks_, &Check::ok); }

}  // namespace wirelab::scenarios
