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
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec));
}

}  // namespace

SourceFile::SourceFile(const std::string& path) {
  // O_NONBLOCK: a pipe is refused, not waited for.
  file_ = std::make_shared<const UniqueFd>(check_errno(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), fmt::format("open '{}'", printable(path))));
  struct stat status {};
  check_errno(::fstat(file_->get(), &status), fmt::format("look at '{}'", printable(path)));
  if (!S_ISREG(status.st_mode))
    throw BadInput(fmt::format("'{}' is no regular file\nonly files are sent: pack a folder first", printable(path)));
  name_ = path.substr(path.rfind('/') + 1);
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
