// Cases: what select, poll and epoll should report of a descriptor in some state, and what they do. Internal to the
// scenario readiness.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "scenarios/readiness/report.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios::readiness {

// What is expected of one descriptor.
struct Case {
  std::string name;
  std::string select;
  std::string poll;
  std::string then;          // what the next calls give, as `next` of Cases::add tells it
  std::string epoll = poll;  // level-triggered; edge-triggered the same, and only once
};

class Cases {
 public:
  explicit Cases(Stage& stage) : stage_(stage) {}

  // Waits until poll reports what is expected, since a packet that is in the trace may not be through the kernel; asks
  // all of them; makes the next calls. All of it is one check, and a row of the table. Without evidence, for what no
  // packet shows.
  void add(const Case& expected, int fd, const std::function<std::string(int fd)>& next, const Evidence& evidence);
  // A row for what was checked elsewhere.
  void tell(const std::string& name, const Report& report, const std::string& then);
  void tell_table();

 private:
  Stage& stage_;
  std::vector<std::vector<std::string>> rows_;
};

// Turns the loop until `met`, at most for five seconds. Looks every millisecond, since what a case waits for wakes no
// loop.
bool await_state(Stage& stage, const std::function<bool()>& met);

// One socket call each, told with what it gave: "recv 5", "send EPIPE", "SO_ERROR ECONNREFUSED".
std::string try_receive(int fd);
std::string try_send(int fd);
std::string try_socket_error(int fd);

// What several calls gave, one after the other, which the braces of the list make sure of.
std::string in_turn(std::initializer_list<std::string> results);

// The parts of the story.
void play_tcp(Stage& stage, Cases& cases);
// Forges, so it comes last: where nothing was forged, a trace's steps may speak of ordinary packets.
void play_udp(Stage& stage, Cases& cases);
// What is no matter of a protocol: a regular file, a descriptor beyond 1023, and data that stays unread.
void play_descriptors(Stage& stage, Cases& cases);
// What a wake costs among idle connections: a table and a plot.
void measure_cost(Stage& stage);

}  // namespace wirelab::scenarios::readiness
