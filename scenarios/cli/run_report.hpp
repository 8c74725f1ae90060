// RunReport: what a story leaves: the files beside the trace, where to look, and the result for programs.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "capture/trace.hpp"
#include "scenarios/cli/lab_options.hpp"
#include "scenarios/cli/output.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::cli {

class RunReport {
 public:
  // All that it is made of outlives it.
  RunReport(const Output& output, capture::Trace& trace, const scenarios::Stage& stage, const TraceFiles& files)
      : output_(output), trace_(trace), stage_(stage), files_(files) {}

  // Writes the story's attachments beside the merged trace, under its name. Returns what went wrong first: the result,
  // which misses that file only, is told before that.
  std::exception_ptr write_attachments();
  // The files, and what to do with them.
  [[nodiscard]] std::string where_to_look();
  // The object of type "result".
  [[nodiscard]] nlohmann::json result(const std::string& scenario, std::uint64_t seed, bool interrupted);

 private:
  // An attachment on the disk.
  struct Written {
    std::string path;
    std::string shows;
  };

  [[nodiscard]] std::string filters_to_try() const;

  const Output& output_;
  capture::Trace& trace_;
  const scenarios::Stage& stage_;
  const TraceFiles& files_;
  std::vector<Written> written_;
};

}  // namespace wirelab::cli
