// SourceFile: a file that is sent, as it was when it was opened. Public.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lab/base/unique_fd.hpp"

namespace wirelab {

class SourceFile {
 public:
  // Throws BadInput for what is no regular file, std::system_error for what cannot be opened.
  explicit SourceFile(const std::string& path);

  [[nodiscard]] const std::shared_ptr<const UniqueFd>& file() const { return file_; }
  // The base name.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // ns since 1970-01-01 UTC; 0 for what was before.
  [[nodiscard]] std::uint64_t mtime() const { return mtime_; }
  // In what it differs from what it was, "the file has shrunk from 9 to 5 bytes"; nothing if it does not.
  [[nodiscard]] std::optional<std::string> change() const;

 private:
  std::shared_ptr<const UniqueFd> file_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::uint64_t mtime_ = 0;
};

}  // namespace wirelab
