#include "lab/stack/frame_server.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace wirelab {
namespace {

// How often slow frames are looked for, as a part of their limit: that much later they are found at most.
constexpr int sweeps_per_limit = 4;

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

FrameServer::FrameServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events,
                         const Options& options)
    : loop_(loop), events_(std::move(events)), options_(options), tcp_(loop, opener, local, tcp_events(), options.tcp) {
  if (options_.frame_limit == Duration::max()) return;
  sweep_ = loop_.every(std::max(options_.frame_limit / sweeps_per_limit, Duration(1)), [this] { cut_off_the_slow(); });
}

FrameServer::~FrameServer() { loop_.cancel(sweep_); }

TcpServer::Events FrameServer::tcp_events() {
  return {.on_open =
              [this](ClientId client, const Endpoint& peer) {
                streams_.try_emplace(client, Stream{FrameDecoder(options_.frame), {}});
                if (events_.on_open) events_.on_open(client, peer);
              },
          .on_data = [this](ClientId client, ByteView bytes) { on_data(client, bytes); },
          .on_end = [this](ClientId client) { on_end(client); },
          .on_drained = {},
          .on_close =
              [this](ClientId client, const CloseReason& reason) {
                streams_.erase(client);
                if (events_.on_close) events_.on_close(client, reason);
              }};
}

void FrameServer::on_data(ClientId client, ByteView bytes) {
  auto& [decoder, begun] = streams_.at(client);
  decoder.feed(bytes);
  for (;;) {
    const auto next = decoder.next();
    if (const auto* error = std::get_if<FrameError>(&next)) return fail(client, *error);
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) break;
    begun.reset();
    if (events_.on_frame) events_.on_frame(client, *frame);
    if (!tcp_.is_open(client)) return;  // closed by the handler: what follows is no longer heard
  }
  decoder.keep();
  if (!begun && decoder.eof()) begun = now();
}

void FrameServer::on_end(ClientId client) {
  if (const auto error = streams_.at(client).decoder.eof()) return fail(client, *error);
  events_.on_end ? events_.on_end(client) : tcp_.close(client);
}

void FrameServer::fail(ClientId client, const FrameError& error) {
  if (events_.on_bad_frame) events_.on_bad_frame(client, error);
  tcp_.close(client);
}

void FrameServer::cut_off_the_slow() {
  const auto latest = now() - options_.frame_limit;
  for (auto& [client, stream] : streams_) {
    if (!stream.begun || *stream.begun > latest) continue;
    stream.begun.reset();
    tcp_.abort(client, CloseCause::too_slow);
  }
}

}  // namespace wirelab
