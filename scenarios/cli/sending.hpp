// Sending: files to one receiver, one after the other, told while they go. What wirelab send does once it knows where
// to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lab/services/file_sender.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/progress.hpp"

namespace wirelab::cli {

// Throws BadInput for what cannot be sent.
SourceFile source_at(const std::string& path);

class Sending {
 public:
  // The loop and the output outlive it.
  Sending(const Output& output, Selector& loop, const Endpoint& receiver, FileSender::Options options)
      : output_(output), loop_(loop), receiver_(receiver), options_(std::move(options)) {}

  // Turns the loop until each has gone or cannot go; the exit code is that of the last failure. An interruption goes
  // on after the file at hand and the result were told.
  ExitCode play(const std::vector<std::string>& paths);

 private:
  void send(const std::string& path);
  FileSender::Events events(std::optional<FileSender::Outcome>& outcome);
  void on_offer();
  void on_begin(std::uint64_t from);
  void on_retry(std::string_view why, Duration pause);
  void on_interruption(const FileSender& sender);
  [[nodiscard]] nlohmann::json sent(std::string_view result, unsigned attempts) const;
  void tell_not_begun(const std::string& path, FileSender::Result result);
  void tell(const FileSender::Outcome& outcome, unsigned attempts);
  void tell_verified(const FileSender::Outcome& outcome) const;
  void tell_result(std::size_t files) const;
  [[nodiscard]] Failure failure_of_file(const FileSender::Outcome& outcome) const;
  void fail(Failure failure);

  const Output& output_;
  Selector& loop_;
  Endpoint receiver_;
  FileSender::Options options_;
  FileWorker worker_{loop_};
  ProgressDisplay display_{output_};
  FileOffer offer_;  // of the file at hand
  SteadyTime begun_;
  std::uint64_t from_ = 0;
  Selector::TimerId waiting_;
  std::size_t verified_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<Failure> failure_;  // the last one, which is told at the end
};

}  // namespace wirelab::cli
