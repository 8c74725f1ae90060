// Journal: what happened in a run, in order, as told by those who did it. Public; owned by the Lab.
//
// The story tells its steps, raw senders tell what they forged, the reference stack's sockets are announced, and
// emulated links own up to what they lost, so that a trace can say who made each packet, which step it belongs to and
// where it ended. The journal only remembers and passes on; it opens nothing and sends nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/clock.hpp"
#include "lab/net/emulation.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab {

class Journal {
 public:
  // A sentence for the reader: what comes next on the wire.
  struct Step {
    Stamp when;
    std::string text;
  };
  // From where on the forged bytes were made by hand; what lies before them was the kernel's work.
  enum class Layer { ethernet, network, transport };
  // A packet that a raw or packet socket is about to send.
  struct Forged {
    Stamp when;
    std::string host;
    Layer layer{};
    // transport: the protocol number and the destination tell equal bytes apart; unused on the other layers.
    std::uint8_t protocol = 0;
    IpAddress destination;
    Bytes bytes;
  };
  // A socket of the reference stack: all its packets are "stack", though the kernel's TCP cut them.
  struct StackSocket {
    std::string host;
    Transport transport{};
    Endpoint local;
  };

  void step(std::string text);
  // Not remembered: for the reader of the moment only.
  void note(std::string text) const;
  void forged(Forged packet);
  void stack_socket(StackSocket socket);
  void emulated(std::vector<EmulatedFrame> frames);
  // Of these frames, counted from the first, nobody needs the bytes any more.
  void drop_emulated_bytes(std::size_t begin, std::size_t end);

  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] const std::vector<Forged>& forged() const { return forged_; }
  [[nodiscard]] const std::vector<StackSocket>& stack_sockets() const { return stack_sockets_; }
  [[nodiscard]] const std::vector<EmulatedFrame>& emulated() const { return emulated_; }

  // Called at once for each step and note, so that the story is printed while it happens.
  std::function<void(const Step&)> on_step;
  std::function<void(const Step&)> on_note;

 private:
  std::vector<Step> steps_;
  std::vector<Forged> forged_;
  std::vector<StackSocket> stack_sockets_;
  std::vector<EmulatedFrame> emulated_;
};

}  // namespace wirelab
