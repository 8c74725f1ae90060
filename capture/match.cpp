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
  auto seen =
      std::find_if(equals.next.begin(), equals.next.end(), [&](const auto& entry) { return entry.first == tap; });
  if (seen == equals.next.end()) seen = equals.next.insert(seen, {tap, 0});
  const auto index = std::max(seen->second, equals.expired) - equals.expired;
  seen->second = equals.expired + index + 1;
  const bool first = index == equals.ids.size();
  if (first) {
    equals.ids.push_back(++last_id_);
    order_.emplace_back(stamp, print);
  }
  return {equals.ids[index], first};
}

void Matcher::forget_before(Stamp stamp) {
  for (; !order_.empty() && order_.front().first < stamp; order_.pop_front()) {
    const auto found = equals_.find(order_.front().second);
    found->second.ids.pop_front();
    ++found->second.expired;
    if (found->second.ids.empty()) equals_.erase(found);
  }
}

}  // namespace wirelab::capture
