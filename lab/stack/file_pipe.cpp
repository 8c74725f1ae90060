#include "lab/stack/file_pipe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>

#include "lab/base/bytes.hpp"

namespace wirelab {
namespace {

std::error_code error_of(int number) { return {number, std::system_category()}; }

std::error_code write_all(int file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return error_of(count == 0 ? EIO : errno);
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

// No error of the connection, which would be told only once: a read may still bring something. splice says EAGAIN, or 0
// before the end, as long as urgent data lies there, over which a read steps; the others say that it may not be called,
// as where system calls are filtered.
bool is_of_splice(int error) { return error == EAGAIN || error == EINVAL || error == ENOSYS || error == EPERM; }

// What one read of a socket or a pipe gives.
FilePipe::Moved copy(int from, int file, std::uint64_t offset, std::size_t most) {
  std::array<std::uint8_t, std::size_t{64} << 10> buffer;
  const auto count = ::read(from, buffer.data(), std::min(most, buffer.size()));
  if (count < 0) return {.socket_error = errno};
  if (count == 0) return {.ended = true};
  const auto size = static_cast<std::size_t>(count);
  if (const auto error = write_all(file, offset, ByteView(buffer).first(size))) return {.error = error};
  return {.bytes = size};
}

}  // namespace

// Where it stays as small as it was, more turns are taken.
bool FilePipe::open() {
  if (out_) return true;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  out_.reset(ends[0]);
  in_.reset(ends[1]);
  ::fcntl(in_.get(), F_SETPIPE_SZ, static_cast<int>(size));
  return true;
}

FilePipe::Moved FilePipe::move(int socket, int file, std::uint64_t offset, std::size_t most) {
  if (!open()) return copy(socket, file, offset, most);
  const auto count = ::splice(socket, nullptr, in_.get(), nullptr, std::min(most, size), SPLICE_F_NONBLOCK);
  if (count < 0 && !is_of_splice(errno)) return {.socket_error = errno};
  if (count <= 0) return copy(socket, file, offset, most);
  const auto moved = write_out(file, offset, static_cast<std::size_t>(count));
  if (moved.error) {  // the next one begins with an empty pipe
    in_.reset();
    out_.reset();
  }
  return moved;
}

FilePipe::Moved FilePipe::write_out(int file, std::uint64_t offset, std::size_t most) {
  Moved moved;
  while (moved.bytes < most && !moved.error) {
    auto at = static_cast<off_t>(offset + moved.bytes);
    const auto left = most - moved.bytes;
    const auto count = ::splice(out_.get(), nullptr, file, &at, left, 0);
    if (count > 0) {
      moved.bytes += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINVAL) {  // this file system does not splice
      const auto copied = copy(out_.get(), file, offset + moved.bytes, left);
      moved.bytes += copied.bytes;
      moved.error = copied.error;
    } else if (count == 0 || errno != EINTR) {
      moved.error = error_of(count == 0 ? EIO : errno);
    }
  }
  return moved;
}

}  // namespace wirelab
