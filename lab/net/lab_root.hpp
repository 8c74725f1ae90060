// Lab root: the privilege to build networks of one's own, and no way back to the machine's. Public.
#pragma once

#include <string>

namespace wirelab {

// Moves the process into a network namespace of its own, for good, so that nothing it does afterwards can touch a real
// interface. Real root needs no more; anyone else also gets a user namespace in which the own uid stays itself. Only
// the loopback interface is there, and it is up.
//
// To be called before the first network is made, while the process has one thread (else std::logic_error); a second
// call does nothing. Throws Denied in two lines: what was refused, and what to do.
void become_lab_root();

// What was seen when a namespace was refused, as plain values.
struct Refusal {
  std::string step;   // what was tried: "make a user namespace"
  int error = 0;      // errno
  bool root = false;  // by effective uid
  bool container = false;
  int max_user_namespaces = -1;        // user.max_user_namespaces; -1: unknown
  int unprivileged_userns_clone = -1;  // kernel.unprivileged_userns_clone (Debian's own); -1: this kernel has none
  int apparmor_restricts_userns = -1;  // kernel.apparmor_restrict_unprivileged_userns (Ubuntu); -1: has none
};
// The two lines of Denied: why, and the next command to type. Pure.
std::string explain(const Refusal& refusal);

}  // namespace wirelab
