#include "lab/services/target_folder.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/services/file_name.hpp"

namespace wirelab {
namespace {

constexpr unsigned most_numbers = 9999;    // of names that differ by a number
constexpr std::uint64_t stat_block = 512;  // in bytes: what st_blocks counts
constexpr int open_tries = 8;              // of a part file that is renamed between opening and locking

std::error_code error_of(int number) { return {number, std::system_category()}; }
std::error_code last_error() { return error_of(errno); }

FolderRefusal refusal(std::string_view what, int error) {
  return {fmt::format("{}: {}", what, std::system_category().message(error))};
}

// Why an open file is not one to write into; nothing if it is.
std::optional<FolderRefusal> part_fault(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return FolderRefusal{"the part file is no regular file"};
  if (status.st_nlink > 1) return FolderRefusal{"the part file has another name"};
  if (status.st_uid != ::geteuid()) return FolderRefusal{"the part file belongs to somebody else"};
  return std::nullopt;
}

}  // namespace

PartFile::~PartFile() {
  // The lock would last as long as a digest still reads.
  if (file_ && !given_away_) ::flock(file_->get(), LOCK_UN);
}

std::error_code PartFile::truncate(std::uint64_t size) {
  if (::ftruncate(file_->get(), static_cast<off_t>(size)) != 0) return last_error();
  size_ = size;
  return {};
}

TargetFolder::TargetFolder(const std::string& path)
    : folder_(check_errno(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open the folder " + path)) {
  check_errno(::faccessat(folder_.get(), ".", W_OK | X_OK, AT_EACCESS), "write to the folder " + path);
}

bool TargetFolder::has(const std::string& name) const {
  struct stat status {};
  return ::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

std::shared_ptr<const UniqueFd> TargetFolder::find(const std::string& name, std::uint64_t size) const {
  auto file = std::make_shared<const UniqueFd>(
      ::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  const bool fits = *file && ::fstat(file->get(), &status) == 0 && S_ISREG(status.st_mode) &&
                    static_cast<std::uint64_t>(status.st_size) == size;
  return fits ? file : nullptr;
}

// O_NONBLOCK: a pipe of that name must not hold us up.
TargetFolder::Opened TargetFolder::open_or_create(const std::string& part) const {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  const int created = ::openat(folder_.get(), part.c_str(), flags | O_CREAT | O_EXCL, 0666);
  if (created >= 0) return {std::make_shared<const UniqueFd>(created), true};
  if (errno != EEXIST) return {std::make_shared<const UniqueFd>()};
  return {std::make_shared<const UniqueFd>(::openat(folder_.get(), part.c_str(), flags))};
}

bool TargetFolder::is_called(const UniqueFd& file, const std::string& name) const {
  struct stat opened {
  }, named{};
  return ::fstat(file.get(), &opened) == 0 &&
         ::fstatat(folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

std::variant<PartFile, FolderRefusal> TargetFolder::open_part(const std::string& name) const {
  const FolderRefusal busy{.why = "a file of this name is just being received", .passing = true};
  auto part = part_name(name);
  int error = 0;
  for (int tries = open_tries; tries > 0; --tries) {
    auto [file, is_new] = open_or_create(part);
    error = *file ? 0 : errno;
    if (error == ENOENT) continue;  // it was there for a moment, or the folder is gone
    if (!*file && errno == ELOOP) return FolderRefusal{"the part file is a symbolic link"};
    struct stat status {};
    if (!*file || ::fstat(file->get(), &status) != 0) return refusal("the part file cannot be opened", errno);
    if (const auto fault = part_fault(status); fault && !is_new) return *fault;
    if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) return busy;
    // Whoever held the lock may have given the file its name, so that it is not ours any more.
    if (!is_called(*file, part)) continue;
    check_errno(::fstat(file->get(), &status), "look at a part file");
    return PartFile(std::move(file), std::move(part), static_cast<std::uint64_t>(status.st_size));
  }
  return error == ENOENT ? FolderRefusal{"the folder takes no files: it is gone, or not one for files"} : busy;
}

std::optional<FolderRefusal> TargetFolder::reserve(const PartFile& part, std::uint64_t total) const {
  struct statvfs folder {};
  struct stat status {};
  if (::fstatvfs(folder_.get(), &folder) != 0 || ::fstat(part.file()->get(), &status) != 0)
    return refusal("the folder cannot be examined", errno);
  const auto free = std::uint64_t{folder.f_bavail} * folder.f_frsize;
  const auto taken = static_cast<std::uint64_t>(status.st_blocks) * stat_block;  // also beyond the end, from before
  const auto missing = total > taken ? total - taken : 0;
  if (missing > free) return FolderRefusal{fmt::format("no space: {} bytes are missing, {} are free", missing, free)};
  if (total <= part.size()) return std::nullopt;
  const int done = ::fallocate(part.file()->get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(part.size()),
                               static_cast<off_t>(total - part.size()));
  const bool refused = done != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG);
  return refused ? std::optional(refusal("no space", errno)) : std::nullopt;
}

void TargetFolder::remove(const PartFile& part) const { ::unlinkat(folder_.get(), part.name().c_str(), 0); }

std::error_code TargetFolder::rename_over(const std::string& part, const std::string& name) const {
  return ::renameat(folder_.get(), part.c_str(), folder_.get(), name.c_str()) == 0 ? std::error_code() : last_error();
}

std::error_code TargetFolder::rename_new(const std::string& part, const std::string& name) const {
  const int folder = folder_.get();
  if (::renameat2(folder, part.c_str(), folder, name.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return last_error();
  // A file system without it: a second name first, which is refused if there is something, then the first one goes.
  if (::linkat(folder, part.c_str(), folder, name.c_str(), 0) != 0) return last_error();
  ::unlinkat(folder, part.c_str(), 0);
  return {};
}

std::variant<std::string, FolderRefusal> TargetFolder::publish(const WholeFile& whole, NameClash clash) const {
  const auto& [file, part, name, size, mtime] = whole;
  constexpr std::uint64_t second = 1'000'000'000;
  const timespec times[2] = {
      {.tv_sec = 0, .tv_nsec = UTIME_OMIT},
      {.tv_sec = static_cast<time_t>(mtime / second), .tv_nsec = static_cast<long>(mtime % second)}};
  ::futimens(file->get(), times);  // a file system without times has the file all the same
  if (::fsync(file->get()) != 0) return refusal("the file cannot be brought to the disk", errno);
  struct stat status {};
  if (::fstat(file->get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size ||
      !is_called(*file, part))
    return FolderRefusal{"the part file was changed by somebody else"};
  auto chosen = name;
  auto error = clash == NameClash::overwrite ? rename_over(part, name) : rename_new(part, name);
  for (unsigned number = 1; clash == NameClash::rename && error.value() == EEXIST && number <= most_numbers; ++number) {
    chosen = numbered_name(name, number);
    error = rename_new(part, chosen);
  }
  if (error.value() == EEXIST) return FolderRefusal{"a file of this name exists already"};
  if (error) return refusal("the file cannot get its name", error.value());
  if (!is_called(*file, chosen)) return FolderRefusal{"the part file was exchanged by somebody else"};
  ::fsync(folder_.get());
  return chosen;
}

}  // namespace wirelab
