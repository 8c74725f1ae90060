// The id of a device: the same in every run of a program that serves at one port of one host, and no other's. Public.
//
// Names of hosts are not unique: containers and machines that were set up from one image share theirs, and often the
// machine's id too. So the id is made of all that tells hosts apart. Who boots a machine again gets another.
#pragma once

#include <string>
#include <string_view>

#include "lab/base/address.hpp"

namespace wirelab {

// What may be the same on two hosts, each for itself. Empty where the host does not tell.
struct HostMarks {
  std::string machine;  // machine-id(5): copied with a disk
  std::string boot;     // the kernel's boot id: shared by the containers of one machine
  std::string network;  // which network namespace: a container's own
};
HostMarks marks_of_this_host();

// "den-0f3a9c21b7d4": the host's name, if it may be shown, and a digest of all these.
std::string device_id(std::string_view host_name, const HostMarks& marks, Port port);

}  // namespace wirelab
