// Capture files: any bytes are read within their own size; what was read is consistent, and written by us it reads the
// same again; and it can be drawn.
#include <algorithm>
#include <sstream>

#include "capture/capture_file.hpp"
#include "capture/describe.hpp"
#include "capture/ladder.hpp"
#include "lab/base/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab::capture {
namespace {

void check_numbers(const CaptureFile& file, std::size_t size) {
  require(file.statistics.size() == file.info.taps.size(), "statistics without a tap");
  require(!file.malformed || file.malformed->offset <= size, "malformed beyond the file");
  std::size_t bytes = 0;
  std::size_t frame = 0;
  for (const auto& packet : file.packets) {
    require(packet.tap < file.info.taps.size(), "a packet without a tap");
    require(packet.frame == ++frame, "frames that do not count");
    bytes += packet.bytes.size();
  }
  require(bytes <= size, "more bytes than the file has");
}

Bytes rewritten(const CaptureFile& file, std::size_t batch) {
  Bytes out;
  PcapngWriter writer([&out](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }, file.info, batch);
  for (const auto& packet : file.packets) writer.write(packet);
  writer.finish(file.statistics);
  return out;
}

// A comment that is not UTF-8 is escaped, an empty one left out.
bool is_kept(const std::string& comment) { return !comment.empty() && is_utf8(comment); }

bool same(const Packet& left, const Packet& right) {
  const auto on_wire = std::max<std::size_t>(left.original_length, left.bytes.size());
  return left.tap == right.tap && left.stamp == right.stamp && left.bytes == right.bytes &&
         on_wire == right.original_length && left.direction == right.direction && left.id == right.id &&
         left.origin == right.origin &&
         (left.comments == right.comments || !std::ranges::all_of(left.comments, is_kept));
}

void check_rewriting(const CaptureFile& file, std::size_t batch) {
  const auto again = parse_capture(rewritten(file, batch));
  require(again && !again->malformed, "what we wrote is not sound");
  require(std::ranges::equal(file.packets, again->packets, same), "packets changed by writing");
  require(again->info.taps.size() == file.info.taps.size(), "taps changed by writing");
  require(again->info.names.size() == file.info.names.size(), "names changed by writing");
}

void check_pictures(const CaptureFile& file, std::size_t width) {
  const auto packets = pointers_to(file.packets);
  const auto ladder = draw_ladder(file.info, packets, {.width = width});
  require(is_utf8(ladder), "a ladder that is no text");
  std::istringstream lines(ladder);
  for (std::string line; std::getline(lines, line);) require(cells_of(line) <= width, "a line beyond the width");
  draw_ladder(file.info, packets, {.width = width, .fold = false});
  to_mermaid(file.info, packets);
}

}  // namespace
}  // namespace wirelab::capture

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  const ByteView input(data, size);
  const auto file = capture::parse_capture(input);
  if (!file) return 0;
  auto random = random_for(input);
  capture::check_numbers(*file, size);
  for (const auto& packet : file->packets) describe(decode(packet, file->info.taps[packet.tap].link));
  capture::check_rewriting(*file, random() % 4096);
  capture::check_pictures(*file, 20 + random() % 120);
  const auto prefix = copy_of(input.first(4 + random() % (size - 3)));
  require(capture::parse_capture(prefix)->packets.size() <= file->packets.size(), "a part with more than the whole");
  return 0;
}
