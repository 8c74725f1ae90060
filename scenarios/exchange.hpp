// Exchange: a TCP connection as a tap shows it, to be compared with the same talk by another client. Public, pure.
#pragma once

#include <string>
#include <vector>

#include "lab/base/address.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {

struct Exchange {
  std::string client;  // who the client was, for the head of a column
  Endpoint own;        // the client's end
  Evidence packets;    // of the connection, either way, on one tap and in their order
};

// What differs on the wire: a row for each feature, a column for each exchange. A feature that an exchange does not
// show is "-".
Table compared(std::string title, const std::vector<Exchange>& exchanges);

}  // namespace wirelab::scenarios
