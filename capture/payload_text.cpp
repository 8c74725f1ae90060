#include "capture/payload_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace wirelab::capture {
namespace {

constexpr std::size_t most_of_header = 56;
constexpr std::size_t most_of_content = 24;
constexpr std::size_t most_of_http = 60;

bool is_plain(char letter) { return letter >= ' ' && letter <= '~' && letter != '"'; }

}  // namespace

std::string header_text(std::string_view header) {
  if (header.size() <= most_of_header) return printable(header);
  const auto end = header.rfind(';', most_of_header);
  // A first field that is too long is cut where no character is torn.
  if (end == std::string_view::npos)
    return printable(header.substr(0, utf8_prefix(header.substr(0, most_of_header)))) + "...";
  return printable(header.substr(0, end + 1)) + "...";
}

std::string frame_text(const Frame& frame) {
  const auto content = as_text(frame.content);
  const bool is_short = !content.empty() && content.size() <= most_of_content && std::ranges::all_of(content, is_plain);
  return is_short ? fmt::format("{} \"{}\"", header_text(frame.header), content) : header_text(frame.header);
}

bool looks_like_frame(ByteView bytes) {
  constexpr std::size_t looked_at = 3;
  if (bytes.size() <= frame_prefix_size) return false;
  const auto length = load_le16(bytes.data());
  const auto start = bytes.subspan(frame_prefix_size, std::min(bytes.size() - frame_prefix_size, looked_at));
  return length >= start.size() && length <= FrameLimits{}.header &&
         std::ranges::all_of(start, [](std::uint8_t byte) { return byte >= ' ' && byte <= '~'; });
}

std::string http_text(ByteView payload) {
  constexpr std::array<std::string_view, 8> beginnings = {"GET ",    "HEAD ",    "POST ",    "PUT ",
                                                          "DELETE ", "OPTIONS ", "CONNECT ", "HTTP/1."};
  const auto text = as_text(payload);
  const bool is_http = std::ranges::any_of(beginnings, [&](auto beginning) { return text.starts_with(beginning); });
  const auto line = text.substr(0, text.find("\r\n"));
  if (!is_http || line.size() == text.size() || line.find("HTTP/1.") == std::string_view::npos) return "";
  if (line.size() <= most_of_http) return printable(line);
  return printable(line.substr(0, most_of_http)) + "...";
}

std::string amount_text(std::uint64_t bytes) {
  constexpr std::uint64_t kibi = 1024, enough = 10;
  if (bytes < enough * kibi) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  if (bytes < enough * kibi * kibi) return fmt::format("{} KiB", bytes / kibi);
  return fmt::format("{} MiB", bytes / kibi / kibi);
}

}  // namespace wirelab::capture
