#include "capture/origin.hpp"

#include <algorithm>
#include <string_view>

namespace wirelab::capture {
namespace {

constexpr std::uint8_t protocol_igmp = 2, protocol_icmpv6 = 58;
// Enough to tell two transport headers apart, and never more than a first fragment holds.
constexpr std::size_t key_bytes = 20;
// Fragments arrive within moments; more first fragments than this need not be remembered.
constexpr std::size_t most_fragmented = 4096;

std::uint64_t hash_of(ByteView bytes) { return std::hash<std::string_view>{}(as_text(bytes)); }

// The kernel computes the checksum of what is sent through a raw ICMPv6 socket (RFC 3542, 3.1).
Bytes comparable(std::uint8_t protocol, ByteView payload) {
  Bytes bytes = copy_of(payload);
  if (protocol == protocol_icmpv6 && bytes.size() >= 4) store_be16(bytes.data() + 2, 0);
  return bytes;
}

std::uint64_t payload_key(std::uint8_t protocol, const IpAddress& destination, ByteView payload) {
  Bytes key = comparable(protocol, payload.first(std::min(payload.size(), key_bytes)));
  key.push_back(protocol);
  const ByteView address = destination.bytes();
  key.insert(key.end(), address.begin(), address.end());
  return hash_of(key);
}

std::uint64_t fragment_key(const Ip& ip) {
  Bytes key = copy_of(ip.source.bytes());
  const ByteView destination = ip.destination.bytes();
  key.insert(key.end(), destination.begin(), destination.end());
  key.resize(key.size() + 5, ip.protocol);
  store_be32(key.data() + key.size() - 4, ip.id);
  return hash_of(key);
}

// What follows the IP header. Not by the length that the header states: the kernel puts that right on sending.
ByteView payload_of(const Decoded& forged) { return forged.frame.subspan(forged.ip->header.size()); }

bool is_same_payload(std::uint8_t protocol, ByteView forged, const Ip& seen) {
  const bool whole = !seen.is_fragment();
  if (whole ? forged.size() != seen.payload.size() : forged.size() < seen.payload.size()) return false;
  return comparable(protocol, forged.first(seen.payload.size())) == comparable(protocol, seen.payload);
}

// The kernel fills in source and identification where they are zero (raw(7)).
bool is_same_packet(const Ip& forged, ByteView payload, const Ip& seen) {
  return (forged.source == seen.source || forged.source.is_unspecified()) && forged.destination == seen.destination &&
         forged.protocol == seen.protocol && (forged.id == seen.id || forged.id == 0) &&
         forged.fragment_offset == seen.fragment_offset && is_same_payload(forged.protocol, payload, seen);
}

bool is_same(const Journal::Forged& forged, const Ip& seen) {
  if (forged.layer == Journal::Layer::transport) {
    return forged.protocol == seen.protocol && forged.destination == seen.destination &&
           is_same_payload(forged.protocol, forged.bytes, seen);
  }
  const Decoded decoded = decode(forged.bytes, LinkType::raw_ip);
  return decoded.ip && is_same_packet(*decoded.ip, payload_of(decoded), seen);
}

bool is_kernels(const Decoded& packet) {
  if (packet.arp) return true;
  if (const auto* icmp = packet.icmp()) return !icmp->is_echo_request();
  if (const auto* tcp = packet.tcp()) return tcp->flags.rst;
  return packet.ip && packet.ip->protocol == protocol_igmp;
}

// How a kernel answers a segment that belongs to no socket: by RST alone, or, if that acknowledged nothing (a SYN), by
// RST and ACK with the sequence number 0 (RFC 9293, 3.5.2). A socket that resets says ACK and its own next number.
bool is_for_no_socket(const Decoded& packet) {
  const auto* tcp = packet.tcp();
  return tcp != nullptr && tcp->flags.rst && (!tcp->flags.ack || tcp->sequence == 0);
}

// Puts a position under its key. Of packets that are forged again and again only the last counts.
void put(std::vector<std::size_t>& positions, std::size_t position, const std::vector<Journal::Forged>& forged) {
  const auto is_equal = [&](std::size_t other) {
    return forged[other].bytes == forged[position].bytes && forged[other].layer == forged[position].layer;
  };
  if (!positions.empty() && is_equal(positions.back())) positions.pop_back();
  positions.push_back(position);
}

}  // namespace

Origins::Verdict Origins::tell(const Decoded& packet) {
  read_journal();
  if (packet.ip && packet.ip->fragment_offset != 0) {
    const auto found = fragmented_.find(fragment_key(*packet.ip));
    if (found != fragmented_.end()) return {found->second, nullptr};
  }
  Verdict verdict;
  if (const auto* forged = find_forged(packet)) {
    verdict = {Origin::raw, forged};
  } else if (is_from_stack(packet)) {
    verdict.origin = Origin::stack;
  } else if (is_kernels(packet)) {
    verdict.origin = Origin::kernel;
  }
  if (packet.ip && packet.ip->is_fragment()) {
    if (fragmented_.size() >= most_fragmented) fragmented_.clear();
    fragmented_[fragment_key(*packet.ip)] = verdict.origin;
  }
  return verdict;
}

void Origins::read_journal() {
  for (; forged_read_ < journal_->forged().size(); ++forged_read_) add_forged(forged_read_);
  for (; sockets_read_ < journal_->stack_sockets().size(); ++sockets_read_) {
    add_socket(journal_->stack_sockets()[sockets_read_]);
  }
}

void Origins::add_forged(std::size_t position) {
  const auto& all = journal_->forged();
  const auto& forged = all[position];
  if (forged.layer == Journal::Layer::ethernet) {
    put(frames_[hash_of(forged.bytes)], position, all);
  } else if (forged.layer == Journal::Layer::transport) {
    put(payloads_[payload_key(forged.protocol, forged.destination, forged.bytes)], position, all);
  } else if (const Decoded decoded = decode(forged.bytes, LinkType::raw_ip); decoded.ip) {
    put(payloads_[payload_key(decoded.ip->protocol, decoded.ip->destination, payload_of(decoded))], position, all);
  }
}

void Origins::add_socket(const Journal::StackSocket& socket) {
  auto& sockets = socket.transport == Transport::tcp ? tcp_sockets_ : udp_sockets_;
  if (!socket.local.address.is_unspecified()) {
    sockets.insert(socket.local);
    return;
  }
  for (const auto& [address, name] : names_) {
    if (name == socket.host) sockets.insert({address, socket.local.port});
  }
}

const Journal::Forged* Origins::find_forged(const Decoded& packet) const {
  const auto& all = journal_->forged();
  if (const auto found = frames_.find(hash_of(packet.frame)); found != frames_.end()) {
    for (const auto position : found->second) {
      if (std::ranges::equal(all[position].bytes, packet.frame)) return &all[position];
    }
  }
  if (!packet.ip) return nullptr;
  const auto& ip = *packet.ip;
  const auto found = payloads_.find(payload_key(ip.protocol, ip.destination, ip.payload));
  if (found == payloads_.end()) return nullptr;
  const auto& positions = found->second;
  const auto same = std::find_if(positions.rbegin(), positions.rend(), [&](auto at) { return is_same(all[at], ip); });
  return same == positions.rend() ? nullptr : &all[*same];
}

bool Origins::is_from_stack(const Decoded& packet) const {
  const auto source = packet.source();
  return source && !is_for_no_socket(packet) && (packet.tcp() ? tcp_sockets_ : udp_sockets_).contains(*source);
}

}  // namespace wirelab::capture
