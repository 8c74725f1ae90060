// DescriptorLimit: how many descriptors this process may hold, changed for as long as this lives. Public.
#pragma once

#include <cstddef>

#include <sys/resource.h>

namespace wirelab::scenarios::readiness {

class DescriptorLimit {
 public:
  // Raises the soft limit to `wanted`, or to the hard limit where that is lower; never lowers it.
  static DescriptorLimit at_least(std::size_t wanted);
  // Nothing more can be opened: the soft limit is lowered to the first free descriptor.
  static DescriptorLimit none_left();
  ~DescriptorLimit();
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

  // Descriptors are numbered below this now.
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  DescriptorLimit(const rlimit& before, std::size_t limit);

  rlimit before_;
  std::size_t limit_;
};

}  // namespace wirelab::scenarios::readiness
