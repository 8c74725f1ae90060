#include "lab/services/device_id.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "lab/base/bytes.hpp"
#include "lab/services/file_digest.hpp"
#include "lab/services/name.hpp"

namespace wirelab {
namespace {

constexpr std::size_t digest_bytes = 6;
constexpr std::size_t most_host_bytes = most_name_bytes - 1 - 2 * digest_bytes;

std::string first_line_of(const char* path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

}  // namespace

HostMarks marks_of_this_host() {
  std::error_code unreadable;
  return {.machine = first_line_of("/etc/machine-id"),
          .boot = first_line_of("/proc/sys/kernel/random/boot_id"),
          .network = std::filesystem::read_symlink("/proc/self/ns/net", unreadable).string()};
}

// Digested, since a machine's id is not for the network (machine-id(5)).
std::string device_id(std::string_view host_name, const HostMarks& marks, Port port) {
  const auto all =
      fmt::format("wirelab device\n{}\n{}\n{}\n{}\n{}", host_name, marks.machine, marks.boot, marks.network, port);
  const auto digest = sha256_of(as_bytes(all));
  const auto shown = host_name.substr(0, most_host_bytes);
  return fmt::format("{}-{}", name_fault(shown) ? "device" : shown, to_hex(ByteView(digest).first(digest_bytes)));
}

}  // namespace wirelab
