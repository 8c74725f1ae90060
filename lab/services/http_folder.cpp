#include "lab/services/http_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <dirent.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

constexpr std::size_t most_listed = 10'000;
constexpr std::string_view folder_index = "index.html";

// A name that begins with a dot is hidden, as are "." and "..".
bool is_hidden(std::string_view path) { return path.starts_with('.') || path.find("/.") != path.npos; }

// Opening a FIFO must not wait for its other end. glibc 2.36 has no wrapper.
UniqueFd open_beneath(int folder, const std::string& path, std::uint64_t links) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | links;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

// Where an open file lies; empty if that cannot be told.
std::string place_of(int fd) {
  std::error_code error;
  return std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd), error).string();
}

// Whether what a symbolic link led to may be seen by its own name.
bool is_visible(int folder, int file) {
  const auto above = place_of(folder), place = place_of(file);
  if (above.empty() || !place.starts_with(above)) return false;
  const auto begin = above.size() + (above.ends_with('/') ? 0 : 1);
  return !is_hidden(std::string_view(place).substr(std::min(begin, place.size())));
}

// As open(2), with errno: nothing outside the folder, and nothing hidden, by whatever links.
UniqueFd open_visible(int folder, const std::string& path) {
  auto file = open_beneath(folder, path, RESOLVE_NO_SYMLINKS);
  if (file || errno != ELOOP) return file;
  file = open_beneath(folder, path, 0);
  if (!file || is_visible(folder, file.get())) return file;
  file.reset();
  errno = ENOENT;
  return file;
}

// Which of the kernel's reasons the client may know.
HttpResponse refusal(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return http_text(403, "this may not be read");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return http_text(503, "too much is asked at once");
    default:
      return http_text(404, "there is no such file");
  }
}

HttpResponse moved(std::string location) {
  auto response = http_text(301, "a folder's address ends with '/'");
  response.headers.push_back({"Location", std::move(location)});
  return response;
}

std::optional<struct stat> status_of_file(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? std::optional(status) : std::nullopt;
}

HttpResponse file_response(const HttpRequest& request, UniqueFd file, const struct stat& status,
                           std::string_view name) {
  HttpResponse response;
  // A time to come is none that may be told (RFC 9110, 8.8.2.1).
  if (status.st_mtime >= 0 && status.st_mtime <= std::time(nullptr)) {
    const auto modified = http_date(std::chrono::system_clock::from_time_t(status.st_mtime));
    response.headers.push_back({"Last-Modified", modified});
    if (request.value("If-Modified-Since") == modified) {
      response.status = 304;
      return response;
    }
  }
  response.headers.push_back({"Content-Type", std::string(content_type_of(name))});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.body = HttpFile{std::move(file), static_cast<std::uint64_t>(status.st_size)};
  return response;
}

// The names in a folder, those of folders with '/' at the end, in order.
std::vector<std::string> names_in(UniqueFd folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder.get()), ::closedir);
  if (!entries) return names;
  (void)folder.release();
  while (const auto* entry = ::readdir(entries.get())) {
    std::string name = entry->d_name;
    if (is_hidden(name)) continue;
    if (names.size() == most_listed) break;
    if (entry->d_type == DT_DIR) name += '/';
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

HttpResponse list_of(UniqueFd folder, const std::string& path) {
  const auto title = html_escaped(printable("/" + path));
  auto html = fmt::format("<!doctype html>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n<h1>{0}</h1>\n<ul>\n", title);
  if (!path.empty()) html += "<li><a href=\"../\">../</a>\n";
  const auto names = names_in(std::move(folder));
  for (const auto& name : names) {
    // "./" before it, or a name with a colon would be read as a scheme.
    html += fmt::format("<li><a href=\"./{}\">{}</a>\n", percent_encoded(name), html_escaped(printable(name)));
  }
  html += "</ul>\n";
  if (names.size() == most_listed) html += "<p>There may be more.\n";
  return http_page(std::move(html));
}

class Folder {
 public:
  explicit Folder(const std::string& path)
      : fd_(check_errno(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                        fmt::format("open the folder {}", printable(path)))) {
    if (!open_visible(fd_.get(), ".")) throw_errno(fmt::format("serve the folder {}", printable(path)));
  }

  HttpResponse answer(const HttpRequest& request) const {
    if (!request.asks_for_page()) return only_get_and_head();
    const auto path = percent_decoded(request.path);
    if (!path) return http_text(400, "the path is badly encoded");
    if (is_hidden(path->substr(1))) return http_text(404, "there is no such file");
    return answer(request, path->substr(1));
  }

 private:
  HttpResponse answer(const HttpRequest& request, const std::string& path) const {
    auto file = open_visible(fd_.get(), path.empty() ? "." : path);
    if (!file) return refusal(errno);
    const auto status = status_of_file(file.get());
    if (!status) return refusal(errno);
    if (S_ISREG(status->st_mode)) return file_response(request, std::move(file), *status, path);
    if (!S_ISDIR(status->st_mode)) return http_text(404, "this is no file");
    if (!path.empty() && !path.ends_with('/')) return moved(fmt::format("{}/", request.path));
    return index_of(request, std::move(file), path);
  }

  HttpResponse index_of(const HttpRequest& request, UniqueFd folder, const std::string& path) const {
    auto index = open_visible(fd_.get(), path + std::string(folder_index));
    const auto status = index ? status_of_file(index.get()) : std::nullopt;
    if (status && S_ISREG(status->st_mode)) return file_response(request, std::move(index), *status, folder_index);
    return list_of(std::move(folder), path);
  }

  UniqueFd fd_;
};

}  // namespace

HttpServer::Handler http_folder(const std::string& path) {
  return [folder = std::make_shared<Folder>(path)](const HttpRequest& request) { return folder->answer(request); };
}

std::string_view content_type_of(std::string_view name) {
  struct Type {
    std::string_view ending, type;
  };
  static constexpr std::array types{Type{".html", "text/html; charset=utf-8"},
                                    Type{".htm", "text/html; charset=utf-8"},
                                    Type{".css", "text/css; charset=utf-8"},
                                    Type{".js", "text/javascript; charset=utf-8"},
                                    Type{".txt", "text/plain; charset=utf-8"},
                                    Type{".md", "text/plain; charset=utf-8"},
                                    Type{".json", "application/json"},
                                    Type{".svg", "image/svg+xml"},
                                    Type{".png", "image/png"},
                                    Type{".jpg", "image/jpeg"},
                                    Type{".jpeg", "image/jpeg"},
                                    Type{".gif", "image/gif"},
                                    Type{".ico", "image/x-icon"},
                                    Type{".pdf", "application/pdf"},
                                    Type{".wasm", "application/wasm"},
                                    Type{".pcap", "application/vnd.tcpdump.pcap"}};
  const auto* found = std::ranges::find_if(types, [&](const Type& type) { return name.ends_with(type.ending); });
  return found == types.end() ? "application/octet-stream" : found->type;
}

}  // namespace wirelab
