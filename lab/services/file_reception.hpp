// FileReception: one file on its way into a folder, without a word about connections. A part of FileReceiver.
//
//   prepare() ──▶ took() ... until nothing is missing ──▶ finish()
//
// It may be destroyed at any point: what has come stays in the part file, and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "lab/services/file_digest.hpp"
#include "lab/services/file_protocol.hpp"
#include "lab/services/file_worker.hpp"
#include "lab/services/target_folder.hpp"

namespace wirelab {

class FileReception {
 public:
  // The same file, by size and digest, is in the folder already.
  struct AlreadyThere {};
  using Prepared = std::variant<FileAccept, AlreadyThere, FolderRefusal>;
  struct Corrupt {};
  // The name under which the file is in the folder, and its digest, if one was taken.
  struct Received {
    std::string name;
    std::optional<Sha256> sha256;
  };
  using Finished = std::variant<Received, Corrupt, FolderRefusal>;

  // `offer` has a name without fault. The worker outlives the reception.
  FileReception(FileWorker& worker, std::shared_ptr<const TargetFolder> folder, FileOffer offer, NameClash clash);
  ~FileReception();
  FileReception(const FileReception&) = delete;
  FileReception& operator=(const FileReception&) = delete;

  [[nodiscard]] const FileOffer& offer() const { return offer_; }
  // Opens the part file and says where to go on; `then` is called from the loop, perhaps before this returns.
  void prepare(std::function<void(const Prepared&)> then);
  // In bytes, once prepared.
  [[nodiscard]] std::uint64_t received() const { return part_ ? part_->size() : 0; }
  [[nodiscard]] std::uint64_t missing() const { return offer_.size - received(); }
  // Where the next bytes are written: to this descriptor, at received().
  [[nodiscard]] int file() const { return part_->file()->get(); }
  // So many bytes have been, no more than were missing.
  void took(std::uint64_t bytes);
  // Everything is there, and the sender's digest is that: verifies it and gives the file its name. `then` is called
  // from the loop, later. What is corrupt is removed.
  void finish(const std::optional<Sha256>& told, std::function<void(const Finished&)> then);

 private:
  std::optional<FolderRefusal> open_part();
  void look_at_existing(std::function<void(const Prepared&)> then);
  void begin(const std::function<void(const Prepared&)>& then);
  void judge(const std::optional<Sha256>& told, const std::optional<Sha256>& own,
             const std::function<void(const Finished&)>& then);
  void publish(const std::optional<Sha256>& own, std::function<void(const Finished&)> then);

  FileWorker& worker_;
  std::shared_ptr<const TargetFolder> folder_;
  FileOffer offer_;
  NameClash clash_;
  std::optional<PartFile> part_;
  std::optional<FileDigest> digest_;
  bool given_away_ = false;                               // it has its name, or is about to get it, or is removed
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // for what comes back from the worker
};

}  // namespace wirelab
