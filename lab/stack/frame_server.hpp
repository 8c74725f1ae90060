// FrameServer: a TcpServer whose clients speak in frames. Public.
//
// Who sends what is no frame is told so by the service, if it wants, and then closed; who begins a frame and does not
// finish it in time is cut off. Neither concerns the other clients.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>

#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/tcp_server.hpp"

namespace wirelab {

class FrameServer {
 public:
  using ClientId = TcpServer::ClientId;
  // Called from the loop only, and each may be empty. They may not destroy the server.
  struct Events {
    std::function<void(ClientId, const Endpoint& peer)> on_open;
    std::function<void(ClientId, const Frame&)> on_frame;  // good during the call
    // The stream is no frame here; close() follows, so a last message may be sent. FrameFault::truncated: it ended so.
    std::function<void(ClientId, const FrameError&)> on_bad_frame;
    std::function<void(ClientId)> on_end;  // the client sends no more, and all was whole; empty: close(client)
    std::function<void(ClientId, CloseReason)> on_close;  // the client's last call
  };
  struct Options {
    FrameLimits frame;
    Duration frame_limit = std::chrono::seconds(30);  // from a frame's first byte to its last; CloseCause::too_slow
    TcpServer::Options tcp;
  };

  // Throws std::system_error if `local` cannot be listened at.
  FrameServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
      : FrameServer(loop, opener, local, std::move(events), Options{}) {}
  FrameServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options);
  ~FrameServer();
  FrameServer(const FrameServer&) = delete;
  FrameServer& operator=(const FrameServer&) = delete;

  // Everything else is the TCP server's: send() takes encoded frames.
  [[nodiscard]] TcpServer& tcp() { return tcp_; }
  [[nodiscard]] const TcpServer& tcp() const { return tcp_; }
  [[nodiscard]] const Endpoint& local() const { return tcp_.local(); }

 private:
  struct Stream {
    FrameDecoder decoder;
    std::optional<SteadyTime> begun;  // the frame that is not whole yet
  };
  TcpServer::Events tcp_events();
  void on_data(ClientId client, ByteView bytes);
  void on_end(ClientId client);
  void fail(ClientId client, const FrameError& error);
  void cut_off_the_slow();

  Selector& loop_;
  Events events_;
  Options options_;
  std::unordered_map<ClientId, Stream> streams_;
  TcpServer tcp_;
  Selector::TimerId sweep_;
};

}  // namespace wirelab
