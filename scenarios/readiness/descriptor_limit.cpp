#include "scenarios/readiness/descriptor_limit.hpp"

#include <algorithm>

#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::scenarios::readiness {
namespace {

rlimit limit_of_process() {
  rlimit limit{};
  check_errno(::getrlimit(RLIMIT_NOFILE, &limit), "ask for the limit of open files");
  return limit;
}

}  // namespace

DescriptorLimit DescriptorLimit::at_least(std::size_t wanted) {
  const auto before = limit_of_process();
  return {before, std::max<std::size_t>(before.rlim_cur, std::min<std::size_t>(wanted, before.rlim_max))};
}

DescriptorLimit DescriptorLimit::none_left() {
  const UniqueFd first_free(check_errno(::dup(STDERR_FILENO), "duplicate a descriptor"));
  return {limit_of_process(), static_cast<std::size_t>(first_free.get())};
}

DescriptorLimit::DescriptorLimit(const rlimit& before, std::size_t limit) : before_(before), limit_(limit) {
  const rlimit changed{.rlim_cur = limit, .rlim_max = before.rlim_max};
  check_errno(::setrlimit(RLIMIT_NOFILE, &changed), "change the limit of open files");
}

DescriptorLimit::~DescriptorLimit() { (void)::setrlimit(RLIMIT_NOFILE, &before_); }

}  // namespace wirelab::scenarios::readiness
