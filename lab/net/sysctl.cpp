#include "lab/net/sysctl.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lab/base/unique_fd.hpp"

namespace wirelab {

Sysctl set_sysctl(const std::string& name, std::string_view value) {
  const UniqueFd file(::open(("/proc/sys/net/" + name).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno == ENOENT ? Sysctl::absent : Sysctl::refused;
  const auto written = ::write(file.get(), value.data(), value.size());
  return written == static_cast<ssize_t>(value.size()) ? Sysctl::set : Sysctl::refused;
}

}  // namespace wirelab
