// wirelab chat: a member of a chat room, for a person at a terminal or a script on a pipe.
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/services/chat_client.hpp"
#include "lab/services/name.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/line_reader.hpp"
#include "scenarios/cli/no_service.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/stack_options.hpp"
#include "scenarios/cli/typed_line.hpp"

namespace wirelab::cli {
namespace {

using nlohmann::json;

// More waiting bytes than this, and standard input has to wait as well.
constexpr std::size_t enough_queued = std::size_t{64} << 10;

std::string name_of_member(const po::variables_map& values) {
  if (!values.contains("name")) throw BadInput("under which name?\ngive --name NAME");
  const auto name = values["name"].as<std::string>();
  if (const auto fault = name_fault(name))
    throw BadInput(fmt::format("nobody can be called '{}': {}\ngive another --name", printable(name), *fault));
  return name;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += printable(names[i]);
  }
  return text;
}

bool may_edit(const Output& output) { return !output.json() && !output.quiet() && TypedLine::is_possible(); }

// One stay in the room, from connecting to the end.
class Stay {
 public:
  Stay(const Invocation& call, Selector& loop, const Endpoint& room)
      : output_(call.output),
        loop_(loop),
        room_(room),
        typed_(may_edit(call.output) ? std::make_unique<TypedLine>() : nullptr),
        lines_(loop, STDIN_FILENO, lines()),
        member_(loop, open_here, any_towards(room), room, name_of_member(call.values), events(),
                {.tcp = {.retry = {.limit = seconds_of(call.values, "wait")}}}) {}

  // Turns the loop until the stay is over. Interrupted, it leaves first: that is no failure but of who was not in yet.
  ExitCode play() {
    try {
      loop_.run();
    } catch (const Interrupted&) {
      const bool was_in = welcomed_;
      leave();
      finish();
      if (!was_in) tell_result();
      if (!was_in) throw;
    }
    typed_.reset();
    if (!failure_) tell_result();
    if (!failure_) return ExitCode::ok;
    report(output_, *failure_);
    return failure_->exit;
  }

 private:
  // That nobody reads what is told is known by then.
  void finish() {
    while (!ended_) {
      try {
        loop_.run();
      } catch (const ReaderLeft&) {
      }
    }
  }

  LineReader::Events lines() {
    LineReader::Events events{
        .on_line = [this](std::string_view line) { say(line); },
        .on_too_long = [this] { complain(fmt::format("not said: a line of over {} bytes", LineReader::longest)); },
        .on_end = [this] { leave(); }};
    if (typed_) events.edit = [this](std::string_view keys) { return typed_->typed(keys); };
    return events;
  }

  ChatClient::Events events() {
    return {.on_welcome = [this](const std::vector<std::string>& others) { on_welcome(others); },
            .on_refused = [this](std::string_view, std::string_view text) { on_refused(text); },
            .on_join =
                [this](std::string_view name) {
                  tell({{"type", "joined"}, {"name", name}}, fmt::format("-- {} joined", printable(name)));
                },
            .on_leave =
                [this](std::string_view name, std::string_view why) {
                  tell({{"type", "left"}, {"name", name}, {"why", why}},
                       fmt::format("-- {} left ({})", printable(name), printable(why)));
                },
            .on_say =
                [this](std::string_view name, std::string_view text) {
                  ++heard_;
                  tell({{"type", "said"}, {"name", name}, {"text", text}},
                       fmt::format("{}: {}", output_.style().bold(printable(name)), printable(text)));
                },
            .on_error = [this](std::string_view text) { complain(fmt::format("not said: {}", printable(text))); },
            .on_drained =
                [this] {
                  if (!leaving_) lines_.resume();
                },
            .on_retry =
                [this](const CloseReason& reason, Duration pause) {
                  if (const auto text = retries_.next(reason, pause); !text.empty()) talk(text);
                },
            .on_end = [this](const CloseReason& reason) { on_end(reason); }};
  }

  void on_welcome(const std::vector<std::string>& others) {
    tell({{"type", "welcome"}, {"name", member_.name()}, {"members", others}, {"server", room_.to_string()}},
         others.empty() ? "-- you are in the room, alone"
                        : fmt::format("-- you are in the room with {}", listed(others)));
    welcomed_ = true;
    lines_.resume();
  }

  void on_refused(std::string_view text) {
    failure_ = Failure{ExitCode::usage, "refused",
                       fmt::format("the room does not take '{}': {}", printable(member_.name()), printable(text)),
                       "choose another --name"};
    member_.leave();
  }

  void say(std::string_view line) {
    if (line == "exit") return leave();
    if (line.empty()) return;
    if (!member_.say(line)) return complain("not said: the connection takes no more");
    ++said_;
    if (member_.queued() > enough_queued) lines_.pause();
  }

  void leave() {
    if (std::exchange(leaving_, true)) return;
    lines_.pause();
    member_.leave();
  }

  void on_end(const CloseReason& reason) {
    ended_ = true;
    lines_.pause();
    loop_.stop();
    const bool in_order = leaving_ && reason.cause == CloseCause::finished;
    if (failure_ || in_order) return;
    failure_ = welcomed_
                   ? Failure{ExitCode::no_answer, "no-answer", why_over(reason), "come back with the same command"}
                   : no_service(chat_room_sought, room_, reason);
  }

  [[nodiscard]] std::string why_over(const CloseReason& reason) const {
    if (reason.cause == CloseCause::finished) return fmt::format("the room at {} has ended", room_);
    if (reason.cause == CloseCause::idle) return fmt::format("the room at {} shows no sign of life any more", room_);
    return fmt::format("the connection to the room at {} broke: {}", room_, reason.to_string());
  }

  void complain(const std::string& text) {
    output_.object({{"type", "complaint"}, {"text", text}});
    if (!output_.json()) talk(fmt::format("-- {}", text));
  }

  void talk(const std::string& text) {
    if (typed_) typed_->hide();
    output_.talk(text);
    if (typed_) typed_->show();
  }

  void tell(const json& object, const std::string& line) {
    if (typed_) typed_->hide();
    output_.object(object);
    output_.line(line);
    output_.flush();
    if (std::ferror(stdout) != 0) leave();  // nobody reads it any more
    if (typed_) typed_->show();
  }

  void tell_result() const {
    output_.object({{"type", "result"},
                    {"ok", welcomed_},
                    {"name", member_.name()},
                    {"said", said_},
                    {"heard", heard_},
                    {"selector", selector_as_json(loop_)}});
    tell_selector(output_, loop_);
  }

  const Output& output_;
  Selector& loop_;
  Endpoint room_;
  std::size_t said_ = 0, heard_ = 0;
  bool welcomed_ = false, leaving_ = false, ended_ = false;
  std::optional<Failure> failure_;
  RetryTalk retries_{chat_room_sought, room_};
  std::unique_ptr<TypedLine> typed_;  // on a terminal
  LineReader lines_;
  ChatClient member_;
};

ExitCode chat(const Invocation& call) {
  const auto room = server_named(call.arguments[0], chat_port);
  (void)name_of_member(call.values);
  const auto loop = loop_of(call.values);
  const Interrupt interrupt(*loop);
  const ReaderWatch reader(*loop);
  return Stay(call, *loop, room).play();
}

po::options_description chat_options() {
  po::options_description options("Of the stay");
  auto add = options.add_options();
  add("name", po::value<std::string>()->value_name("NAME"), "what the others call you");
  add("wait", po::value<double>()->default_value(0)->value_name("S"), "how long to try until there is a room");
  return options.add(poller_option());
}

}  // namespace

Command chat_command() {
  return {.name = "chat",
          .arguments = "SERVER[:PORT]",
          .summary = "be a member of a chat room: says the lines of standard input, until exit",
          .options = chat_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = chat};
}

}  // namespace wirelab::cli
