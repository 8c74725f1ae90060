// openers: sockets with something special about them, for stories in which a kernel has little room or a host loses its
// power. Public.
#pragma once

#include <initializer_list>

#include "lab/base/unique_fd.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab::scenarios {

// Opens sockets whose kernel buffers (SO_SNDBUF, SO_RCVBUF) have about so many bytes; accepted ones take after their
// listener.
Opener with_buffers(Opener opener, std::initializer_list<int> which, int bytes);

// A host whose power can fail: its connection is gone without a packet. Outlives the opener that it gives.
class Power {
 public:
  // Keeps hold of the last socket that is opened.
  Opener watch(Opener opener);
  // The kernel forgets the connection, so that closing it sends nothing: what the program then does is not told.
  void fail();

 private:
  UniqueFd socket_;
};

}  // namespace wirelab::scenarios
