// FrameServer: a TcpServer whose clients speak in frames. Public.
//
// Who sends what is no frame is told so by the service, if it wants, and then closed; who begins a frame and does not
// finish it in time is cut off; who says more than the pace allows waits. None of it concerns the other clients.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/pace.hpp"
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
    // A frame that is not whole is given up, CloseCause::too_slow, when nothing of it came for frame_limit, or when it
    // comes at less than least_rate (bytes a second) over that time or longer. While the client is not read, because
    // of the pace or because it does not take its answers, the clock stands.
    Duration frame_limit = std::chrono::seconds(30);
    std::uint64_t least_rate = std::uint64_t{16} << 10;
    PaceLimit pace;  // of frames, for each client
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
  // How often a client was faster than the pace, and had to wait.
  [[nodiscard]] std::uint64_t held_up() const { return held_up_; }

 private:
  // The frame that is not whole yet; sizes in bytes.
  struct Unfinished {
    SteadyTime since;      // its first byte, or the last time that it was no fault of the client's
    std::size_t then = 0;  // what of it had come by then
    SteadyTime moved;      // when it was seen to grow
    std::size_t seen = 0;
  };
  struct Stream {
    FrameDecoder decoder;
    Pace pace;
    std::optional<Unfinished> unfinished;
    Selector::TimerId held;  // until it is heard again
    bool is_held = false;
  };
  TcpServer::Events tcp_events();
  void on_data(ClientId client, ByteView bytes);
  void give_frames(ClientId client, Stream& stream);
  void hold(ClientId client, Stream& stream, Duration pause);
  void go_on(ClientId client);
  void on_end(ClientId client);
  void fail(ClientId client, const FrameError& error);
  void cut_off_the_slow();
  bool is_slow(Unfinished& frame, std::size_t size, SteadyTime time) const;

  Selector& loop_;
  Events events_;
  Options options_;
  std::unordered_map<ClientId, Stream> streams_;
  TcpServer tcp_;
  Selector::TimerId sweep_;
  std::uint64_t held_up_ = 0;
};

}  // namespace wirelab
