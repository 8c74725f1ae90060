#include "capture/trace_files.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wirelab::capture {
namespace {

// Packets of one turn of the loop go out together.
constexpr std::size_t batch = 64 << 10;

// "A-eth0.pcapng" for a tap called "A:eth0".
std::string file_name(const TapInfo& tap) {
  std::string name = tap.name;
  std::ranges::replace(name, ':', '-');
  return name + ".pcapng";
}

}  // namespace

TraceFiles::File::File(const std::string& path, const TraceInfo& info)
    : file(path), writer([this](ByteView bytes) { file.write(bytes); }, info, batch) {}

void TraceFiles::open(const TraceInfo& info, const std::string& merged, const std::string& folder) {
  if (!folder.empty()) create_folder(folder);  // first: what is refused here overwrites no earlier trace
  if (!merged.empty()) merged_ = std::make_unique<File>(merged, info);
  if (folder.empty()) return;
  for (const auto& tap : info.taps) {
    TraceInfo alone = info;
    alone.taps = {tap};
    by_tap_.push_back(std::make_unique<File>(fmt::format("{}/{}", folder, file_name(tap)), alone));
  }
}

void TraceFiles::write(const Packet& packet) {
  if (merged_) merged_->writer.write(packet);
  if (by_tap_.empty()) return;
  PacketView alone = packet;
  alone.tap = 0;
  by_tap_[packet.tap]->writer.write(alone);
}

void TraceFiles::flush() {
  if (merged_) merged_->writer.flush();
  for (const auto& file : by_tap_) file->writer.flush();
}

void TraceFiles::finish(std::span<const TapStatistics> statistics) {
  if (merged_) merged_->writer.finish(statistics);
  for (std::size_t tap = 0; tap < by_tap_.size(); ++tap) by_tap_[tap]->writer.finish(statistics.subspan(tap, 1));
  abandon();
}

void TraceFiles::abandon() {
  merged_.reset();
  by_tap_.clear();
}

}  // namespace wirelab::capture
