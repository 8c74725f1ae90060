// A TCP connection as a script, in the manner of packetdrill: what goes into a TcpMachine and what must come out, with
// times, a line each. What comes out and is not in the script fails the test, and so does what comes at another time.
//
//   0     connect                              what the user does: connect, send N, read, close, abort,
//                                              pieces N OFFSET SIZE...
//   0     > S 0:0 win 64240 <mss 1460>         a segment that the machine sends at that time (milliseconds)
//   10    < SA 0:0 ack 1 win 1000 <mss 1000>   a segment that arrives
//   10    opened                               an event: opened, readable N, peer_ended, writable, closed WHY
//   10    = ESTABLISHED                        the state
//
// At one time events stand before segments. Sequence numbers count from each side's SYN, which is 0. Flags are F S R P
// and A. "win" and options are compared only where the line names them. Whatever falls due before a line's time happens
// first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "raw/tcp_machine.hpp"

namespace wirelab::raw::test {

class TcpScript {
 public:
  explicit TcpScript(const TcpMachine::Options& options);
  // Reports what is wrong as a failure of the test, with the line.
  void play(std::string_view script);
  TcpMachine& machine() { return machine_; }

 private:
  struct Line {
    long time = 0;
    std::string text;
  };
  struct Out {
    long time = 0;
    std::string text;  // of an event
    std::optional<TcpSegment> segment;
  };
  void run_until(long time);
  void collect();
  void act(const std::vector<std::string>& words);
  void expect(const Line& line);
  void complain(std::string_view where);
  static TcpSegment parse(const std::vector<std::string>& words);
  static std::string describe(const TcpSegment& segment, bool window, bool options);
  static bool is_action(std::string_view word);

  TcpMachine machine_;
  SteadyTime now_{};
  std::vector<Out> came_out_;
};

// Options with which the scripts are short: no timestamps, SACK or scaling, and acknowledgements at once.
TcpMachine::Options plain();

}  // namespace wirelab::raw::test
