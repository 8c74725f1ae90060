#include "capture/output_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/base/error.hpp"

namespace wirelab::capture {
namespace {

std::optional<unsigned> number_in(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text = value;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A file system without owners refuses that, which is no reason to lose a trace.
void give_to_invoker(int fd) {
  const auto user = number_in("SUDO_UID");
  const auto group = number_in("SUDO_GID");
  if (::geteuid() != 0 || !user || !group) return;
  [[maybe_unused]] const int refused = ::fchown(fd, *user, *group);
}

void give_folder_to_invoker(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (fd) give_to_invoker(fd.get());
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void refuse(const std::string& path, int error) {
  if (error == ENOENT) throw BadInput(fmt::format("cannot create {}: its folder does not exist; make it first", path));
  if (error == ENOTDIR) throw BadInput(fmt::format("cannot create {}: a part of the path is no folder", path));
  throw_errno("create " + path, error);
}

UniqueFd create(const std::string& path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode))
    throw BadInput(
        fmt::format("cannot write {}: it is {}, not a file; choose another name", path, kind_of(status.st_mode)));
  // Not blocking, should a pipe have taken the file's place meanwhile.
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666));
  if (!fd) refuse(path, errno);
  if (!exists) give_to_invoker(fd.get());
  return fd;
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)), fd_(create(path_)) {}

OutputFile::OutputFile(UniqueFd fd, std::string name) : path_(std::move(name)), fd_(std::move(fd)) {}

void OutputFile::write(ByteView bytes) {
  const auto whole = size_;
  while (!bytes.empty()) {
    const auto written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      const auto place = std::exchange(size_, whole);
      [[maybe_unused]] const int uncut = ::ftruncate(fd_.get(), static_cast<off_t>(whole));
      throw_errno(fmt::format("write {} at byte {}", path_, place), error);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
}

void create_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return give_folder_to_invoker(path);
  const int error = errno;
  struct stat status {};
  if (error != EEXIST || ::stat(path.c_str(), &status) != 0) refuse(path, error);
  if (!S_ISDIR(status.st_mode))
    throw BadInput(fmt::format("cannot use {} as a folder: it is something else; choose another name", path));
}

std::string create_temporary_folder() {
  const char* chosen = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/wirelab-XXXXXX", chosen == nullptr || *chosen == '\0' ? "/tmp" : chosen);
  if (::mkdtemp(path.data()) == nullptr) throw_errno("make the folder " + path);
  give_folder_to_invoker(path);
  return path;
}

}  // namespace wirelab::capture
