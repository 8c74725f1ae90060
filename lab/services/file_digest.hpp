// FileDigest: the SHA-256 of a file, computed beside its transfer. Public.
//
// It reads the file itself, behind the one who writes it or before the one who sends it: what is hashed is what lies in
// the file, and the loop only says how far it may read. The reading and hashing is done by a FileWorker, in pieces.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "lab/base/unique_fd.hpp"
#include "lab/services/file_protocol.hpp"
#include "lab/services/file_worker.hpp"

namespace wirelab {

class FileDigest {
 public:
  // Nothing: the file could not be read so far, or has ended before.
  using Answer = std::function<void(const std::optional<Sha256>&)>;

  // `file` is a regular file, open for reading. The worker outlives the digest.
  FileDigest(FileWorker& worker, std::shared_ptr<const UniqueFd> file);
  // No answer comes any more.
  ~FileDigest();
  FileDigest(const FileDigest&) = delete;
  FileDigest& operator=(const FileDigest&) = delete;

  // The first `size` bytes may be read; never less than before.
  void advance(std::uint64_t size);
  // Answers from the loop with the digest of the first `size` bytes, once they may be read and are hashed. Throws
  // std::logic_error for less than what may be read, or was asked for, already: that may be past.
  void ask(std::uint64_t size, Answer answer);

 private:
  struct Work;
  static void hash_on(const std::shared_ptr<Work>& work);

  std::shared_ptr<Work> work_;
};

// Of bytes that are there.
Sha256 sha256_of(ByteView bytes);

}  // namespace wirelab
