#include "scenarios/cli/failure.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

// The first line says what is wrong, the rest what to do.
Failure split(ExitCode exit, std::string code, const std::string& text) {
  const auto end = text.find('\n');
  if (end == text.npos) return {exit, std::move(code), text, ""};
  return {exit, std::move(code), text.substr(0, end), text.substr(end + 1)};
}

Failure of_system(const std::system_error& error) {
  const int number = error.code().value();
  const bool privilege = number == EPERM || number == EACCES;
  if (number == EHOSTUNREACH || number == ENETUNREACH)
    return {ExitCode::no_answer, "unreachable", error.what(), "ip route and ip neighbour show where packets go"};
  Failure failure{privilege ? ExitCode::denied : ExitCode::missing, "system", error.what(), ""};
  if (number == ENOSPC || number == EDQUOT) failure.next = "free some space, or write elsewhere with --pcap FILE";
  if (number == EMFILE || number == ENFILE) failure.next = "raise the limit of open files: ulimit -n";
  if (privilege) failure.next = "wirelab doctor tells what this machine allows";
  return failure;
}

}  // namespace

Failure failure_of(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const Interrupted&) {
    return {ExitCode::interrupted, "interrupted", "interrupted", ""};
  } catch (const BadInput& bad) {
    return split(ExitCode::usage, "usage", bad.what());
  } catch (const Denied& denied) {
    return split(ExitCode::denied, "denied", denied.what());
  } catch (const Missing& missing) {
    return split(ExitCode::missing, "missing", missing.what());
  } catch (const Unmet& unmet) {
    auto failure = split(ExitCode::check_failed, "unmet", unmet.what());
    failure.message += fmt::format(" ({}:{})", unmet.where().file, unmet.where().line);
    return failure;
  } catch (const std::system_error& system) {
    return of_system(system);
  } catch (const std::exception& other) {
    return {ExitCode::missing, "internal", fmt::format("internal error: {}", other.what()),
            "this is a fault of wirelab: please report it with the command line"};
  }
}

void report(const Output& output, const Failure& failure) {
  nlohmann::json error{{"code", failure.code}, {"exit", static_cast<int>(failure.exit)}, {"message", failure.message}};
  if (!failure.next.empty()) error["next"] = failure.next;
  output.object({{"type", "error"}, {"error", error}});
  if (output.json() && std::ferror(stdout) == 0) return;
  (void)std::fflush(stdout);
  fmt::print(stderr, "wirelab: {}\n", failure.message);
  if (!failure.next.empty()) fmt::print(stderr, "  {}\n", failure.next);
}

}  // namespace wirelab::cli
