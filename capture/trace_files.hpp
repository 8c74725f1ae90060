// TraceFiles: the files of a running trace, the merged one and one a tap. Internal to capture/.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/output_file.hpp"
#include "capture/pcapng_writer.hpp"

namespace wirelab::capture {

class TraceFiles {
 public:
  // Creates the files that have a path; throws as OutputFile and create_folder do.
  void open(const TraceInfo& info, const std::string& merged, const std::string& folder);
  // To the merged file, and to that of the packet's tap.
  void write(const Packet& packet);
  // Gives what was written to the system. Throws std::system_error; nothing is written any more then.
  void flush();
  void finish(std::span<const TapStatistics> statistics);
  // Leaves the files as they are.
  void abandon();

 private:
  struct File {
    File(const std::string& path, const TraceInfo& info);
    OutputFile file;
    PcapngWriter writer;
  };
  std::unique_ptr<File> merged_;
  std::vector<std::unique_ptr<File>> by_tap_;
};

}  // namespace wirelab::capture
