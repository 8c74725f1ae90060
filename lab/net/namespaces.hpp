// Network namespaces: how one thread makes them, visits them and comes home. Of lab/net; Host::in is what others use.
//
// A namespace belongs to a thread and a socket keeps the namespace in which it was made, so a visit lasts only as long
// as it takes to open something there. Namespaces are held by descriptors alone: they vanish with the process.
#pragma once

#include "lab/base/unique_fd.hpp"

namespace wirelab {

// Makes the calling thread's network namespace the home that every visit returns to. become_lab_root calls it.
void settle_at_home();
// Throws std::logic_error unless the process is lab root.
int home_namespace();

// A new network namespace. Throws std::logic_error unless the process is lab root.
UniqueFd make_namespace();

// The calling thread is in the namespace `fd` for as long as this lives; visits nest. Leaving cannot fail: if the
// kernel refuses the way back the process ends, since everything it did from then on would be in the wrong place.
class Visit {
 public:
  // Throws std::system_error, or std::logic_error unless the process is lab root.
  explicit Visit(int fd);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  int back_;
};

}  // namespace wirelab
