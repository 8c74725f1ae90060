// narration: which packet a step of the story speaks of. Public, pure.
//
// A step is told before the story acts, but a kernel answers while the story is still sending: the answer's stamp is
// earlier than the step that announces it. So the time alone does not tell. What the story does next does:
//
//   it forges a packet        the step speaks of the first packet after it was told
//   it waits for something    the step speaks of the answer to what was forged last; and if the story has looked at the
//                             wire since it forged, of the first packet after the step was told that nobody forged
//
// In a story that forges, the reference stack's packets are spoken of only where they answer, since they have their own
// pace; and where they open or end a connection, since that is a deed (TCP with SYN, FIN or RST, RFC 9293).
// A step that has no packet of its own comes with the next step's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/decode.hpp"
#include "lab/journal.hpp"

namespace wirelab::capture {

class Narration {
 public:
  // The journal is read while it grows and must outlive this.
  explicit Narration(const Journal& journal) : journal_(&journal) {}

  // To be called as each step is told, with how often the story's loop has turned so far. Steps that are not announced
  // count as told after a look.
  void told(std::uint64_t turns);

  // The steps to tell before this packet. Packets are given in the order of their stamps; `first` is true where no tap
  // saw the packet before. Reads stamp and origin.
  std::vector<std::string> before(const Packet& packet, const Decoded& decoded, bool first);
  // What has not been told when no packet comes any more.
  std::vector<std::string> rest();

 private:
  // Whose answer is waited for.
  struct Asked {
    IpAddress by;
    std::optional<Endpoint> end;  // of UDP and TCP
  };
  [[nodiscard]] bool speaks_of(std::size_t step, const Packet& packet, const Decoded& decoded) const;
  [[nodiscard]] bool forges(std::size_t step) const;
  [[nodiscard]] bool looked_before(std::size_t step) const;
  [[nodiscard]] bool is_answer(const Decoded& packet) const;
  void remember(const Packet& packet, const Decoded& decoded);
  std::vector<std::string> tell(std::size_t end);

  const Journal* journal_;
  std::size_t next_ = 0;                             // of the steps
  std::vector<std::optional<std::uint64_t>> turns_;  // by step; nothing for one that was not announced
  std::optional<Asked> asked_;                       // by the last forged packet
};

}  // namespace wirelab::capture
