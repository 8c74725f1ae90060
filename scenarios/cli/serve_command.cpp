// wirelab serve: a service of the reference stack on this machine, until Ctrl-C.
#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "lab/base/error.hpp"
#include "lab/services/chat.hpp"
#include "lab/services/ports.hpp"
#include "lab/services/registry.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/listen_options.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/service.hpp"
#include "scenarios/cli/stack_options.hpp"
#include "scenarios/cli/suggest.hpp"

namespace wirelab::cli {
namespace {

constexpr Duration selector_period = std::chrono::seconds(10);
constexpr Duration least_limit = std::chrono::milliseconds(10);

struct Kind {
  std::string_view name;
  Port port;
  bool has_idle_limit;  // the others know by themselves who is still there
  std::size_t most_clients;
  std::unique_ptr<Service> (*make)(Selector&, const Output&, const ServiceOptions&);
};
constexpr std::array kinds{Kind{"echo", echo_port, true, most_clients, echo_service},
                           Kind{"chat", chat_port, false, ChatRoom::most_clients, chat_service},
                           Kind{"registry", registry_port, false, Registry::most_clients, registry_service},
                           Kind{"http", http_port, true, most_clients, http_service}};
// Of a client of http --root: its connection and the file that it takes.
constexpr std::size_t descriptors_with_files = 2;

const Kind& kind_named(const std::string& name) {
  const auto* found = std::ranges::find(kinds, name, &Kind::name);
  if (found != kinds.end()) return *found;
  const auto meant = suggest(name, {"echo", "chat", "registry", "http"});
  throw BadInput(fmt::format("there is no service '{}'{}\nwirelab serve takes echo, chat, registry or http",
                             printable(name), meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

// As many clients as this user may have: the usual limit of open files is far below what the user may ask for.
void raise_descriptor_limit() {
  rlimit limit{};
  check_errno(::getrlimit(RLIMIT_NOFILE, &limit), "ask for the limit of open files");
  limit.rlim_cur = limit.rlim_max;
  check_errno(::setrlimit(RLIMIT_NOFILE, &limit), "raise the limit of open files");
}

std::optional<Duration> limit_of(const po::variables_map& values, const std::string& option) {
  if (!values.contains(option)) return std::nullopt;
  const auto limit = seconds_of(values, option);
  if (limit < least_limit) throw BadInput(fmt::format("--{} is too short\nit takes 0.01 seconds at least", option));
  return limit;
}

ServiceOptions options_of(const po::variables_map& values, const Kind& kind) {
  ServiceOptions options{.listen = endpoint_to_listen_at(values, kind.port)};
  if (values.contains("max-clients"))
    options.max_clients =
        max_clients_of(values, kind.most_clients, values.contains("root") ? descriptors_with_files : 1);
  options.message_limit = limit_of(values, "message-limit");
  options.idle_limit = limit_of(values, "idle-limit");
  if (options.idle_limit && !kind.has_idle_limit)
    throw BadInput(fmt::format("--idle-limit is for echo and http\nwho is silent is found by {} itself", kind.name));
  if (!values.contains("root")) return options;
  options.root = values["root"].as<std::string>();
  if (kind.name != "http" || options.root.empty())
    throw BadInput("--root is the folder that http serves\ngive wirelab serve http --root DIR");
  return options;
}

std::unique_ptr<Service> listen(const Kind& kind, Selector& loop, const Output& output, const ServiceOptions& options) {
  try {
    return kind.make(loop, output, options);
  } catch (const std::system_error& error) {
    explain_listen_failure(error, options.listen);
  }
}

class Serving {
 public:
  Serving(const Output& output, const Kind& kind, Selector& loop, const ServiceOptions& options)
      : output_(output), kind_(kind), loop_(loop), service_(listen(kind, loop, output, options)) {
    if (!output.verbose()) return;
    timer_ = loop_.every(selector_period, [this] { tell_selector_now(); });
  }
  ~Serving() { loop_.cancel(timer_); }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  // Throws Interrupted, with the result told, if it shall end before every connection has.
  void run() {
    const auto where = service_->local().to_string();
    output_.object({{"type", "listening"}, {"service", kind_.name}, {"address", where}});
    if (!output_.quiet()) output_.line(fmt::format("{} listens at {}; Ctrl-C ends it", kind_.name, where));
    output_.flush();
    wait_for_interrupt(loop_);
    if (service_->tcp().clients() > 0) output_.talk("stopping; once more Ctrl-C stops at once");
    try {
      stop();
    } catch (const Interrupted&) {
      tell_result();
      throw;
    }
    tell_result();
  }

 private:
  void stop() {
    bool stopped = false;
    service_->stop([&] { stopped = true; });
    while (!stopped) turn();
  }

  void turn() {
    try {
      loop_.turn(Duration::max());
    } catch (const ReaderLeft&) {  // it ends already
    }
  }

  void tell_selector_now() const {
    auto object = selector_as_json(loop_);
    object["type"] = "selector";
    object["clients"] = service_->tcp().clients();
    output_.object(object);
    if (!output_.json()) tell_selector(output_, loop_);
  }

  void tell_result() const {
    const auto& stats = service_->tcp().stats();
    auto result = service_->counts();
    output_.line(fmt::format("{} served {} clients and {} messages; malformed: {}", kind_.name, stats.accepted,
                             result["messages"].get<std::uint64_t>(), result["malformed"].get<std::uint64_t>()));
    result.update({{"type", "result"},
                   {"service", kind_.name},
                   {"ok", true},
                   {"clients", stats.accepted},
                   {"refused", stats.refused},
                   {"shed", stats.shed},
                   {"selector", selector_as_json(loop_)}});
    output_.object(result);
    if (!output_.json()) tell_selector(output_, loop_);
  }

  const Output& output_;
  const Kind& kind_;
  Selector& loop_;
  std::unique_ptr<Service> service_;
  ReaderWatch reader_{loop_};
  Selector::TimerId timer_;
};

ExitCode serve(const Invocation& call) {
  const auto& kind = kind_named(call.arguments[0]);
  raise_descriptor_limit();
  const auto options = options_of(call.values, kind);
  const auto loop = loop_of(call.values);
  const Interrupt interrupt(*loop);
  Serving(call.output, kind, *loop, options).run();
  return ExitCode::ok;
}

po::options_description serve_options() {
  po::options_description options("Of the service");
  auto add = options.add_options();
  add("message-limit", po::value<double>()->value_name("S"),
      "seconds for a message that comes at under 16 KiB/s, or for a request (default 10; echo 30)");
  add("idle-limit", po::value<double>()->value_name("S"),
      "seconds without a byte, then the connection ends (default: http 60, echo none)");
  add("root", po::value<std::string>()->value_name("DIR"),
      "the folder that http serves, to everybody who reaches it; without it a small page");
  return options.add(listen_options("127.0.0.1")).add(poller_option());
}

}  // namespace

Command serve_command() {
  return {.name = "serve",
          .arguments = "echo|chat|registry|http",
          .summary = "a service of the reference stack on this machine, until Ctrl-C",
          .options = serve_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = serve};
}

}  // namespace wirelab::cli
