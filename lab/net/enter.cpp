// The visitor's side of a door: finding labs, and becoming a process of one.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"
#include "lab/net/door.hpp"
#include "lab/net/door_message.hpp"

namespace wirelab {
namespace {

constexpr timeval patience{.tv_sec = 2, .tv_usec = 0};
// No host has this name.
const std::string nobody = "?";

DoorMessage ask(const KeptLab& lab, const std::string& host) {
  const UniqueFd socket(check_errno(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "make a socket"));
  set_patience(socket.get(), patience);
  const DoorAddress address(lab);
  check_errno(::connect(socket.get(), address.data(), address.size()), "reach lab " + lab.name());
  // Anybody may give a socket this name, and to enter a stranger's namespaces is to be at the stranger's mercy.
  if (uid_of_peer(socket.get()) != ::geteuid()) {
    throw std::runtime_error(fmt::format("lab {} belongs to somebody else", lab.name()));
  }
  static_cast<void>(send_message(socket.get(), host, {}));
  auto answer = receive_message(socket.get());
  if (!answer) throw std::runtime_error(fmt::format("lab {} does not answer", lab.name()));
  return std::move(*answer);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// True of the user namespace that the process is in already: to enter that again is an error.
bool is_own_user_namespace(int fd) {
  struct stat theirs {};
  struct stat own {};
  check_errno(::fstat(fd, &theirs), "look at a user namespace");
  check_errno(::stat("/proc/self/ns/user", &own), "look at the own user namespace");
  return theirs.st_dev == own.st_dev && theirs.st_ino == own.st_ino;
}

// Gives programs that look into /sys the host's interfaces to see. A convenience: a kernel that refuses is obeyed.
void show_own_interfaces_in_sys() {
  if (::unshare(CLONE_NEWNS) != 0) return;
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return;
  static_cast<void>(::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
}

// An ordinary user's capabilities over the lab would end with exec, since its id is not 0.
void keep_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  check_errno(static_cast<int>(::syscall(SYS_capget, &header, sets.data())), "read the own capabilities");
  for (auto& set : sets) set.inheritable = set.permitted;
  check_errno(static_cast<int>(::syscall(SYS_capset, &header, sets.data())), "keep the own capabilities");
  for (unsigned capability = 0; capability < 32 * sets.size(); ++capability) {
    if ((sets[capability / 32].permitted >> capability % 32 & 1) == 0) continue;
    check_errno(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "keep the own capabilities");
  }
}

[[noreturn]] void execute(const std::vector<std::string>& command) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) {
    throw BadInput(fmt::format("no program '{}' that can be run here\nlook for it with: command -v {}",
                               printable(command[0]), printable(command[0])));
  }
  throw_errno(fmt::format("run {}", printable(command[0])));
}

// The lab whose door is described by a line of /proc/net/unix:
//   0000000000000000: 00000002 00000000 00010000 0005 01 27184 @wirelab/1000/4242
std::optional<KeptLab> lab_in(const std::string& line) {
  const auto name = line.find("@wirelab/");
  if (name == line.npos) return std::nullopt;
  KeptLab lab;
  const auto* const end = line.data() + line.size();
  auto parsed = std::from_chars(&line[name] + std::string_view("@wirelab/").size(), end, lab.uid);
  if (parsed.ptr == end) return std::nullopt;
  std::from_chars(parsed.ptr + 1, end, lab.pid);
  // Connections have the name of the door too; only the door itself listens (__SO_ACCEPTCON).
  const bool listens = line.find(" 00010000 ") < name;
  if (!listens || line.substr(name + 1) != door_name(lab)) return std::nullopt;
  return lab;
}

std::string names_of(const std::vector<KeptLab>& labs) {
  std::string names;
  for (const auto& lab : labs) names += (names.empty() ? "" : ", ") + lab.name();
  return names;
}

}  // namespace

std::vector<KeptLab> kept_labs() {
  std::vector<KeptLab> labs;
  std::ifstream sockets("/proc/self/net/unix");
  for (std::string line; std::getline(sockets, line);) {
    const auto lab = lab_in(line);
    if (lab && lab->uid == ::geteuid()) labs.push_back(*lab);
  }
  std::sort(labs.begin(), labs.end(), [](const KeptLab& a, const KeptLab& b) { return a.pid < b.pid; });
  return labs;
}

KeptLab choose_lab(const std::vector<KeptLab>& labs, std::string_view name) {
  if (labs.empty()) throw BadInput("no lab is up\nkeep one with: wirelab run ping --keep");
  if (name.empty() && labs.size() == 1) return labs[0];
  if (name.empty()) {
    throw BadInput(fmt::format("several labs are up: {}\nsay which: wirelab exec {} HOST -- COMMAND", names_of(labs),
                               labs[0].name()));
  }
  const auto found = std::find_if(labs.begin(), labs.end(), [&](const KeptLab& lab) { return lab.name() == name; });
  if (found == labs.end()) {
    throw BadInput(fmt::format("no lab \"{}\" is up\nthere is: {}", printable(name), names_of(labs)));
  }
  return *found;
}

std::vector<std::string> hosts_of(const KeptLab& lab) { return lines_of(ask(lab, nobody).text); }

void enter(const KeptLab& lab, std::string_view host, const std::vector<std::string>& command) {
  if (command.empty()) throw std::logic_error("enter() needs a command");
  const auto answer = ask(lab, host.empty() ? nobody : std::string(host));
  if (answer.descriptors.size() != 2) {
    throw BadInput(fmt::format("lab {} has no host \"{}\"\nit has: {}", lab.name(), printable(host),
                               fmt::join(lines_of(answer.text), ", ")));
  }
  const int user = answer.descriptors[0].get();
  if (!is_own_user_namespace(user)) check_errno(::setns(user, CLONE_NEWUSER), "enter the lab's user namespace");
  check_errno(::setns(answer.descriptors[1].get(), CLONE_NEWNET), fmt::format("enter host {}", host));
  show_own_interfaces_in_sys();
  if (::geteuid() != 0) keep_capabilities();
  execute(command);
}

}  // namespace wirelab
