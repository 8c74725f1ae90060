// ForgedClient: a TCP client of a story whose every packet is made by hand, and that remembers what it hears. Public;
// the lab and the station outlive it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "lab/lab.hpp"
#include "raw/forged_tcp.hpp"

namespace wirelab::scenarios {

class ForgedClient {
 public:
  // Sends nothing yet. It leaves out TIME-WAIT, and sends nothing again, however slow the machine: what a story shows
  // is what it said, and no link of its lab loses anything.
  ForgedClient(Lab& lab, raw::Station& station, const Endpoint& server);

  [[nodiscard]] raw::ForgedTcp& tcp() { return tcp_; }
  [[nodiscard]] const std::string& heard() const { return heard_; }
  // Each waits: for the connection that tcp().connect() asked for, for so many bytes in all, for that end. False if it
  // does not come about.
  bool opens();
  bool hears(std::size_t bytes);
  bool ends(raw::TcpEnd how);
  // How it ended, or where it stands: "reset by the peer", "ESTABLISHED".
  [[nodiscard]] std::string state() const;

 private:
  bool waits_for(const std::function<bool()>& what);

  Lab& lab_;
  bool opened_ = false;
  std::string heard_;
  std::optional<raw::TcpEnd> end_;
  raw::ForgedTcp tcp_;
};

}  // namespace wirelab::scenarios
