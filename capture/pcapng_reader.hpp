// PcapngReader: the pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each with options. Not public.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "capture/capture_file.hpp"
#include "capture/pcapng.hpp"
#include "capture/reader.hpp"

namespace wirelab::capture {

// How an interface counts time: `ticks` since `offset` seconds after 1970.
struct TimeScale {
  std::uint8_t resolution = 6;  // a power of ten below one second, of two if the upper bit is set
  std::int64_t offset = 0;

  // Stamps that 64 bits of nanoseconds cannot hold become the nearest that they can.
  [[nodiscard]] Stamp stamp(std::uint64_t ticks) const;
};

inline std::string text_of(const Reader& value) { return std::string(as_text(value.rest())); }

class PcapngReader {
 public:
  explicit PcapngReader(ByteView file) : in_(file) {}
  CaptureFile read() {
    while (!in_.rest().empty() && read_block()) continue;
    return std::move(out_);
  }

 private:
  struct Interface {
    std::size_t tap = 0;
    TimeScale time;
  };

  // False where the blocks' frame is broken: what follows cannot be found.
  bool read_block();
  bool read_byte_order(const Reader& block);
  void read_body(std::uint32_t type, Reader body);
  void read_section(Reader body);
  void read_interface(Reader body);
  void read_enhanced(Reader body);
  void read_old(Reader body);
  void read_packet(std::size_t interface, Reader body, std::size_t start);
  void read_simple(Reader body);
  void read_packet_options(Packet& packet, Reader in);
  void read_names(Reader body);
  void read_statistics(Reader body);
  // Calls take(code, value) for each option.
  template <class Take>
  void read_options(Reader in, Take take);
  [[nodiscard]] const Interface* interface(std::size_t index, std::size_t offset);
  void add(Packet packet);
  bool broken(std::string reason, std::size_t offset);

  Reader in_;
  CaptureFile out_;
  std::size_t sections_ = 0;
  std::vector<Interface> interfaces_;  // of the present section
};

template <class Take>
void PcapngReader::read_options(Reader in, Take take) {
  while (!in.rest().empty()) {
    const auto start = in.offset();
    const auto code = in.u16();
    const auto length = in.u16();
    if (!in.failed() && code == pcapng::option::end) return;
    auto value = in.first(length);
    in.take(pcapng::padded(length));
    if (in.failed()) {
      broken(fmt::format("option {} reaches beyond its block", code), start);
      return;
    }
    take(code, value);
  }
}

}  // namespace wirelab::capture
