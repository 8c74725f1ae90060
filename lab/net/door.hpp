// Door: how another process of the same user enters a lab that is kept up. Public.
//
// The door is a listening socket whose abstract name, wirelab/UID/PID, lies in the machine's own network namespace. No
// file is involved, and the kernel removes the name with the process. What goes through the door are descriptors of
// namespaces. Both sides check that the other has the same user id; that the descriptors are of no use to anybody else
// is the kernel's rule.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "lab/base/unique_fd.hpp"
#include "lab/net/network.hpp"

namespace wirelab {

// The lab's side.
class Door {
 public:
  // To be called before become_lab_root, in the machine's own namespace. Throws std::system_error.
  static Door open();

  // Readable when somebody knocks; for the loop.
  [[nodiscard]] int fd() const { return listener_.get(); }
  // Answers one who knocks, if there is one. Takes at most a quarter of a second, and throws nothing that the other
  // side could cause.
  void answer(const Network& network) const;

 private:
  explicit Door(UniqueFd listener) : listener_(std::move(listener)) {}
  UniqueFd listener_;
};

// The visitor's side: a lab that is up.
struct KeptLab {
  uid_t uid = 0;
  pid_t pid = 0;
  // What the user types to name it: the process id.
  [[nodiscard]] std::string name() const { return std::to_string(pid); }
  friend bool operator==(const KeptLab&, const KeptLab&) = default;
};

// The labs of the own user id whose doors are in this network namespace, by process id.
std::vector<KeptLab> kept_labs();
// The lab of that name, or the only one if `name` is empty. Throws BadInput: no lab up, several, or none of that name.
KeptLab choose_lab(const std::vector<KeptLab>& labs, std::string_view name = {});
// The names of its hosts in order of declaration. Throws std::runtime_error for a lab that does not answer within two
// seconds or is not the user's own.
std::vector<std::string> hosts_of(const KeptLab& lab);

// Replaces this process, which must have one thread, by `command` (found along PATH) running in that host, with all
// privileges over the lab's network. An ordinary user gains none over the machine; real root keeps root's own, since
// only the network namespace differs. Throws as hosts_of does, BadInput for an unknown host
// (naming the known ones) or a command that is no program, and std::system_error if the kernel refuses.
[[noreturn]] void enter(const KeptLab& lab, std::string_view host, const std::vector<std::string>& command);

}  // namespace wirelab
