#include "lab/services/source_file.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"

namespace wirelab {
namespace {

std::uint64_t mtime_of(const struct stat& status) {
  constexpr std::int64_t second = 1'000'000'000;
  // Years beyond 2262 do not fit.
  const auto seconds = std::clamp<std::int64_t>(status.st_mtim.tv_sec, 0, INT64_MAX / second - 1);
  return static_cast<std::uint64_t>(seconds * second + (status.st_mtim.tv_sec < 0 ? 0 : status.st_mtim.tv_nsec));
}

}  // namespace

SourceFile::SourceFile(const std::string& path) : name_(path.substr(path.rfind('/') + 1)) {
  const auto what = fmt::format("'{}'", printable(path));
  struct stat status {};
  // Looked at before it is opened: to open a device may do something, and to open a pipe waits.
  check_errno(::stat(path.c_str(), &status), "look at " + what);
  if (S_ISREG(status.st_mode)) {
    constexpr int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    file_ = std::make_shared<const UniqueFd>(check_errno(::open(path.c_str(), flags), "open " + what));
    check_errno(::fstat(file_->get(), &status), "look at " + what);
  }
  if (!S_ISREG(status.st_mode))
    throw BadInput(fmt::format("{} is no regular file\nonly files are sent: pack a folder first", what));
  size_ = static_cast<std::uint64_t>(status.st_size);
  mtime_ = mtime_of(status);
}

std::optional<std::string> SourceFile::change() const {
  struct stat status {};
  if (::fstat(file_->get(), &status) != 0) return "the file cannot be looked at any more";
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size != size_)
    return fmt::format("the file has {} from {} to {} bytes", size < size_ ? "shrunk" : "grown", size_, size);
  if (mtime_of(status) != mtime_) return "the file has been written to";
  return std::nullopt;
}

}  // namespace wirelab
