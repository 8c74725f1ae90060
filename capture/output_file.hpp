// OutputFile: a file that a run leaves behind, a trace or a report. Public.
//
// An existing regular file is overwritten, as `tcpdump -w` does. What is new belongs to the person who typed the
// command, also under sudo (SUDO_UID, SUDO_GID).
#pragma once

#include <cstdint>
#include <string>

#include "lab/base/bytes.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::capture {

class OutputFile {
 public:
  // Throws BadInput if the path is something else than a regular file or its folder does not exist, std::system_error
  // if the system refuses.
  explicit OutputFile(std::string path);
  // Writes to a descriptor that is open already; `name` is for errors.
  OutputFile(UniqueFd fd, std::string name);

  // Writes all of `bytes` or throws std::system_error with the name and the place. A regular file is then cut back to
  // its last whole write, so that a trace on a full disk ends with a whole packet.
  void write(ByteView bytes);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::string path_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

// Makes a folder that belongs to the person who typed the command; one that exists stays as it is. Throws as
// OutputFile does.
void create_folder(const std::string& path);
// Makes a new folder below TMPDIR, else below /tmp, that only the person who typed the command may enter; returns its
// path. Throws std::system_error.
std::string create_temporary_folder();

}  // namespace wirelab::capture
