// TCP made by hand against HTTP servers that nobody here wrote, by the kernel's TCP. A server that is not installed is
// left out with a word.
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw/forged_tcp.hpp"
#include "raw/phantom_host.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

constexpr auto patience = 20s;
constexpr std::string_view page = "a page that was asked for by hand\n";

// A program in a host, gone with this.
class Program {
 public:
  Program(const Host& host, const std::vector<std::string>& words)
      : pid_(host.in([&] {
          const auto pid = check_errno(::fork(), "fork");
          if (pid == 0) run(words);
          return pid;
        })) {}
  ~Program() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

 private:
  [[noreturn]] static void run(std::vector<std::string> words) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }

  pid_t pid_;
};

class ForgedHttp : public testing::Test {
 protected:
  ForgedHttp() { std::ofstream(folder / "index.html") << page; }

  // What answers a GET, whole.
  std::string get() {
    std::string answer;
    std::optional<TcpEnd> end;
    ForgedTcp* connection = nullptr;
    ForgedTcp tcp(phantom, server(), lab.random(),
                  {.on_open = [&] { connection->send(as_bytes("GET / HTTP/1.0\r\nHost: s\r\n\r\n")); },
                   .on_data = [&](ByteView bytes) { answer += as_text(bytes); },
                   .on_end = {},
                   .on_close = [&](TcpEnd why) { end = why; }},
                  {.time_wait = Duration(0)});
    connection = &tcp;
    tcp.connect();
    (void)lab.wait_until([&] { return end.has_value(); }, patience);
    return end == TcpEnd::orderly ? answer : std::string();
  }
  bool serves_page() {
    const auto answer = get();
    return answer.starts_with("HTTP/1.") && answer.find(" 200 ") != std::string::npos && answer.ends_with(page);
  }
  // The program listens once it is ready; until then the kernel refuses.
  bool is_ready() {
    for (const auto limit = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < limit;) {
      if (serves_page()) return true;
      lab.loop().turn(20ms);
    }
    return false;
  }
  [[nodiscard]] Endpoint server() const { return {lab.address_of("S"), Port{8000}}; }

  TempDir folder;
  Lab lab{routed()};
  PhantomHost phantom{at(lab, "A"),
                      {.interface = "eth0", .mac = Mac{{0x02, 0x66, 0, 0, 0, 9}}, .address = Ipv4{10, 0, 1, 9}}};
};

TEST_F(ForgedHttp, AHundredPagesOfNginx) {
  if (!is_installed("nginx")) GTEST_SKIP() << "nginx is not installed";
  std::ofstream(folder / "nginx.conf") << "daemon off; master_process off; error_log stderr; pid " << (folder / "pid")
                                       << ";\nevents {}\nhttp { access_log off; client_body_temp_path "
                                       << (folder / "body") << "; proxy_temp_path " << (folder / "proxy")
                                       << "; fastcgi_temp_path " << (folder / "fastcgi") << "; uwsgi_temp_path "
                                       << (folder / "uwsgi") << "; scgi_temp_path " << (folder / "scgi")
                                       << ";\n  server { listen 10.0.2.2:8000; root " << folder.path().string()
                                       << "; } }\n";
  const Program nginx(lab.host("S"), {"nginx", "-p", folder.path().string(), "-c", folder / "nginx.conf"});
  ASSERT_TRUE(is_ready());
  int served = 0;
  for (int i = 0; i < 100; ++i) served += serves_page() ? 1 : 0;
  EXPECT_EQ(served, 100);
}

TEST_F(ForgedHttp, PythonsServer) {
  const Program python(lab.host("S"), {"/usr/bin/python3", "-m", "http.server", "8000", "--bind", "10.0.2.2",
                                       "--directory", folder.path().string()});
  ASSERT_TRUE(is_ready());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(serves_page());
}

}  // namespace
}  // namespace wirelab::raw::test
