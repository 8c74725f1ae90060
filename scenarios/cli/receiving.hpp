// Receiving: files that others send, into one folder, told while they come. What wirelab receive does until it is told
// to end, or has enough.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "lab/services/file_receiver.hpp"
#include "scenarios/cli/exit_code.hpp"
#include "scenarios/cli/file_questions.hpp"
#include "scenarios/cli/progress.hpp"
#include "scenarios/cli/registration.hpp"

namespace wirelab::cli {

struct ReceivePlan {
  std::shared_ptr<const TargetFolder> folder;
  Endpoint listen;
  FileReceiver::Options options;
  bool asks = true;
  std::size_t count = 0;             // of files; 0: without end
  std::optional<Endpoint> registry;  // to be found there
  std::string name;                  // by this
};

class Receiving {
 public:
  // Throws std::system_error if it cannot listen, BadInput for a name that no device can have. The loop and the output
  // outlive it.
  Receiving(const Output& output, Selector& loop, const ReceivePlan& plan);

  // Turns the loop until enough files are there, or an interruption. That is an end like another where there is no
  // count; else it goes on after the result was told, as does a second one.
  ExitCode play();

 private:
  using Transfer = FileReceiver::Transfer;
  using Outcome = FileReceiver::Outcome;

  FileReceiver::Events events();
  void on_offer(const Transfer& transfer);
  void on_begin(const Transfer& transfer, std::uint64_t from);
  void on_end(const Transfer& transfer, const Outcome& outcome);
  void accept(const std::string& id);
  void count(FileReceiver::Result result, bool had_begun);
  void tell_listening() const;
  void tell_end(const Transfer& transfer, const Outcome& outcome) const;
  void tell_result(bool finished) const;
  // And nothing beyond that is on its way, as what was cut and came back when another had its place.
  [[nodiscard]] bool has_enough() const { return count_ > 0 && over_ >= count_ && accepted_.empty(); }
  void stop();
  void turn_on();

  const Output& output_;
  Selector& loop_;
  bool asks_;
  std::size_t count_;
  std::set<std::string> accepted_;  // ids of those that are not over
  std::set<std::string> running_;   // of these, those that began
  std::size_t over_ = 0;            // transfers that ended for good
  std::size_t bad_ = 0;             // of these, those that did not bring a file
  ProgressDisplay display_{output_};
  FileQuestions questions_;
  FileWorker worker_{loop_};
  FileReceiver receiver_;
  std::optional<Registration> registration_;
};

}  // namespace wirelab::cli
