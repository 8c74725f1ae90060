// wirelab send: files to a device that runs wirelab receive, one after the other.
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"
#include "lab/services/file_sender.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/find_device.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/progress.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

using nlohmann::json;

constexpr Duration shortest_patience = std::chrono::seconds(2);  // with a registry that is there

double seconds_since(SteadyTime begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

SourceFile source_at(const std::string& path) {
  try {
    return SourceFile(path);
  } catch (const std::system_error& error) {
    throw BadInput(fmt::format("{}\nnothing was sent of it", error.what()));
  }
}

// An address as it stands, or a name by this machine's resolver: nothing if it has to be looked up in a registry.
std::optional<Endpoint> receiver_named(const po::variables_map& values, const std::string& name) {
  const bool is_address = IpAddress::parse(name) || Endpoint::parse(name);
  if (!is_address && values.contains("registry")) return std::nullopt;
  return server_named(name, files_port);
}

class Sending {
 public:
  Sending(const Invocation& call, Selector& loop, const Endpoint& receiver)
      : output_(call.output),
        loop_(loop),
        receiver_(receiver),
        files_(call.arguments.begin(), call.arguments.end() - 1),
        options_{.digest = !call.values.contains("no-digest"), .retry = {.limit = seconds_of(call.values, "wait")}} {}

  ExitCode play() {
    try {
      for (const auto& file : files_) send(file);
    } catch (const Interrupted&) {
      display_.clear();
      tell_result();
      throw;
    } catch (const BadInput&) {
      // A file has vanished.
      if (failure_ && !output_.json()) report(output_, *failure_);
      failure_ = failure_of(std::current_exception());
    }
    tell_result();
    if (!failure_) return ExitCode::ok;
    report(output_, *failure_);
    return failure_->exit;
  }

 private:
  // After a receiver that does not answer the other files are not tried: each would wait as long.
  void send(const std::string& path) {
    if (failure_ && failure_->exit == ExitCode::no_answer) return;
    std::optional<FileSender::Outcome> outcome;
    begun_ = std::chrono::steady_clock::now();
    from_ = 0;
    FileSender sender(loop_, open_here, any_towards(receiver_), receiver_, worker_, source_at(path), events(outcome),
                      options_);
    offer_ = sender.offer();
    while (!outcome) loop_.turn(Duration::max());
    display_.forget(offer_.id);
    tell_outcome(*outcome, sender.attempts());
  }

  FileSender::Events events(std::optional<FileSender::Outcome>& outcome) {
    return {.on_offer =
                [this] {
                  tell({{"type", "offer"},
                        {"id", offer_.id},
                        {"name", offer_.name},
                        {"size", offer_.size},
                        {"to", receiver_.to_string()}});
                  waiting_ = loop_.after(std::chrono::seconds(1), [this] {
                    display_.clear();
                    output_.talk(fmt::format("{} is asked whether it takes '{}'", receiver_, printable(offer_.name)));
                  });
                },
            .on_begin = [this](std::uint64_t from) { on_begin(from); },
            .on_progress = [this](const FileProgress& progress) { display_.show(offer_.id, offer_.name, progress); },
            .on_retry = [this](std::string_view why, Duration pause) { on_retry(why, pause); },
            .on_end =
                [this, &outcome](const FileSender::Outcome& told) {
                  loop_.cancel(waiting_);
                  outcome = told;
                }};
  }

  void on_begin(std::uint64_t from) {
    loop_.cancel(waiting_);
    from_ = from;
    tell({{"type", "accepted"}, {"id", offer_.id}, {"name", offer_.name}, {"from", from}});
    if (from == 0) return;
    display_.clear();
    output_.talk(fmt::format("'{}' goes on at {}", printable(offer_.name), size_text(static_cast<double>(from))));
  }

  void on_retry(std::string_view why, Duration pause) {
    loop_.cancel(waiting_);
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
    tell({{"type", "retry"}, {"id", offer_.id}, {"why", why}, {"pause_ms", ms}});
    display_.clear();
    output_.talk(fmt::format("{}: {}; trying again in {} ms", receiver_, printable(why), ms));
  }

  void tell_outcome(const FileSender::Outcome& outcome, unsigned attempts) {
    const auto seconds = seconds_since(begun_);
    const bool ok = outcome.result == FileSender::Result::verified;
    json object{{"type", "sent"},
                {"id", offer_.id},
                {"name", offer_.name},
                {"size", offer_.size},
                {"ok", ok},
                {"result", FileSender::to_string(outcome.result)},
                {"from", from_},
                {"attempts", attempts},
                {"seconds", seconds}};
    if (outcome.sha256) object["sha256"] = to_hex(*outcome.sha256);
    if (!ok) object["why"] = outcome.why;
    tell(object);
    if (!ok) return fail(outcome);
    ++verified_;
    bytes_ += offer_.size;
    const auto size = static_cast<double>(offer_.size);
    output_.line(fmt::format("{}: {} sent{} in {:.1f} s ({}/s)", printable(offer_.name), size_text(size),
                             outcome.sha256 ? " and verified" : "", seconds,
                             size_text(size / std::max(seconds, 1e-3))));
    output_.flush();
  }

  void fail(const FileSender::Outcome& outcome) {
    const bool silent = outcome.result == FileSender::Result::no_answer;
    Failure failure{silent ? ExitCode::no_answer : ExitCode::check_failed,
                    silent ? "no-answer" : std::string(FileSender::to_string(outcome.result)),
                    silent ? fmt::format("{} does not answer: {}", receiver_, printable(outcome.why))
                           : fmt::format("'{}' was not sent: {}", printable(offer_.name), printable(outcome.why)),
                    silent ? "start it with: wirelab receive DIR" : ""};
    // The last one is told at the end.
    if (failure_ && !output_.json()) report(output_, *failure_);
    failure_ = std::move(failure);
  }

  void tell(const json& object) const { output_.object(object); }

  void tell_result() const {
    output_.object({{"type", "result"},
                    {"ok", !failure_ && verified_ == files_.size()},
                    {"to", receiver_.to_string()},
                    {"files", files_.size()},
                    {"verified", verified_},
                    {"bytes", bytes_},
                    {"selector", selector_as_json(loop_)}});
    if (!output_.json()) tell_selector(output_, loop_);
  }

  const Output& output_;
  Selector& loop_;
  Endpoint receiver_;
  std::vector<std::string> files_;
  FileSender::Options options_;
  FileWorker worker_{loop_};
  ProgressDisplay display_{output_};
  FileOffer offer_;  // of the file at hand
  SteadyTime begun_;
  std::uint64_t from_ = 0;
  Selector::TimerId waiting_;
  std::size_t verified_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<Failure> failure_;
};

ExitCode send(const Invocation& call) {
  const auto& name = call.arguments.back();
  for (auto file = call.arguments.begin(); file + 1 != call.arguments.end(); ++file) source_at(*file);
  const auto loop = loop_of(call.values);
  // Names are resolved before signals go to the loop: the resolver waits outside of it.
  const auto direct = receiver_named(call.values, name);
  const auto registry = direct ? *direct : server_named(call.values["registry"].as<std::string>(), registry_port);
  const Interrupt interrupt(*loop);
  if (direct) return Sending(call, *loop, *direct).play();
  const auto patience = std::max(seconds_of(call.values, "wait"), shortest_patience);
  const auto listed = find_device(*loop, registry, name, patience);
  if (const auto* endpoint = std::get_if<Endpoint>(&listed)) return Sending(call, *loop, *endpoint).play();
  const auto& failure = std::get<Failure>(listed);
  report(call.output, failure);
  return failure.exit;
}

po::options_description send_options() {
  po::options_description options("Of the sending");
  auto add = options.add_options();
  add("registry", po::value<std::string>()->value_name("HOST[:PORT]"), "where devices are looked up by name");
  add("wait", po::value<double>()->default_value(30)->value_name("S"),
      "how long to try, while nothing moves: until there is a receiver, and after a cut");
  add("no-digest", "send without SHA-256; nobody knows then whether what arrives is what was sent");
  return options.add(poller_option());
}

}  // namespace

Command send_command() {
  return {.name = "send",
          .arguments = "FILE... DEVICE|ADDR[:PORT]",
          .summary = "files to a device that runs wirelab receive",
          .options = send_options,
          .least_arguments = 2,
          .most_arguments = SIZE_MAX,
          .run = send};
}

}  // namespace wirelab::cli
