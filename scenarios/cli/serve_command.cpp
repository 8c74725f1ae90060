// wirelab serve: a service of the reference stack on this machine, until Ctrl-C.
#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "lab/base/error.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/service.hpp"
#include "scenarios/cli/stack_options.hpp"
#include "scenarios/cli/suggest.hpp"

namespace wirelab::cli {
namespace {

constexpr Duration selector_period = std::chrono::seconds(10);
constexpr long long most_clients = 1'000'000;
constexpr rlim_t own_descriptors = 32;  // beside the clients'

struct Kind {
  std::string_view name;
  Port port;
  bool has_idle_limit;  // the others know by themselves who is still there
  std::unique_ptr<Service> (*make)(Selector&, const Output&, const ServiceOptions&);
};
constexpr std::array kinds{Kind{"echo", echo_port, true, echo_service}, Kind{"chat", chat_port, false, chat_service},
                           Kind{"registry", registry_port, false, registry_service},
                           Kind{"http", http_port, true, http_service}};

const Kind& kind_named(const std::string& name) {
  const auto* found = std::ranges::find(kinds, name, &Kind::name);
  if (found != kinds.end()) return *found;
  const auto meant = suggest(name, {"echo", "chat", "registry", "http"});
  throw BadInput(fmt::format("there is no service '{}'{}\nwirelab serve takes echo, chat, registry or http",
                             printable(name), meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

// "127.0.0.1", "0.0.0.0:8080", "::1", "[::1]:8080"
Endpoint endpoint_to_listen_at(const std::string& text, Port usual) {
  if (const auto address = IpAddress::parse(text)) return {*address, usual};
  if (const auto endpoint = Endpoint::parse(text)) return *endpoint;
  throw BadInput(fmt::format("--listen '{}' is no address\nit takes ADDRESS, ADDRESS:PORT or [IPV6-ADDRESS]:PORT",
                             printable(text)));
}

// Each client takes a descriptor; as many as the machine gives us are asked for.
std::size_t clients_of(const po::variables_map& values) {
  const auto clients = values["max-clients"].as<long long>();
  if (clients < 1 || clients > most_clients)
    throw BadInput(fmt::format("--max-clients {} is out of range\nit takes 1 to {}", clients, most_clients));
  const auto needed = static_cast<rlim_t>(clients) + own_descriptors;
  rlimit limit{};
  check_errno(::getrlimit(RLIMIT_NOFILE, &limit), "ask for the limit of open files");
  if (limit.rlim_cur >= needed) return static_cast<std::size_t>(clients);
  if (limit.rlim_max < needed)
    throw BadInput(fmt::format(
        "--max-clients {} needs {} open files, and the limit is {}\nulimit -n {} raises it, if "
        "you may; else take at most {} clients",
        clients, needed, limit.rlim_max, needed, limit.rlim_max - std::min(limit.rlim_max, own_descriptors)));
  limit.rlim_cur = needed;
  check_errno(::setrlimit(RLIMIT_NOFILE, &limit), "raise the limit of open files");
  return static_cast<std::size_t>(clients);
}

std::optional<Duration> limit_of(const po::variables_map& values, const std::string& option) {
  if (!values.contains(option)) return std::nullopt;
  const auto limit = seconds_of(values, option);
  if (limit == Duration::zero()) throw BadInput(fmt::format("--{} 0 would end every connection at once", option));
  return limit;
}

ServiceOptions options_of(const po::variables_map& values, const Kind& kind) {
  ServiceOptions options{.listen = endpoint_to_listen_at(values["listen"].as<std::string>(), kind.port)};
  if (values.contains("max-clients")) options.max_clients = clients_of(values);
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
    const std::string what = error.what();
    switch (error.code().value()) {
      case EADDRINUSE:
        throw Missing(what + "\ntake another with --listen ADDRESS:PORT (port 0: any); ss -ltnup shows who has it");
      case EADDRNOTAVAIL:
        throw BadInput(what + "\nip address shows the addresses of this machine");
      case EACCES:
        throw Denied(what + "\nports below 1024 need a privilege: take another with --listen ADDRESS:PORT");
      case ENOENT:
      case ENOTDIR:
        throw BadInput(what + "\n--root takes a folder that you can read");
      default:
        throw;
    }
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

  void run() {
    const auto where = service_->local().to_string();
    output_.object({{"type", "listening"}, {"service", kind_.name}, {"address", where}});
    if (!output_.quiet()) output_.line(fmt::format("{} listens at {}; Ctrl-C ends it", kind_.name, where));
    output_.flush();
    wait_for_interrupt(loop_);
    if (service_->tcp().clients() > 0) output_.talk("stopping; once more Ctrl-C stops at once");
    bool stopped = false;
    service_->stop([&] { stopped = true; });
    while (!stopped) loop_.turn(Duration::max());
    tell_result();
  }

 private:
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
    output_.line(fmt::format("{} served {} clients and {} messages; {} were malformed", kind_.name, stats.accepted,
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
  Selector::TimerId timer_;
};

ExitCode serve(const Invocation& call) {
  const auto& kind = kind_named(call.arguments[0]);
  const auto options = options_of(call.values, kind);
  const auto loop = loop_of(call.values);
  const Interrupt interrupt(*loop);
  Serving(call.output, kind, *loop, options).run();
  return ExitCode::ok;
}

po::options_description serve_options() {
  po::options_description options("Of the service");
  auto add = options.add_options();
  add("listen", po::value<std::string>()->default_value("127.0.0.1")->value_name("ADDR[:PORT]"),
      "where; the port is the service's own unless given, 0 is any");
  add("max-clients", po::value<long long>()->value_name("N"), "at once; more are reset");
  add("message-limit", po::value<double>()->value_name("S"),
      "seconds from a message's first byte to its last (default 10; echo 30)");
  add("idle-limit", po::value<double>()->value_name("S"),
      "seconds without a byte, then the connection ends (default: http 60, echo none)");
  add("root", po::value<std::string>()->value_name("DIR"), "the folder that http serves; without it a small page");
  return options.add(poller_option());
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
