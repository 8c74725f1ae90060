#include "lab/services/file_progress.hpp"

namespace wirelab {

FileMeter::FileMeter(std::uint64_t size, std::uint64_t bytes, SteadyTime now) : size_(size), samples_{{now, bytes}} {}

FileProgress FileMeter::at(SteadyTime now, std::uint64_t bytes) {
  samples_.push_back({now, bytes});
  while (samples_.size() > 2 && now - samples_[1].when >= window) samples_.pop_front();
  const auto& first = samples_.front();
  FileProgress progress{.bytes = bytes, .size = size_, .rate = 0, .left = {}};
  const std::chrono::duration<double> seconds = now - first.when;
  if (seconds.count() > 0) progress.rate = static_cast<double>(bytes - first.bytes) / seconds.count();
  constexpr double longest = 1e9;  // seconds: beyond that it is anyone's guess
  const auto left = progress.rate > 0 ? static_cast<double>(size_ - bytes) / progress.rate : longest;
  if (left < longest) progress.left = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(left));
  return progress;
}

}  // namespace wirelab
