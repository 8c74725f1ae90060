// ForgedTcp: a TCP connection made by hand: a TcpMachine at a Station, turned by the loop. Public.
//
//   PhantomHost phantom(at(lab, "A"), {.interface = "eth0", .mac = mac, .address = Ipv4{10, 0, 1, 9}});
//   ForgedTcp client(phantom, server, lab.random(), {.on_data = ..., .on_close = ...});
//   client.connect();
//   client.send(bytes);
//   client.close();
//
// Every wait has a limit (TcpMachine::Options), so on_close always comes after connect(). A segment that is malformed
// is dropped and counted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <span>

#include "lab/base/address.hpp"
#include "raw/station.hpp"
#include "raw/tcp_machine.hpp"

namespace wirelab::raw {

class ForgedTcp {
 public:
  // Called from the loop, or from connect(), send(), close() or abort(); each may be empty. They may not destroy the
  // connection.
  struct Events {
    std::function<void()> on_open;
    std::function<void(ByteView)> on_data;  // in order; good during the call
    std::function<void()> on_end;           // the peer sends no more; empty: close()
    std::function<void(TcpEnd)> on_close;   // the last call
  };
  using Part = TcpMachine::Part;

  // `random` gives the first sequence number, the timestamps' first value, the IP identification, and the source port
  // unless `options` has one: from 61000 on, which no kernel gives to a socket. The MSS is lowered to the station's
  // MTU. Station and loop outlive this.
  ForgedTcp(Station& station, const Endpoint& peer, std::mt19937_64& random, Events events,
            const TcpMachine::Options& options);
  ForgedTcp(Station& station, const Endpoint& peer, std::mt19937_64& random, Events events)
      : ForgedTcp(station, peer, random, std::move(events), TcpMachine::Options{}) {}
  ~ForgedTcp();
  ForgedTcp(const ForgedTcp&) = delete;
  ForgedTcp& operator=(const ForgedTcp&) = delete;

  // Sends the SYN. Throws as Station::send does.
  void connect();
  // Takes all; what is beyond the machine's buffer waits here. Does nothing after close().
  void send(ByteView bytes);
  // TcpMachine::send_pieces: these octets as these segments in this order; false if that cannot be done now.
  bool send_pieces(ByteView bytes, std::span<const Part> parts);
  // Off: what arrives is left unread, and the window closes. On again: it opens.
  void set_reading(bool on);
  // No more is sent after what was given; the peer's octets still come.
  void close();
  void abort();

  [[nodiscard]] Endpoint local() const { return {station_.address(), options_.source}; }
  [[nodiscard]] const Endpoint& peer() const { return peer_; }
  [[nodiscard]] const TcpMachine& machine() const { return machine_; }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

 private:
  static TcpMachine::Options complete(TcpMachine::Options options, const Station& station, const Endpoint& peer,
                                      std::mt19937_64& random);
  void arrived(ByteView packet);
  void refill();
  void flush();
  void send_segments();
  void tell(TcpEvent event);
  void read();
  void set_timer();

  Station& station_;
  Endpoint peer_;
  Events events_;
  TcpMachine::Options options_;
  TcpMachine machine_;
  std::uint16_t ip_id_;
  Bytes waiting_;  // from `waiting_from_` on, for room in the machine
  std::size_t waiting_from_ = 0;
  bool closing_ = false;
  bool reading_ = true;
  bool flushing_ = false;
  std::uint64_t malformed_ = 0;
  std::optional<SteadyTime> timer_at_;
  Selector::TimerId timer_{};
  Station::Listener listener_;
};

}  // namespace wirelab::raw
