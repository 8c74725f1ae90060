// deed: what each packet does in its conversation: opens it, says something, closes it, or is one of many that carry
// its data. Internal to capture/, pure.
//
// Numbers of TCP count from the connection's beginning: its SYN is 0, its first byte 1, as Wireshark counts them. Of a
// connection that the trace does not show from the beginning, from the first packet that it has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/decode.hpp"

namespace wirelab::capture {

struct Deed {
  enum class Kind : std::uint8_t {
    none,             // no UDP or TCP, or too broken to tell
    opening,          // SYN, SYN-ACK and the ACK that completes the handshake (RFC 9293, 3.5)
    closing,          // FIN, RST
    window,           // closed, asked about, open again (3.8.6)
    odd,              // sent again, out of order, outside the window, a keep-alive
    message,          // a frame or a datagram's; HTTP's first line
    data,             // any other payload
    acknowledgement,  // and nothing else
  };
  Kind kind = Kind::none;
  std::size_t conversation = 0;  // the same for all packets of one; meaningless for none
  bool from_low = false;         // which of the two ends sent it
  Port source{}, destination{};
  std::uint32_t bytes = 0;  // of payload
  bool is_reset = false;    // RST
  std::string head;         // "TCP [P.]"
  std::string numbers;      // " seq 1 ack 1"
  std::string said;         // " frame CL:7;type:message"
  std::string gist;         // equal for messages that are alike
  std::string frame;        // the one frame that ends here and began in an earlier packet: "CL:7;type:message"
  std::size_t part_of = 0;  // the number of the frame that has all this payload and more; 0 for none

  [[nodiscard]] bool is_udp() const { return head == "UDP"; }
  // Without numbers where they tell nothing. Empty for none.
  [[nodiscard]] std::string text(bool with_numbers) const;
};

// For each packet, in the order of their stamps, each packet once.
std::vector<Deed> deeds_of(const std::vector<const Decoded*>& packets);

}  // namespace wirelab::capture
