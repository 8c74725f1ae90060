// origin: who made a packet, told by what the journal of the run says. Public, pure.
//
//   raw      it equals what a raw or packet socket announced, but for what the kernel fills in and routers change
//   stack    it comes from a socket of the reference stack
//   kernel   what a kernel says of itself: ARP, neighbour discovery, ICMP but echo requests, RST
//   unknown  anything else: another program in the lab (`wirelab exec`), another machine
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/decode.hpp"
#include "lab/journal.hpp"

namespace wirelab::capture {

class Origins {
 public:
  struct Verdict {
    Origin origin = Origin::unknown;
    const Journal::Forged* forged = nullptr;  // what was announced, for raw; valid until the journal grows
  };

  // `names` tells whose each address is. The journal is read while it grows and must outlive this.
  Origins(const Journal& journal, Names names) : journal_(&journal), names_(std::move(names)) {}

  // What is announced must be in the journal before its packet is asked for. Of a fragmented packet the first fragment
  // is asked for first, as it is sent first.
  Verdict tell(const Decoded& packet);

 private:
  using Index = std::unordered_map<std::uint64_t, std::vector<std::size_t>>;  // into the journal's forged packets

  void read_journal();
  void add_forged(std::size_t position);
  void add_socket(const Journal::StackSocket& socket);
  [[nodiscard]] const Journal::Forged* find_forged(const Decoded& packet) const;
  [[nodiscard]] bool is_from_stack(const Decoded& packet) const;

  const Journal* journal_;
  Names names_;
  std::size_t forged_read_ = 0;
  std::size_t sockets_read_ = 0;
  Index frames_;    // forged from the Ethernet header on, by the frame
  Index payloads_;  // forged from a higher layer on, by protocol, destination and the payload's first bytes
  std::unordered_set<Endpoint> tcp_sockets_, udp_sockets_;
  std::unordered_map<std::uint64_t, Origin> fragmented_;  // what the first fragment was, for those that follow
};

}  // namespace wirelab::capture
