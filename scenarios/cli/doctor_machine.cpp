#include "scenarios/cli/doctor_machine.hpp"

#include <clocale>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <langinfo.h>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::cli {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::uint64_t effective_capabilities() {
  std::istringstream status(content_of("/proc/self/status"));
  for (std::string word; status >> word;) {
    if (word == "CapEff:" && status >> word) return std::stoull(word, nullptr, 16);
  }
  return 0;
}

void examine_privileges(const Report& report) {
  constexpr auto section = "this process";
  const auto capabilities = effective_capabilities();
  const auto has = [&](unsigned capability) { return (capabilities >> capability & 1) != 0; };
  report({.section = section,
          .what = "real root",
          .ok = ::geteuid() == 0,
          .why = fmt::format("uid {}; CAP_NET_RAW {}, CAP_NET_ADMIN {}, CAP_SYS_ADMIN {}", ::geteuid(),
                             has(CAP_NET_RAW) ? "yes" : "no", has(CAP_NET_ADMIN) ? "yes" : "no",
                             has(CAP_SYS_ADMIN) ? "yes" : "no"),
          .todo = "not needed: a private network makes its own"});
  try_out(report,
          {.section = section,
           .what = "raw sockets on real interfaces",
           .todo = "sudo, only for wirelab ping --interface and its like"},
          [] {
            const UniqueFd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
            check_errno(raw.get(), "open a raw ICMP socket");
            return std::string("one was opened and closed");
          });
}

void examine_limits(const Report& report) {
  constexpr auto section = "limits";
  constexpr rlim_t enough_files = 4096;
  rlimit files{};
  check_errno(::getrlimit(RLIMIT_NOFILE, &files), "read the limit of open files");
  report({.section = section,
          .what = "open files",
          .ok = files.rlim_max >= enough_files,
          .why = fmt::format("{}, may be raised to {}", files.rlim_cur, files.rlim_max),
          .todo = fmt::format("ulimit -Hn {} (as root); labs of a few hosts run", enough_files)});
  const auto namespaces = content_of("/proc/sys/user/max_user_namespaces");
  const bool none = namespaces.starts_with("0");
  report({.section = section,
          .what = "user namespaces",
          .ok = !namespaces.empty() && !none,
          .why = namespaces.empty() ? "the kernel does not tell"
                                    : "at most " + namespaces.substr(0, namespaces.find('\n')),
          .todo = "sudo sysctl user.max_user_namespaces=10000, or run as root"});
  const auto buffer = content_of("/proc/sys/net/core/rmem_max");
  report({.section = section,
          .what = "socket receive buffer",
          .ok = !buffer.empty(),
          .why = buffer.empty() ? "the kernel does not tell"
                                : fmt::format("at most {} bytes", buffer.substr(0, buffer.find('\n'))),
          .todo = "not needed: captures use a ring of their own"});
}

// What `command` prints on its standard output, up to a few lines.
std::string output_of(const char* command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command, "re"), &::pclose);
  if (!pipe) return {};
  std::string text(512, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), pipe.get()));
  return text;
}

void examine_tools(const Report& report) {
  struct Tool {
    const char* name;
    const char* command;
    const char* todo;
  };
  // The commands are constants; nothing of the user's gets into them.
  for (const auto& tool : {Tool{"tshark", "timeout 5 tshark --version 2>/dev/null",
                                "sudo apt install tshark, to look at traces; wirelab show needs it not"},
                           Tool{"tcpdump", "timeout 5 tcpdump --version 2>&1",
                                "sudo apt install tcpdump, for wirelab exec HOST -- tcpdump"}}) {
    const auto version = version_in(output_of(tool.command));
    report({.section = "tools",
            .what = tool.name,
            .ok = !version.empty(),
            .why = version.empty() ? "not found, or it does not run" : "version " + version,
            .todo = tool.todo});
  }
}

// Whose descriptor the socket is, as "dhclient (process 612)"; processes of other users may hide theirs.
std::string owner_of(unsigned long inode) {
  const auto wanted = fmt::format("socket:[{}]", inode);
  std::error_code ignored;
  for (const auto& process : fs::directory_iterator("/proc", ignored)) {
    const auto pid = process.path().filename().string();
    if (pid.find_first_not_of("0123456789") != pid.npos) continue;
    for (const auto& descriptor : fs::directory_iterator(process.path() / "fd", ignored)) {
      if (fs::read_symlink(descriptor.path(), ignored) != wanted) continue;
      auto name = content_of(process.path() / "comm");
      if (name.ends_with('\n')) name.pop_back();
      return fmt::format("{} (process {})", printable(name), pid);
    }
  }
  return "a process that cannot be seen";
}

void examine_listeners(const Report& report) {
  const auto inodes = sockets_for_all_packets(content_of("/proc/net/packet"));
  std::vector<std::string> owners;
  for (const auto inode : inodes) owners.push_back(owner_of(inode));
  report({.section = "foreign sockets",
          .what = "nobody takes in every packet",
          .ok = inodes.empty(),
          .why = inodes.empty() ? "no packet socket for all protocols in this network namespace"
                                : fmt::format("{}", fmt::join(owners, ", ")),
          .todo = "each costs every packet on real interfaces some 0.3 us; private networks do not feel it"});
}

void examine_locale(const Report& report) {
  const auto locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  const std::string codeset = locale != nullptr ? ::nl_langinfo_l(CODESET, locale) : "unknown";
  if (locale != nullptr) ::freelocale(locale);
  report({.section = "terminal",
          .what = "UTF-8",
          .ok = codeset == "UTF-8",
          .why = fmt::format("the locale's characters are {}", codeset),
          .todo = "export LC_ALL=C.UTF-8; without it ladders are drawn in ASCII"});
}

}  // namespace

std::vector<unsigned long> sockets_for_all_packets(std::string_view proc_net_packet) {
  // sk RefCnt Type Proto Iface R Rmem User Inode, after a line of headings.
  std::vector<unsigned long> inodes;
  std::istringstream lines{std::string(proc_net_packet)};
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string socket, references, type, protocol, interface, running, memory, user;
    unsigned long inode = 0;
    if (fields >> socket >> references >> type >> protocol >> interface >> running >> memory >> user >> inode &&
        protocol == "0003")
      inodes.push_back(inode);
  }
  return inodes;
}

std::string version_in(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  for (auto start = text.find_first_of(digits); start != text.npos;) {
    const auto end = std::min(text.find_first_not_of("0123456789.", start), text.size());
    auto number = text.substr(start, end - start);
    if (number.ends_with('.')) number.remove_suffix(1);
    if (number.find('.') != number.npos) return std::string(number);
    start = text.find_first_of(digits, end);
  }
  return {};
}

void examine_machine_itself(const Report& report) {
  examine_privileges(report);
  examine_limits(report);
  examine_tools(report);
  examine_listeners(report);
  examine_locale(report);
}

}  // namespace wirelab::cli
