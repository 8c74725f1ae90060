#include "raw/probe_filter.hpp"

#include "raw/packet.hpp"

namespace wirelab::raw {
namespace {

// Jumps to the two ends of the program are written as these, until its length is known.
constexpr std::uint8_t to_keep = 0xFE, to_drop = 0xFF;
constexpr std::uint32_t all_bytes = 0xFFFF;

class Program {
 public:
  Program& load(std::uint16_t size, std::uint32_t at) { return add(BPF_LD | BPF_ABS | size, 0, 0, at); }
  Program& load_after_v4_header(std::uint32_t at) {
    add(BPF_LDX | BPF_B | BPF_MSH, 0, 0, ethernet_header_size);
    return add(BPF_LD | BPF_H | BPF_IND, 0, 0, static_cast<std::uint32_t>(ethernet_header_size) + at);
  }
  Program& need(std::uint32_t value) { return add(BPF_JMP | BPF_JEQ | BPF_K, 0, to_drop, value); }
  Program& need_none(std::uint32_t bits) { return add(BPF_JMP | BPF_JSET | BPF_K, to_drop, 0, bits); }
  Program& keep_if(std::uint32_t value) { return add(BPF_JMP | BPF_JEQ | BPF_K, to_keep, 0, value); }
  Program& keep_within(PortRange ports) {
    add(BPF_JMP | BPF_JGE | BPF_K, 0, to_drop, number(ports.first));
    return add(BPF_JMP | BPF_JGT | BPF_K, to_drop, to_keep, number(ports.last));
  }

  // What reaches the end is kept, or dropped.
  std::vector<sock_filter> finish(bool keep) {
    const auto keep_at = code_.size();
    const auto resolve = [&](std::uint8_t& jump, std::size_t at) {
      if (jump == to_keep || jump == to_drop)
        jump = static_cast<std::uint8_t>((jump == to_keep ? keep_at + 1 : keep_at + 2) - at - 1);
    };
    for (std::size_t i = 0; i < code_.size(); ++i) {
      resolve(code_[i].jt, i);
      resolve(code_[i].jf, i);
    }
    add(BPF_JMP | BPF_JA, 0, 0, keep ? 0 : 1);
    add(BPF_RET | BPF_K, 0, 0, all_bytes);
    add(BPF_RET | BPF_K, 0, 0, 0);
    return code_;
  }

 private:
  Program& add(unsigned code, std::uint8_t jt, std::uint8_t jf, std::uint32_t k) {
    code_.push_back({static_cast<std::uint16_t>(code), jt, jf, k});
    return *this;
  }
  std::vector<sock_filter> code_;
};

constexpr std::uint32_t network = ethernet_header_size;

Program answers_v4(Ipv4 self, std::uint8_t protocol, std::optional<PortRange> ports) {
  Program program;
  program.load(BPF_H, 12).need(ethertype_ipv4).load(BPF_W, network + 16).need(self.number());
  program.load(BPF_H, network + 6).need_none(0x1FFF).load(BPF_B, network + 9).keep_if(protocol_icmp);
  if (ports) program.need(protocol).load_after_v4_header(2).keep_within(*ports);
  return program;
}

Program answers_v6(const Ipv6& self, std::uint8_t protocol, std::optional<PortRange> ports) {
  Program program;
  program.load(BPF_H, 12).need(ethertype_ipv6);
  for (std::uint32_t i = 0; i < Ipv6::size; i += 4)
    program.load(BPF_W, network + 24 + i).need(load_be32(&self.bytes()[i]));
  program.load(BPF_B, network + 6).keep_if(protocol_icmpv6);
  if (ports) program.need(protocol).load(BPF_H, network + ipv6_header_size + 2).keep_within(*ports);
  return program;
}

}  // namespace

std::vector<sock_filter> answers_to(const IpAddress& self, std::uint8_t protocol, std::optional<PortRange> ports) {
  if (self.is_v4()) return answers_v4(self.v4(), protocol, ports).finish(false);
  return answers_v6(self.v6(), protocol, ports).finish(false);
}

std::vector<sock_filter> arp_replies() {
  constexpr std::uint32_t operation = network + 6;
  constexpr std::uint32_t reply = 2;
  return Program().load(BPF_H, 12).need(ethertype_arp).load(BPF_H, operation).need(reply).finish(true);
}

}  // namespace wirelab::raw
