// scene: what a ladder shows, before it is drawn: columns of hosts, and a row a packet however many taps saw it.
// Public, pure.
//
// It says what the trace shows and no more: a packet that no tap at its destination saw was "not seen further", which
// need not mean that it was lost.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "capture/packet.hpp"
#include "capture/pcapng_writer.hpp"

namespace wirelab::capture {

struct Scene {
  struct Column {
    std::string name;  // the host's; without one its address
    std::vector<IpAddress> addresses;
    bool forwards = false;  // a router
  };
  enum class End {
    arrived,     // for all that the trace shows
    broken,      // arrived with a wrong checksum or length, which the receiver discards
    unanswered,  // an echo request that the trace has no answer to
    unseen,      // not seen further than `to`, which is not where it was sent
  };
  struct Row {
    Stamp stamp{};                         // when it was first seen
    std::vector<const Packet*> sightings;  // by stamp; of a folded row those of all its packets
    std::size_t from = 0, to = 0;          // columns; the same one if it has nowhere to go or both ends share it
    bool both_ways = false;                // folded packets went in both directions
    End end = End::arrived;
    Origin origin = Origin::unknown;
    std::string label;
    std::string fate;                // what emulated links did to it, in words; empty if nothing
    std::vector<std::string> steps;  // sentences of the story that come before it
  };
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<std::string> epilogue;  // sentences after the last row
  std::size_t packets = 0;            // each once, however many taps saw it
  bool folded_further = false;        // than handshakes, bulk and acknowledgements, for want of rows
};

struct SceneOptions {
  // Handshakes, the segments of a stream and bare acknowledgements share rows; else each packet has its own.
  bool fold = true;
  // Folding goes on, from what tells the least to what differs in numbers only, until there are no more than that.
  std::size_t most_rows = 80;
  // Hosts beyond that share the last column, "others": those that the story says least about. At least 2.
  std::size_t most_columns = 8;
};

// The packets lie in the order of their stamps and must outlive the scene. Columns have the order that the trace's
// comment tells (hosts_line), else that of appearance. Packets without an id are matched here.
Scene make_scene(const TraceInfo& info, const std::vector<const Packet*>& packets, const SceneOptions& options);

// Pointers to a container's packets.
template <class Packets>
std::vector<const Packet*> pointers_to(const Packets& packets) {
  std::vector<const Packet*> pointers;
  pointers.reserve(packets.size());
  for (const Packet& packet : packets) pointers.push_back(&packet);
  return pointers;
}

// How a comment of the last packet begins that tells what came after it.
inline constexpr std::string_view afterwards = "then: ";

// The line of a trace's comment that tells the hosts in the order in which to draw them: "hosts: A, R, S".
std::string hosts_line(const std::vector<std::string>& hosts);
// What such a line in `comment` tells; empty without one.
std::vector<std::string> hosts_of(std::string_view comment);

}  // namespace wirelab::capture
