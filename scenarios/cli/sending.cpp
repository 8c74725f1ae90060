#include "scenarios/cli/sending.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/cli/quantity.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

using Result = FileSender::Result;

// How long a person at the other end may take to answer before it is said who is waited for.
constexpr Duration short_wait = std::chrono::seconds(1);

double seconds_since(SteadyTime begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

}  // namespace

SourceFile source_at(const std::string& path) {
  try {
    return SourceFile(path);
  } catch (const std::system_error& error) {
    throw BadInput(fmt::format("{}\nnothing was sent of it", printable(error.what())));
  }
}

ExitCode Sending::play(const std::vector<std::string>& paths) {
  try {
    for (const auto& path : paths) send(path);
  } catch (const Interrupted&) {
    tell_result(paths.size());
    throw;
  }
  tell_result(paths.size());
  if (!failure_) return ExitCode::ok;
  report(output_, *failure_);
  return failure_->exit;
}

// After a receiver that does not answer the other files are not tried: each would wait as long.
void Sending::send(const std::string& path) {
  if (failure_ && failure_->exit == ExitCode::no_answer) return;
  std::optional<FileSender::Outcome> outcome;
  begun_ = std::chrono::steady_clock::now();
  from_ = 0;
  std::optional<FileSender> sender;
  try {
    sender.emplace(loop_, open_here, any_towards(receiver_), receiver_, worker_, source_at(path), events(outcome),
                   options_);
  } catch (const BadInput&) {
    return tell_not_begun(path, Result::changed);
  } catch (const std::system_error&) {
    return tell_not_begun(path, Result::failed);
  }
  offer_ = sender->offer();
  try {
    while (!outcome) loop_.turn(Duration::max());
  } catch (const ReaderLeft&) {
    throw;
  } catch (const Interrupted&) {
    on_interruption(*sender);
    throw;
  }
  display_.forget(offer_.id);
  tell(*outcome, sender->attempts());
}

// In a handler: the file has vanished since the first look, or this machine is short of something.
void Sending::tell_not_begun(const std::string& path, FileSender::Result result) {
  offer_ = {.name = path.substr(path.rfind('/') + 1)};
  tell({.result = result, .why = failure_of(std::current_exception()).message}, 0);
}

FileSender::Events Sending::events(std::optional<FileSender::Outcome>& outcome) {
  return {.on_offer = [this] { on_offer(); },
          .on_begin = [this](std::uint64_t from) { on_begin(from); },
          .on_progress = [this](const FileProgress& progress) { display_.show(offer_.id, offer_.name, progress); },
          .on_retry = [this](std::string_view why, Duration pause) { on_retry(why, pause); },
          .on_end =
              [this, &outcome](const FileSender::Outcome& told) {
                loop_.cancel(waiting_);
                outcome = told;
              }};
}

void Sending::on_offer() {
  output_.object({{"type", "offer"},
                  {"id", offer_.id},
                  {"name", offer_.name},
                  {"size", offer_.size},
                  {"to", receiver_.to_string()}});
  waiting_ = loop_.after(short_wait, [this] {
    display_.clear();
    output_.talk(fmt::format("{} is asked whether it takes '{}'", receiver_, printable(offer_.name)));
  });
}

void Sending::on_begin(std::uint64_t from) {
  loop_.cancel(waiting_);
  from_ = from;
  output_.object({{"type", "accepted"}, {"id", offer_.id}, {"name", offer_.name}, {"from", from}});
  if (from == 0) return;
  display_.clear();
  output_.talk(fmt::format("'{}' goes on at {}", printable(offer_.name), size_text(from)));
}

void Sending::on_retry(std::string_view why, Duration pause) {
  loop_.cancel(waiting_);
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
  output_.object({{"type", "retry"}, {"id", offer_.id}, {"why", why}, {"pause_ms", ms}});
  display_.clear();
  output_.talk(fmt::format("{}: {}; trying again in {}", receiver_, printable(why), pause_text(pause)));
}

void Sending::on_interruption(const FileSender& sender) {
  loop_.cancel(waiting_);
  display_.forget(offer_.id);
  auto object = sent("interrupted", sender.attempts());
  object["why"] = "interrupted";
  output_.object(object);
  if (sender.sent() == 0) return;
  output_.talk(fmt::format("'{}' was sent up to {} of {}; the same command goes on from what arrived",
                           printable(offer_.name), size_text(sender.sent()), size_text(offer_.size)));
}

nlohmann::json Sending::sent(std::string_view result, unsigned attempts) const {
  return {{"type", "sent"},      {"id", offer_.id},      {"name", offer_.name},
          {"size", offer_.size}, {"ok", false},          {"result", result},
          {"from", from_},       {"attempts", attempts}, {"seconds", seconds_since(begun_)}};
}

void Sending::tell(const FileSender::Outcome& outcome, unsigned attempts) {
  const bool ok = outcome.result == Result::verified;
  auto object = sent(FileSender::to_string(outcome.result), attempts);
  object["ok"] = ok;
  if (outcome.sha256) object["sha256"] = to_hex(*outcome.sha256);
  if (!outcome.name.empty()) object["saved_as"] = outcome.name;
  if (!ok) object["why"] = outcome.why;
  output_.object(object);
  if (!ok) return fail(failure_of_file(outcome));
  ++verified_;
  bytes_ += offer_.size;
  tell_verified(outcome);
}

void Sending::tell_verified(const FileSender::Outcome& outcome) const {
  const auto seconds = seconds_since(begun_);
  const bool renamed = !outcome.name.empty() && outcome.name != offer_.name;
  output_.line(fmt::format("{}: {} sent{} in {:.1f} s ({}/s){}", printable(offer_.name), size_text(offer_.size),
                           outcome.sha256 ? " and verified" : "", seconds,
                           size_text(static_cast<double>(offer_.size) / std::max(seconds, 1e-3)),
                           renamed ? fmt::format(", saved as '{}'", printable(outcome.name)) : ""));
  output_.flush();
}

Failure Sending::failure_of_file(const FileSender::Outcome& outcome) const {
  const auto why = printable(outcome.why);
  if (outcome.result == Result::no_answer)
    return {ExitCode::no_answer, "no-answer", fmt::format("{} does not answer: {}", receiver_, why),
            "start it with: wirelab receive DIR"};
  if (outcome.result == Result::stranger)
    return {ExitCode::no_answer, "no-answer", fmt::format("{} answered, but not like a wirelab receiver", receiver_),
            fmt::format("wirelab receive DIR listens at port {}", files_port)};
  return {ExitCode::check_failed, std::string(FileSender::to_string(outcome.result)),
          fmt::format("'{}' was not sent: {}", printable(offer_.name), why), ""};
}

void Sending::fail(Failure failure) {
  if (failure_ && !output_.json()) report(output_, *failure_);
  failure_ = std::move(failure);
}

void Sending::tell_result(std::size_t files) const {
  output_.object({{"type", "result"},
                  {"ok", verified_ == files},
                  {"to", receiver_.to_string()},
                  {"files", files},
                  {"verified", verified_},
                  {"bytes", bytes_},
                  {"selector", selector_as_json(loop_)}});
  if (!output_.json()) tell_selector(output_, loop_);
}

}  // namespace wirelab::cli
