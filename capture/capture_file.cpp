#include "capture/capture_file.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>

#include "capture/capture_reader.hpp"
#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::capture {
namespace {

constexpr std::size_t magic_size = 4;

bool begins_like_a_capture(ByteView file) { return is_pcapng(file) || pcap_magic(file); }

std::string why_no_capture(const std::string& path, ByteView file) {
  if (file.empty()) return fmt::format("{} is empty, no capture", path);
  if (file.size() >= 2 && file[0] == 0x1F && file[1] == 0x8B)
    return fmt::format("{} is compressed; unpack it first: gunzip {}", path, path);
  return fmt::format("{} is no capture: it begins like neither pcap nor pcapng", path);
}

UniqueFd open_to_read(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) throw BadInput("there is no file " + path);
  check_errno(fd.get(), "open " + path);
  return fd;
}

// Reads to the end, but nothing beyond the first chunk of what is no capture: the file may be endless.
Bytes read_all(int fd, const std::string& path) {
  Bytes file;
  std::array<std::uint8_t, 65536> chunk{};
  for (;;) {
    const auto size = ::read(fd, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EISDIR) throw BadInput(path + " is a folder, no capture");
    if (size < 0) throw_errno("read " + path);
    file.insert(file.end(), chunk.begin(), chunk.begin() + size);
    if (size == 0 || (file.size() >= magic_size && !begins_like_a_capture(file))) return file;
  }
}

}  // namespace

std::optional<CaptureFile> parse_capture(ByteView file) {
  if (is_pcapng(file)) return read_pcapng(file);
  if (const auto magic = pcap_magic(file)) return read_pcap(file, *magic);
  return std::nullopt;
}

CaptureFile load_capture(const std::string& path) {
  const auto file = read_all(open_to_read(path).get(), path);
  auto capture = parse_capture(file);
  if (!capture) throw BadInput(why_no_capture(path, file));
  return std::move(*capture);
}

}  // namespace wirelab::capture
