// TargetFolder: the folder into which files are received, and the part files in it. Public.
//
// Nothing is ever written outside of it, nothing there is followed if it is a symbolic link, and a file gets its name
// only when it is whole. Names come from outside and are without fault (file_name_fault).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include "lab/base/unique_fd.hpp"

namespace wirelab {

// When a file of that name is there already.
enum class NameClash : std::uint8_t {
  refuse,
  rename,     // the new one becomes "NAME (1)" or the first number that is free
  overwrite,  // the old one is replaced in one step
};

// Why something cannot be done, for the one at the other end: no path of this machine in it.
struct FolderRefusal {
  std::string why;
  bool passing = false;  // may be gone in a moment
};

// A part file, open and locked, so that nobody else receives the same. Destroying it leaves the file where it is.
class PartFile {
 public:
  PartFile(std::shared_ptr<const UniqueFd> file, std::string name, std::uint64_t size)
      : file_(std::move(file)), name_(std::move(name)), size_(size) {}
  PartFile(PartFile&&) = default;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();

  [[nodiscard]] const std::shared_ptr<const UniqueFd>& file() const { return file_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // The lock stays until the last descriptor is closed: somebody else goes on with the file.
  void give_away() { given_away_ = true; }
  // In bytes: what has been written so far.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Cuts it to that.
  std::error_code truncate(std::uint64_t size);
  // So many bytes were written behind them.
  void grown(std::uint64_t bytes) { size_ += bytes; }

 private:
  std::shared_ptr<const UniqueFd> file_;
  std::string name_;
  std::uint64_t size_;
  bool given_away_ = false;
};

// A file that is there to its last byte, still under its part name.
struct WholeFile {
  std::shared_ptr<const UniqueFd> file;
  std::string part, name;
  std::uint64_t size = 0;   // in bytes: another size, and it is not published
  std::uint64_t mtime = 0;  // ns since 1970-01-01 UTC
};

class TargetFolder {
 public:
  // Throws std::system_error if `path` is no folder that can be written to.
  explicit TargetFolder(const std::string& path);

  // Anything, also a symbolic link that leads nowhere.
  [[nodiscard]] bool has(const std::string& name) const;
  // The file of that name, open for reading, if it is a regular one of `size` bytes.
  [[nodiscard]] std::shared_ptr<const UniqueFd> find(const std::string& name, std::uint64_t size) const;
  // The part file of `name` as it is, or a new one.
  [[nodiscard]] std::variant<PartFile, FolderRefusal> open_part(const std::string& name) const;
  // Takes the space for `total` bytes in all from the disk, or, where the file system cannot, looks whether it is
  // there.
  [[nodiscard]] std::optional<FolderRefusal> reserve(const PartFile& part, std::uint64_t total) const;
  void remove(const PartFile& part) const;
  // Gives the file its name, once its bytes are on the disk. Waits for the disk: for a FileWorker.
  [[nodiscard]] std::variant<std::string, FolderRefusal> publish(const WholeFile& whole, NameClash clash) const;

 private:
  struct Opened {
    std::shared_ptr<const UniqueFd> file;
    bool is_new = false;
  };
  [[nodiscard]] Opened open_or_create(const std::string& part) const;
  [[nodiscard]] bool is_called(const UniqueFd& file, const std::string& name) const;
  // Both empty, or why not; the second one EEXIST if there is something of that name.
  [[nodiscard]] std::error_code rename_over(const std::string& part, const std::string& name) const;
  [[nodiscard]] std::error_code rename_new(const std::string& part, const std::string& name) const;

  UniqueFd folder_;
};

}  // namespace wirelab
