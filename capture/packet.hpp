// Packet: one captured frame and what is known of it; and the tap that saw it. Public, pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/clock.hpp"

namespace wirelab::capture {

// Seen from the interface that the tap sits on.
enum class Direction { unknown, inbound, outbound };
std::string_view name_of(Direction direction);

// Who made the packet.
enum class Origin {
  unknown,
  raw,     // forged by hand: a raw or packet socket of the lab
  kernel,  // a kernel answered or asked by itself
  stack,   // a socket of the reference stack
};
std::string_view name_of(Origin origin);

// LINKTYPE_ values of the capture formats (https://www.tcpdump.org/linktypes.html); others are kept and shown as bytes.
enum class LinkType : std::uint16_t { null = 0, ethernet = 1, raw_ip = 101, linux_sll = 113, linux_sll2 = 276 };

// An interface that was captured on.
struct TapInfo {
  std::string name;         // "A:eth0"; empty if the file does not tell
  std::string description;  // for a reader: "A, towards R"
  std::string filter;       // a capture filter in libpcap's language; empty for none
  LinkType link = LinkType::ethernet;
  std::uint32_t snap_length = 0;  // the most bytes kept of a frame; 0 = no limit
};

// What an interface counted while it was captured on.
struct TapStatistics {
  std::optional<Stamp> started, ended;
  std::optional<std::uint64_t> received;  // by the interface while capturing
  std::optional<std::uint64_t> dropped;   // lost for want of room in the capture's buffer, or never read
};

// What hosts are called, for a trace's readers.
using Names = std::map<IpAddress, std::string>;

// Why bytes could not be read, and where: an offset from the start of the frame or file. A value, never an exception.
struct Malformed {
  std::string reason;
  std::size_t offset = 0;
  friend bool operator==(const Malformed&, const Malformed&) = default;
};

struct Packet {
  std::size_t tap = 0;  // index of the interface in the trace
  Stamp stamp{};
  std::uint32_t original_length = 0;  // on the wire; bytes may be cut by the snapshot length
  Bytes bytes;
  Direction direction = Direction::unknown;
  std::uint64_t id = 0;  // the same for one packet on every link; 0 = unknown
  Origin origin = Origin::unknown;
  std::vector<std::string> comments;
  std::size_t frame = 0;  // number in the merged file, from 1; 0 = not written yet
};

}  // namespace wirelab::capture
