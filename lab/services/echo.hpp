// echo: the reference stack's simplest service: framed messages come back as they came, over TCP and UDP. Public.
//
// Both sides own their sockets and take them from an Opener, so the same classes run in a lab and on a real machine.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/clock.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/frame.hpp"
#include "lab/stack/frame_client.hpp"
#include "lab/stack/frame_server.hpp"
#include "lab/stack/opener.hpp"
#include "lab/stack/udp_endpoint.hpp"

namespace wirelab {

class EchoServer {
 public:
  using ClientId = FrameServer::ClientId;
  // For whoever shows what happens. Called from the loop only, and each may be empty. They may not destroy the server,
  // and on_bad_datagram may not stop it.
  struct Events {
    std::function<void(ClientId, const Endpoint& peer)> on_open;
    std::function<void(ClientId, const FrameError&)> on_bad_frame;
    std::function<void(ClientId, const CloseReason&)> on_close;
    std::function<void(const Endpoint& peer, const FrameError&)> on_bad_datagram;
  };
  struct Stats {
    std::uint64_t answered = 0;   // frames, over both transports
    std::uint64_t malformed = 0;  // TCP: the connection is closed; UDP: the datagram is ignored
    std::uint64_t looped = 0;     // datagrams from a port of this service's number: ignored
  };

  // Listens on TCP and UDP with one port number; with port 0 on one that is free for both. Throws std::system_error.
  EchoServer(Selector& loop, const Opener& opener, const Endpoint& local)
      : EchoServer(loop, opener, local, Events{}, FrameServer::Options{}) {}
  EchoServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events,
             const FrameServer::Options& options);

  // Answers no more, closes the connections, and calls `stopped` when the last is gone, as TcpServer's.
  void stop(std::function<void()> stopped);
  [[nodiscard]] const Endpoint& local() const { return tcp_->local(); }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  [[nodiscard]] const TcpServer& tcp() const { return tcp_->tcp(); }

 private:
  void listen(Selector& loop, const Opener& opener, const Endpoint& local, const FrameServer::Options& options);
  void on_frame(ClientId client, const Frame& frame);
  void on_bad_frame(ClientId client, const FrameError& error);
  void on_datagram(const Datagram& datagram);

  Events events_;
  std::unique_ptr<FrameServer> tcp_;
  std::unique_ptr<UdpEndpoint> udp_;
  Stats stats_;
};

// Sends one framed message after the other and expects each back unchanged.
class EchoClient {
 public:
  struct Options {
    Duration interval = std::chrono::milliseconds(25);  // between messages; above zero
    FrameClient::Options tcp;
  };

  // The first message goes out as soon as there is a connection (TCP), or at once (UDP). Throws std::system_error if
  // `local` (port 0: any) cannot be had.
  EchoClient(Selector& loop, const Opener& opener, Transport transport, const Endpoint& local, const Endpoint& server)
      : EchoClient(loop, opener, transport, local, server, Options{}) {}
  EchoClient(Selector& loop, const Opener& opener, Transport transport, const Endpoint& local, const Endpoint& server,
             const Options& options);
  ~EchoClient() { loop_.cancel(timer_); }
  EchoClient(const EchoClient&) = delete;
  EchoClient& operator=(const EchoClient&) = delete;

  // Sends no more. What is on its way may still come back; then a TCP connection is closed.
  void stop();
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  // Came back byte for byte, over TCP in their order.
  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  // Sent, not answered, and not yet known to be lost.
  [[nodiscard]] std::uint64_t in_flight() const { return expected_.size(); }
  // Messages that could not be sent or were lost, answers that were no frame or not what was sent, ICMP errors, and an
  // end of the connection that stop() did not ask for.
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  // The last of them, for the reader; empty if there was none.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  void begin();
  void say();
  void on_datagram(const Datagram& datagram);
  void on_frame(const Frame& frame);
  void on_close(const CloseReason& reason);
  void fail(std::string what);
  void close_when_done();

  Selector& loop_;
  Endpoint server_;
  Options options_;
  std::unique_ptr<FrameClient> tcp_;  // one of the two
  std::unique_ptr<UdpEndpoint> udp_;
  Selector::TimerId timer_;
  std::deque<Bytes> expected_;
  bool stopped_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t errors_ = 0;
  std::string last_error_;
};

}  // namespace wirelab
