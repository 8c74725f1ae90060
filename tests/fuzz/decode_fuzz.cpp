// The decoder: any frame of any link type is read without reading beyond it; what it tells lies inside the frame, and
// a sound packet does not become malformed because a capture cut it.
#include <algorithm>

#include "capture/describe.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab::capture {
namespace {

bool lies_in(ByteView part, ByteView whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_views(const Decoded& packet) {
  const auto frame = packet.frame;
  if (packet.ip)
    require(lies_in(packet.ip->header, frame) && lies_in(packet.ip->payload, frame), "IP outside the frame");
  if (const auto* udp = packet.udp()) require(lies_in(udp->payload, packet.ip->payload), "UDP outside IP");
  if (const auto* tcp = packet.tcp()) require(lies_in(tcp->payload, packet.ip->payload), "TCP outside IP");
  if (packet.malformed) require(packet.malformed->offset <= frame.size(), "malformed beyond the frame");
  const auto* icmp = packet.icmp();
  if (icmp == nullptr) return;
  require(lies_in(icmp->payload, packet.ip->payload), "ICMP outside IP");
  if (!icmp->quoted) return;
  require(lies_in(icmp->quoted->frame, icmp->payload), "a quoted packet outside its quotation");
  check_views(*icmp->quoted);
}

void check_text(const std::string& text) {
  require(!text.empty() && is_utf8(text), "a text that is none");
  require(std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }), "a text not safe to show");
}

void check(ByteView frame, LinkType link, std::size_t cut_to) {
  const auto packet = decode(frame, link);
  check_views(packet);
  check_text(describe(packet));
  check_text(label(packet));
  const auto there = copy_of(frame.first(cut_to));
  const auto cut = decode(there, link, static_cast<std::uint32_t>(frame.size()));
  check_views(cut);
  check_text(describe(cut));
  if (!packet.malformed) require(!cut.malformed, "a cut turned a sound packet malformed");
}

}  // namespace
}  // namespace wirelab::capture

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  using capture::LinkType;
  const ByteView frame(data, size);
  const auto cut_to = random_for(frame)() % (size + 1);
  for (const auto link :
       {LinkType::ethernet, LinkType::raw_ip, LinkType::null, LinkType::linux_sll, LinkType::linux_sll2, LinkType{147}})
    capture::check(frame, link, cut_to);
  return 0;
}
