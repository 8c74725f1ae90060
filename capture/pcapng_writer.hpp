// PcapngWriter: a trace as pcapng blocks, for Wireshark and for ourselves. Public, pure: it writes to a sink.
// (draft-ietf-opsawg-pcapng)
//
// Whole blocks reach the sink, so what was written so far is readable at any moment, also after a crash. An exception
// of the sink passes through; the writer is finished then.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "capture/packet.hpp"
#include "lab/base/bytes.hpp"

namespace wirelab::capture {

// What a trace tells about itself. Text is UTF-8; what is not is escaped. Empty texts are left out.
struct TraceInfo {
  std::string comment;      // about the whole trace: a custom block would shift all frame numbers in Wireshark
  std::string hardware;     // the machine that captured
  std::string system;       // its operating system
  std::string application;  // the program that wrote
  std::vector<TapInfo> taps;
  Names names;
};

// A packet to write, whose bytes belong to the caller: the fast path writes from the capture's ring without a copy.
struct PacketView {
  std::size_t tap = 0;
  Stamp stamp{};
  std::uint32_t original_length = 0;
  ByteView bytes;
  Direction direction = Direction::unknown;
  std::uint64_t id = 0;
  Origin origin = Origin::unknown;
  std::span<const std::string> comments;

  PacketView() = default;
  PacketView(const Packet& packet);  // NOLINT: a view is what it looks at
};

class PcapngWriter {
 public:
  using Sink = std::function<void(ByteView)>;

  // Writes the headers at once. Packets wait until `batch` bytes are there; 0 passes each on by itself.
  PcapngWriter(Sink sink, const TraceInfo& info, std::size_t batch = 0);
  PcapngWriter(const PcapngWriter&) = delete;
  PcapngWriter& operator=(const PcapngWriter&) = delete;
  // Passes on what waits, without a word if that fails: call flush() or finish() to know.
  ~PcapngWriter();

  // Throws std::logic_error for a tap that the trace does not have. A known origin becomes the comment "origin: raw",
  // so that Wireshark can filter by it (`frame.comment contains "origin: raw"`); the reader turns it back.
  void write(const PacketView& packet);
  // Passes on what waits.
  void flush();
  // Writes what each tap counted, in the order of the taps, and flushes. Nothing may be written afterwards.
  void finish(std::span<const TapStatistics> statistics);
  // How many packets were written: the last one's frame number.
  [[nodiscard]] std::size_t packets() const { return packets_; }

 private:
  // Gives what waits to the sink if it is at least so much.
  void pass_on(std::size_t least);

  Sink sink_;
  std::size_t batch_;
  std::size_t taps_;
  std::size_t packets_ = 0;
  bool finished_ = false;
  Bytes waiting_;
};

}  // namespace wirelab::capture
