// The network as it is seen from outside of a lab: by the machine, by a visitor, and by who may have none.
//
// This program is not lab root itself. Labs are kept by child processes, which are told by pipe when to end or to ping.
#include <array>
#include <csignal>
#include <filesystem>
#include <functional>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lab/net/door.hpp"
#include "lab/net/lab_root.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A process that runs `work`, with its standard input and its outputs in our hands.
class Child {
 public:
  explicit Child(const std::function<int()>& work) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    check_errno(::pipe2(in.data(), O_CLOEXEC), "pipe");
    check_errno(::pipe2(out.data(), O_CLOEXEC), "pipe");
    UniqueFd read_end(in[0]);
    UniqueFd write_end(out[1]);
    in_.reset(in[1]);
    out_.reset(out[0]);
    pid_ = check_errno(::fork(), "fork");
    if (pid_ == 0) run(work, read_end.get(), write_end.get());
  }
  ~Child() {
    if (pid_ > 0) end(SIGKILL);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void say(char command) const { check_errno(static_cast<int>(::write(in_.get(), &command, 1)), "write"); }
  void send(int signal) const { ::kill(pid_, signal); }
  // Everything it prints until `text` has come, or until it ends or is silent for ten seconds.
  std::string read_until(std::string_view text) {
    pollfd ready{out_.get(), POLLIN, 0};
    std::array<char, 4096> part{};
    while (printed_.find(text) == printed_.npos && ::poll(&ready, 1, 10000) == 1) {
      const auto size = ::read(out_.get(), part.data(), part.size());
      if (size <= 0) break;
      printed_.append(part.data(), static_cast<std::size_t>(size));
    }
    return printed_;
  }
  std::string read_all() { return read_until(std::string_view("\0never\0", 7)); }
  int wait() {
    int status = -1;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  int end(int signal) {
    send(signal);
    return wait();
  }

 private:
  [[noreturn]] static void run(const std::function<int()>& work, int in, int out) {
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    int code = 99;
    try {
      code = work();
    } catch (const std::exception& error) {
      ::dprintf(STDOUT_FILENO, "%s\n", error.what());
    }
    ::_exit(code);
  }

  UniqueFd in_;
  UniqueFd out_;
  pid_t pid_ = -1;
  std::string printed_;
};

// Keeps a lab of A and B; 'p' on its input makes A ping B.
int keep_lab() {
  const auto door = Door::open();
  become_lab_root();
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/24"});
  net.host("A", lan);
  net.host("B", lan);
  const auto network = Network::up(net);
  ::dprintf(STDOUT_FILENO, "up\n");
  for (;;) {
    std::array<pollfd, 2> ready{{{door.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    char command = 0;
    if (ready[0].revents != 0) door.answer(network);
    if (ready[1].revents == 0) continue;
    if (::read(STDIN_FILENO, &command, 1) != 1) return 0;
    if (command == 'p') static_cast<void>(ping(network.host("A"), network.host("B").address()));
  }
}

KeptLab lab_of(const Child& keeper) { return {.uid = ::geteuid(), .pid = keeper.pid()}; }

bool is_listed(const Child& keeper) {
  const auto labs = kept_labs();
  return std::find(labs.begin(), labs.end(), lab_of(keeper)) != labs.end();
}

std::string visit(const Child& keeper, const std::string& host, const std::vector<std::string>& command) {
  Child visitor([&]() -> int { enter(lab_of(keeper), host, command); });
  return visitor.read_all();
}

std::set<std::string> interfaces() {
  std::set<std::string> names;
  auto* const all = ::if_nameindex();
  for (const auto* each = all; each->if_index != 0; ++each) names.insert(each->if_name);
  ::if_freenameindex(all);
  return names;
}

std::set<std::string> entries_of_run() {
  std::set<std::string> paths;
  for (const auto* folder : {"/run", "/run/netns"}) {
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) paths.insert(entry.path());
  }
  return paths;
}

// What looks like a lab's among the entries of /run that were not there before: others may write there meanwhile.
std::vector<std::string> traces_in_run(const std::set<std::string>& before, const Child& keeper) {
  std::vector<std::string> traces;
  for (const auto& path : entries_of_run()) {
    const auto has = [&](std::string_view word) { return path.find(word) != path.npos; };
    if (!before.contains(path) && (has("wirelab") || has("netns") || has(std::to_string(keeper.pid()))))
      traces.push_back(path);
  }
  return traces;
}

TEST(Outside, NothingOfALabIsSeenButItsDoor) {
  const auto interfaces_before = interfaces();
  const auto run_before = entries_of_run();
  Child keeper(keep_lab);
  ASSERT_EQ(keeper.read_until("up"), "up\n");
  EXPECT_EQ(interfaces(), interfaces_before);
  EXPECT_THAT(traces_in_run(run_before, keeper), IsEmpty());
  EXPECT_TRUE(is_listed(keeper));
}

TEST(Outside, NothingIsLeftOfAKilledLab) {
  Child keeper(keep_lab);
  ASSERT_EQ(keeper.read_until("up"), "up\n");
  const auto lab = lab_of(keeper);
  ASSERT_TRUE(is_listed(keeper));
  keeper.end(SIGKILL);
  const auto labs = kept_labs();
  EXPECT_EQ(std::find(labs.begin(), labs.end(), lab), labs.end());
}

TEST(Door, ShowsTheHosts) {
  Child keeper(keep_lab);
  keeper.read_until("up");
  EXPECT_THAT(hosts_of(lab_of(keeper)), ElementsAre("A", "B"));
}

TEST(Door, LeadsIntoTheHostOfThatName) {
  Child keeper(keep_lab);
  keeper.read_until("up");
  EXPECT_THAT(visit(keeper, "A", {"cat", "/proc/self/net/fib_trie"}), HasSubstr("10.0.0.1"));
  EXPECT_THAT(visit(keeper, "B", {"cat", "/proc/self/net/fib_trie"}), HasSubstr("10.0.0.2"));
}

// The kernel lets an ordinary user mount a sysfs only where one is mounted already.
TEST(Door, ShowsTheInterfacesInSys) {
  if (!std::filesystem::exists("/sys/class/net")) GTEST_SKIP() << "no sysfs is mounted on this machine";
  Child keeper(keep_lab);
  keeper.read_until("up");
  EXPECT_EQ(visit(keeper, "A", {"ls", "/sys/class/net"}), "eth0\nlo\n");
}

// The capabilities outlive exec, and so does exec of a shell's children.
TEST(Door, GivesPowerOverTheHost) {
  Child keeper(keep_lab);
  keeper.read_until("up");
  EXPECT_EQ(visit(keeper, "A",
                  {"sh", "-c", "echo 77 >/proc/sys/net/ipv4/ip_default_ttl && cat /proc/sys/net/ipv4/ip_default_ttl"}),
            "77\n");
}

TEST(Door, LetsTcpdumpIn) {
  if (std::system("tcpdump --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "tcpdump is missing";
  Child keeper(keep_lab);
  keeper.read_until("up");
  Child visitor([&]() -> int { enter(lab_of(keeper), "B", {"tcpdump", "-n", "-i", "eth0", "-c", "1", "icmp"}); });
  ASSERT_THAT(visitor.read_until("listening on"), HasSubstr("listening on eth0"));
  keeper.say('p');
  EXPECT_THAT(visitor.read_all(), HasSubstr("IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 4660, seq 1, length 16"));
}

TEST(Door, ExplainsARefusal) {
  Child keeper(keep_lab);
  keeper.read_until("up");
  const auto name = std::to_string(keeper.pid());
  EXPECT_EQ(visit(keeper, "C", {"true"}), "lab " + name + " has no host \"C\"\nit has: A, B\n");
  EXPECT_EQ(visit(keeper, "", {"true"}), "lab " + name + " has no host \"\"\nit has: A, B\n");
  EXPECT_EQ(visit(keeper, "A", {"/no-such-program"}),
            "no program '/no-such-program' that can be run here\nlook for it with: command -v /no-such-program\n");
  const KeptLab gone{.uid = ::geteuid(), .pid = 0};
  EXPECT_THROW(static_cast<void>(hosts_of(gone)), std::system_error);
}

TEST(Door, DoesNotWaitForALabThatIsStopped) {
  Child keeper(keep_lab);
  keeper.read_until("up");
  keeper.send(SIGSTOP);
  try {
    static_cast<void>(hosts_of(lab_of(keeper)));
    ADD_FAILURE() << "answered";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "lab " + std::to_string(keeper.pid()) + " does not answer");
  }
}

TEST(Door, IsNotHeldOpenByASilentVisitor) {
  Child keeper(keep_lab);
  keeper.read_until("up");
  const std::string name = fmt::format("wirelab/{}/{}", ::geteuid(), keeper.pid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(&address.sun_path[1], name.size());
  const UniqueFd silent(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::connect(silent.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_THAT(hosts_of(lab_of(keeper)), ElementsAre("A", "B"));
}

TEST(LabRoot, ComesBeforeTheNetwork) {
  Topology net;
  net.host("A", net.lan("lan", {"10.0.0.0/24"}));
  EXPECT_THROW(static_cast<void>(Network::up(net)), std::logic_error);
}

TEST(LabRoot, ComesBeforeTheSecondThread) {
  Child child([] {
    std::thread second([] { ::pause(); });
    second.detach();
    become_lab_root();
    return 0;
  });
  EXPECT_EQ(child.read_all(), "become_lab_root() must be called before any thread is started\n");
}

TEST(LabRoot, LeavesTheMachinesNetwork) {
  Child child([] {
    become_lab_root();
    for (const auto& name : interfaces()) ::dprintf(STDOUT_FILENO, "%s\n", name.c_str());
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress loopback({Ipv4(127, 0, 0, 1), Port{9}});
    const SocketAddress elsewhere({Ipv4(192, 0, 2, 1), Port{9}});
    ::dprintf(STDOUT_FILENO, "%d", ::connect(socket.get(), loopback.data(), loopback.size()));
    ::dprintf(STDOUT_FILENO, "%d", ::connect(socket.get(), elsewhere.data(), elsewhere.size()));
    return 0;
  });
  EXPECT_EQ(child.read_all(), "lo\n0-1");
}

void give_up_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  check_errno(static_cast<int>(::syscall(SYS_capset, &header, none.data())), "capset");
}

std::string denied() {
  try {
    become_lab_root();
    return "granted";
  } catch (const Denied& error) {
    return error.what();
  }
}

// The setting belongs to the child's own user namespace.
TEST(LabRoot, IsDeniedWhereUserNamespacesAreSwitchedOff) {
  Child child([] {
    check_errno(::unshare(CLONE_NEWUSER), "unshare");
    {
      const UniqueFd setting(::open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC));
      check_errno(static_cast<int>(::write(setting.get(), "0", 1)), "write");
    }
    give_up_capabilities();
    ::dprintf(STDOUT_FILENO, "%s", denied().c_str());
    return 0;
  });
  EXPECT_EQ(child.read_all(),
            "user namespaces are switched off on this machine (user.max_user_namespaces = 0)\n"
            "run with sudo, or switch them on: sudo sysctl user.max_user_namespaces=10000");
}

// As the default seccomp profile of a container engine does.
void forbid_unshare() {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  check_errno(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  check_errno(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "seccomp");
}

TEST(LabRoot, IsDeniedWhereUnshareIsForbidden) {
  Child child([] {
    forbid_unshare();
    ::dprintf(STDOUT_FILENO, "%s", denied().c_str());
    return 0;
  });
  EXPECT_THAT(child.read_all(), HasSubstr("make a user namespace (Operation not permitted)\n"));
}

}  // namespace
}  // namespace wirelab

// Not lab root from the start; skipped like the other wire tests where a lab is refused.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  wirelab::Child probe([] {
    wirelab::become_lab_root();
    return 0;
  });
  const auto refused = probe.read_all();
  if (probe.wait() != 0) {
    std::printf("skipped: %s", refused.c_str());
    return 77;
  }
  return RUN_ALL_TESTS();
}
