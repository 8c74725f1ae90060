// wirelab receive: files from whoever offers some, into one folder; a person is asked before each.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <deque>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <termios.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/services/file_receiver.hpp"
#include "lab/services/name.hpp"
#include "lab/services/ports.hpp"
#include "lab/services/registry_client.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/line_reader.hpp"
#include "scenarios/cli/listen_options.hpp"
#include "scenarios/cli/progress.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

using nlohmann::json;
using Transfer = FileReceiver::Transfer;
using Outcome = FileReceiver::Outcome;
using Result = FileReceiver::Result;

NameClash clash_of(const po::variables_map& values) {
  const auto word = values["on-clash"].as<std::string>();
  if (word == "refuse") return NameClash::refuse;
  if (word == "rename") return NameClash::rename;
  if (word == "overwrite") return NameClash::overwrite;
  throw BadInput(fmt::format("--on-clash takes refuse, rename or overwrite, not '{}'", printable(word)));
}

// 0: without end.
std::size_t count_of(const po::variables_map& values) {
  if (values.contains("once")) return 1;
  if (!values.contains("count")) return 0;
  const auto count = values["count"].as<long long>();
  if (count < 1) throw BadInput(fmt::format("--count {} is out of range\nit takes a number from 1 on", count));
  return static_cast<std::size_t>(count);
}

std::shared_ptr<const TargetFolder> folder_at(const std::string& path) {
  try {
    return std::make_shared<const TargetFolder>(path);
  } catch (const std::system_error& error) {
    throw BadInput(fmt::format("{}\ngive a folder that you can write to", printable(error.what())));
  }
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name_fault(name.data())) return "device";
  return name.data();
}

class Receiving {
 public:
  Receiving(const Invocation& call, Selector& loop)
      : output_(call.output),
        loop_(loop),
        asks_(!call.values.contains("yes")),
        count_(count_of(call.values)),
        receiver_(loop, open_here, endpoint_to_listen_at(call.values, files_port), worker_,
                  folder_at(call.arguments[0]), events(), options_of(call.values)) {
    if (call.values.contains("registry")) enter_registry(call.values);
  }

  ExitCode play() {
    const auto where = receiver_.local().to_string();
    output_.object({{"type", "listening"}, {"service", "files"}, {"address", where}});
    if (!output_.quiet()) output_.line(fmt::format("files are received at {}; Ctrl-C ends it", where));
    output_.flush();
    std::exception_ptr interrupted;
    try {
      while (count_ == 0 || over_ < count_) loop_.turn(Duration::max());
    } catch (const Interrupted&) {
      if (count_ > 0) interrupted = std::current_exception();
    }
    stop();
    tell_result();
    if (interrupted) std::rethrow_exception(interrupted);
    return bad_ == 0 ? ExitCode::ok : ExitCode::check_failed;
  }

 private:
  static FileReceiver::Options options_of(const po::variables_map& values) {
    FileReceiver::Options options{.clash = clash_of(values)};
    if (values.contains("max-clients")) options.tcp.max_clients = max_clients_of(values);
    return options;
  }

  FileReceiver::Events events() {
    return {.on_offer = [this](const Transfer& transfer) { on_offer(transfer); },
            .on_begin =
                [this](const Transfer& transfer, std::uint64_t from) {
                  running_.insert(transfer.offer.id);
                  output_.object(
                      {{"type", "accepted"}, {"id", transfer.offer.id}, {"name", transfer.offer.name}, {"from", from}});
                },
            .on_progress =
                [this](const Transfer& transfer, const FileProgress& progress) {
                  display_.show(transfer.offer.id, transfer.offer.name, progress);
                },
            .on_end = [this](const Transfer& transfer, const Outcome& outcome) { on_end(transfer, outcome); }};
  }

  void enter_registry(const po::variables_map& values) {
    const auto registry = server_named(values["registry"].as<std::string>(), registry_port);
    const auto name = values.contains("name") ? values["name"].as<std::string>() : host_name();
    const Device self{.id = fmt::format("{}-{}", host_name(), receiver_.local().port),
                      .name = name,
                      .instance = random_instance(),
                      .port = receiver_.local().port,
                      .address = {}};
    if (const auto fault = device_fault(self))
      throw BadInput(fmt::format("no device can be called '{}': {}\ngive another --name", printable(name), *fault));
    registry_ = std::make_unique<RegistryClient>(
        loop_, open_here, any_towards(registry), registry,
        RegistryClient::Events{
            .on_list =
                [this, self](const auto&) {
                  output_.object({{"type", "registered"}, {"id", self.id}, {"name", self.name}});
                },
            .on_change = {},
            .on_refused = [this](std::string_view why) { say(fmt::format("the registry says: {}", printable(why))); },
            .on_retry = [this, registry](
                            const CloseReason& reason,
                            Duration) { say(fmt::format("no registry at {}: {}", registry, reason.to_string())); },
            .on_end = {}},
        RegistryClient::Options{.self = self});
  }

  void on_offer(const Transfer& transfer) {
    const auto& offer = transfer.offer;
    output_.object({{"type", "offer"},
                    {"id", offer.id},
                    {"name", offer.name},
                    {"size", offer.size},
                    {"peer", transfer.peer.to_string()}});
    if (count_ > 0 && over_ + accepted_.size() + asked_.size() >= count_)
      return receiver_.refuse(offer.id, "this receiver takes no more");
    if (!asks_) return accept(offer.id);
    if (nobody_there_) return receiver_.refuse(offer.id, "nobody is there to be asked");
    asked_.push_back(transfer);
    if (asked_.size() == 1) ask();
  }

  void accept(const std::string& id) {
    accepted_.insert(id);
    receiver_.accept(id);
  }

  // In a turn of its own, and with a reader of its own: what was typed before the question stands there answers
  // nothing.
  void ask() {
    loop_.cancel(question_);
    question_ = loop_.after(Duration::zero(), [this] { put_question(); });
  }

  void put_question() {
    answers_.reset();
    display_.hold(!asked_.empty());
    if (asked_.empty()) return;
    const auto& [peer, offer] = asked_.front();
    (void)std::fflush(stdout);
    ::tcflush(STDIN_FILENO, TCIFLUSH);
    fmt::print(stderr, "Take '{}' ({}) from {}? [y/N] ", printable(offer.name),
               size_text(static_cast<double>(offer.size)), peer.address);
    (void)std::fflush(stderr);
    answers_ = std::make_unique<LineReader>(
        loop_, STDIN_FILENO,
        LineReader::Events{.on_line = [this](std::string_view line) { on_answer(line == "y" || line == "yes"); },
                           .on_too_long = [this] { on_answer(false); },
                           .on_end = [this] { on_nobody(); }});
    answers_->resume();
  }

  void on_answer(bool yes) {
    if (asked_.empty()) return;
    answers_->pause();
    const auto id = asked_.front().offer.id;
    asked_.pop_front();
    yes ? accept(id) : receiver_.refuse(id, "it is not wanted");
    ask();
  }

  void on_nobody() {
    nobody_there_ = true;
    for (const auto& [peer, offer] : std::exchange(asked_, {}))
      receiver_.refuse(offer.id, "nobody is there to be asked");
    ask();
  }

  void on_end(const Transfer& transfer, const Outcome& outcome) {
    const auto& id = transfer.offer.id;
    const auto gone = std::ranges::find(asked_, id, [](const Transfer& asked) { return asked.offer.id; });
    const bool was_asked = gone == asked_.begin() && gone != asked_.end();
    if (gone != asked_.end()) asked_.erase(gone);
    display_.forget(id);
    if (was_asked) fmt::print(stderr, "(gone)\n");
    tell_end(transfer, outcome);
    accepted_.erase(id);
    count(outcome.result, running_.erase(id) > 0);
    if (was_asked) ask();
  }

  // What was cut comes back, and what never began was nothing.
  void count(Result result, bool had_begun) {
    if (result == Result::received) ++over_;
    if (result == Result::received || result == Result::cut || !had_begun) return;
    ++over_;
    ++bad_;
  }

  void tell_end(const Transfer& transfer, const Outcome& outcome) {
    const auto& [peer, offer] = transfer;
    const bool ok = outcome.result == Result::received;
    json object{{"type", ok ? "received" : "not-received"},
                {"id", offer.id},
                {"name", offer.name},
                {"size", offer.size},
                {"peer", peer.to_string()},
                {"result", FileReceiver::to_string(outcome.result)},
                {"bytes", outcome.bytes}};
    if (ok) object["file"] = outcome.name;
    if (!ok) object["why"] = outcome.why;
    if (outcome.sha256) object["sha256"] = to_hex(*outcome.sha256);
    output_.object(object);
    const auto size = size_text(static_cast<double>(offer.size));
    if (ok)
      output_.line(fmt::format("{}: {} from {}{}", printable(outcome.name), size, peer.address,
                               outcome.sha256 ? ", verified" : ""));
    else if (!output_.json())
      output_.talk(fmt::format("'{}' ({}) from {} was not received: {}: {}", printable(offer.name), size, peer.address,
                               FileReceiver::to_string(outcome.result), printable(outcome.why)));
    output_.flush();
  }

  void say(const std::string& text) {
    display_.clear();
    output_.talk(text);
  }

  void stop() {
    loop_.cancel(question_);
    answers_.reset();
    display_.hold(true);
    asked_.clear();
    if (receiver_.transfers() > 0) output_.talk("stopping; once more Ctrl-C stops at once");
    bool stopped = false;
    receiver_.stop([&] { stopped = true; });
    if (registry_) registry_->stop();
    while (!stopped) loop_.turn(Duration::max());
  }

  void tell_result() const {
    const auto& stats = receiver_.stats();
    output_.object({{"type", "result"},
                    {"service", "files"},
                    {"ok", bad_ == 0},
                    {"received", stats.received},
                    {"failed", bad_},
                    {"offers", stats.offers},
                    {"resumed", stats.resumed},
                    {"malformed", stats.malformed},
                    {"bytes", stats.bytes},
                    {"clients", receiver_.tcp().stats().accepted},
                    {"refused", receiver_.tcp().stats().refused},
                    {"selector", selector_as_json(loop_)}});
    if (!output_.json()) tell_selector(output_, loop_);
  }

  const Output& output_;
  Selector& loop_;
  bool asks_;
  std::size_t count_;
  std::deque<Transfer> asked_;      // the first is on the screen
  std::set<std::string> accepted_;  // ids of those that are not over
  std::set<std::string> running_;   // of these, those that began
  Selector::TimerId question_;
  bool nobody_there_ = false;  // standard input has ended
  std::size_t over_ = 0;       // transfers that ended for good
  std::size_t bad_ = 0;        // of these, those that did not bring a file
  ProgressDisplay display_{output_};
  std::unique_ptr<LineReader> answers_;
  FileWorker worker_{loop_};
  FileReceiver receiver_;
  std::unique_ptr<RegistryClient> registry_;
};

ExitCode receive(const Invocation& call) {
  const bool is_asked = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  if (!call.values.contains("yes") && !is_asked)
    throw BadInput(
        "nobody can be asked whether a file is wanted: there is no terminal\n--yes takes all files that are offered");
  // A file beyond `ulimit -f` is an error of write, not the end.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  const auto loop = loop_of(call.values);
  const Interrupt interrupt(*loop);
  std::optional<Receiving> receiving;
  try {
    receiving.emplace(call, *loop);
  } catch (const std::system_error& error) {
    explain_listen_failure(error);
  }
  return receiving->play();
}

po::options_description receive_options() {
  po::options_description options("Of the receiving");
  auto add = options.add_options();
  add("yes,y", "take everything from anybody who can reach --listen, ask nobody");
  add("on-clash", po::value<std::string>()->default_value("refuse")->value_name("WHAT"),
      "if there is a file of that name: refuse, rename (the new one) or overwrite");
  add("once", "end after one file");
  add("count", po::value<long long>()->value_name("N"), "end after N files");
  add("registry", po::value<std::string>()->value_name("HOST[:PORT]"), "be found there by name");
  add("name", po::value<std::string>()->value_name("NAME"), "of this device (default: the host's)");
  return options.add(listen_options("0.0.0.0")).add(poller_option());
}

}  // namespace

Command receive_command() {
  return {.name = "receive",
          .arguments = "DIR",
          .summary = "files that others send, into a folder; asks before each",
          .options = receive_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = receive};
}

}  // namespace wirelab::cli
