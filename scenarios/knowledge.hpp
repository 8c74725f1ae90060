// Knowledge: what a host's kernel knows of a neighbour's address, before and after a story does something about it.
// Public; a value; the host outlives it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/net/neighbours.hpp"

namespace wirelab::scenarios {

class Knowledge {
 public:
  // Reads the host's table, as all that follows do anew. Throws std::system_error.
  Knowledge(const Host& whose, const IpAddress& of);

  // Where the address is now; nothing if the kernel does not know.
  [[nodiscard]] std::optional<Mac> mac() const;
  [[nodiscard]] bool is_unchanged() const;
  // Cells for a table: what was done, whose table, about which address, before, now.
  [[nodiscard]] std::vector<std::string> row(std::string_view done) const;

 private:
  [[nodiscard]] std::optional<NeighbourEntry> now() const;

  const Host* whose_;
  IpAddress of_;
  std::optional<NeighbourEntry> before_;
};

}  // namespace wirelab::scenarios
