// FilePipe: brings what a socket has received into a file without taking it through the program: splice(2), of which
// one end has to be a pipe. Public; whoever receives files owns one for all its connections, and lends it to
// TcpConnection::receive_file().
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "lab/base/unique_fd.hpp"

namespace wirelab {

class FilePipe {
 public:
  // In bytes: what it holds, if the kernel allows. An ordinary user may have as much (fs.pipe-max-size).
  static constexpr std::size_t size = std::size_t{1} << 20;

  struct Moved {
    std::size_t bytes = 0;  // are in the file
    bool ended = false;     // the peer sends no more
    int socket_error = 0;   // an errno; EAGAIN: nothing has come
    std::error_code error;  // of writing: what had left the socket beyond `bytes` is lost
  };

  // At most `most` bytes, above 0, from the non-blocking stream socket to `offset` (in bytes) of the regular file.
  // Without a pipe, or where the kernel or the file system does not splice, the bytes are copied.
  Moved move(int socket, int file, std::uint64_t offset, std::size_t most);

 private:
  bool open();
  Moved write_out(int file, std::uint64_t offset, std::size_t most);

  UniqueFd in_, out_;  // the pipe, empty between two calls; opened by the first
};

}  // namespace wirelab
