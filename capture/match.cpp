#include "capture/match.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace wirelab::capture {
namespace {

// Collects what stays the same, then hashes it. Sizes go in too, so that no two packets collect equal bytes.
class Collector {
 public:
  Collector& add(std::uint64_t number) {
    std::uint8_t bytes[8];
    store_be64(bytes, number);
    text_ += as_text(bytes);
    return *this;
  }
  Collector& add(ByteView bytes) {
    add(bytes.size());
    text_ += as_text(bytes);
    return *this;
  }
  [[nodiscard]] std::uint64_t hash() const { return std::hash<std::string_view>{}(text_); }

 private:
  std::string text_;
};

std::uint64_t bits(const TcpFlags& flags) {
  return std::uint64_t{flags.fin} | std::uint64_t{flags.syn} << 1 | std::uint64_t{flags.rst} << 2 |
         std::uint64_t{flags.psh} << 3 | std::uint64_t{flags.ack} << 4 | std::uint64_t{flags.urg} << 5 |
         std::uint64_t{flags.ece} << 6 | std::uint64_t{flags.cwr} << 7;
}

// What no NAT changes of a transport's packet. An echo identifier is to a NAT what a port is: left out.
void collect_transport(Collector& collector, const Decoded& packet) {
  if (const auto* tcp = packet.tcp()) {
    collector.add(tcp->sequence).add(tcp->acknowledgement).add(bits(tcp->flags)).add(tcp->payload);
  } else if (const auto* udp = packet.udp()) {
    collector.add(udp->payload);
  } else if (const auto* icmp = packet.icmp()) {
    collector.add(icmp->type).add(icmp->code).add(icmp->sequence);
    if (icmp->quoted) {
      collector.add(fingerprint(*icmp->quoted, Across::nats));
    } else {
      collector.add(icmp->payload);
    }
  } else {
    collector.add(packet.ip->payload);
  }
}

}  // namespace

std::uint64_t fingerprint(const Decoded& packet, Across across) {
  Collector collector;
  if (!packet.ip) return collector.add(packet.frame).hash();
  const Ip& ip = *packet.ip;
  collector.add(ip.protocol).add(ip.fragment_offset).add(std::uint64_t{ip.more_fragments});
  if (across == Across::nats) {
    collect_transport(collector, packet);
  } else {
    collector.add(ip.source.bytes()).add(ip.destination.bytes()).add(ip.id).add(ip.payload);
  }
  return collector.hash();
}

Matcher::Match Matcher::match(std::size_t tap, Stamp stamp, const Decoded& packet) {
  forget_before(stamp - window_);
  const auto print = fingerprint(packet, across_);
  auto& equals = equals_[print];
  auto seen = std::ranges::find(equals.next, tap, [](const auto& entry) { return entry.first; });
  if (seen == equals.next.end()) seen = equals.next.insert(seen, {tap, 0});
  auto index = std::max(seen->second, equals.expired) - equals.expired;
  while (index < equals.entries.size() && equals.entries[index].lost) ++index;
  seen->second = equals.expired + index + 1;
  const bool first = index == equals.entries.size();
  if (first) {
    equals.entries.push_back({.id = ++last_id_});
    order_.emplace_back(stamp, print);
  }
  const auto& entry = equals.entries[index];
  return {entry.id, first, entry.copy};
}

const Matcher::Equals* Matcher::find(const Decoded& packet) const {
  const auto found = equals_.find(fingerprint(packet, across_));
  return found == equals_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> Matcher::last(std::optional<std::size_t> tap, const Decoded& packet) const {
  const auto* equals = find(packet);
  if (equals == nullptr) return std::nullopt;
  const auto seen = std::ranges::find_if(equals->next, [&](const auto& entry) { return entry.first == tap; });
  if (seen != equals->next.end() && seen->second > equals->expired)
    return equals->entries[seen->second - equals->expired - 1].id;
  const auto youngest =
      std::find_if(equals->entries.rbegin(), equals->entries.rend(), [](const Entry& entry) { return !entry.lost; });
  if (youngest == equals->entries.rend()) return std::nullopt;
  return youngest->id;
}

void Matcher::lost(std::uint64_t id, const Decoded& packet) {
  const auto found = equals_.find(fingerprint(packet, across_));
  if (found == equals_.end()) return;
  // Ids only grow.
  auto& entries = found->second.entries;
  for (auto entry = std::ranges::lower_bound(entries, id, {}, &Entry::id); entry != entries.end() && entry->id == id;
       ++entry)
    entry->lost = true;
}

// The copy follows the packet, and who saw that one has the copy behind them.
void Matcher::copied(std::uint64_t id, const Decoded& packet) {
  const auto found = equals_.find(fingerprint(packet, across_));
  if (found == equals_.end()) return;
  auto& [expired, entries, next] = found->second;
  const auto original = std::ranges::lower_bound(entries, id, {}, &Entry::id);
  if (original == entries.end() || original->id != id) return;
  const auto number = expired + static_cast<std::uint64_t>(original - entries.begin());
  for (auto& [tap, count] : next) count += count > number ? 1 : 0;
  entries.insert(original + 1, {.id = id, .copy = true});
  order_.emplace_back(order_.back().first, found->first);
}

void Matcher::forget_before(Stamp stamp) {
  for (; !order_.empty() && order_.front().first < stamp; order_.pop_front()) {
    const auto found = equals_.find(order_.front().second);
    found->second.entries.pop_front();
    ++found->second.expired;
    if (found->second.entries.empty()) equals_.erase(found);
  }
}

}  // namespace wirelab::capture
