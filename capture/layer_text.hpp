// What each layer says of itself, without addresses and sizes. Not public: for describe.cpp.
#pragma once

#include <iterator>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "capture/decode.hpp"

namespace wirelab::capture {

// Appends to one line, so that each part says only what it knows.
class Line {
 public:
  template <class... Args>
  Line& add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// "ethertype 0x88cc", "IEEE 802.3 length 38"
std::string ethernet_text(const Ethernet& ethernet);
// "who has 10.0.1.1? tell 10.0.1.2"
std::string arp_text(const Arp& arp);
// "ICMP", "TCP"; one without a name here by its number, "protocol 253".
std::string protocol_name(std::uint8_t protocol);
// "echo request id 4660 seq 1"
std::string icmp_text(const Icmp& icmp);
// "[S.] seq 1 ack 2 win 65535 <mss 1460>"
std::string tcp_text(const Tcp& tcp);

}  // namespace wirelab::capture
