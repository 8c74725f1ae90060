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

FrameServer::~FrameServer() {
  loop_.cancel(sweep_);
  for (auto& [client, stream] : streams_) loop_.cancel(stream.held);
}

TcpServer::Events FrameServer::tcp_events() {
  return {.on_open =
              [this](ClientId client, const Endpoint& peer) {
                streams_.try_emplace(
                    client, Stream{.decoder = FrameDecoder(options_.frame), .pace = {}, .unfinished = {}, .held = {}});
                if (events_.on_open) events_.on_open(client, peer);
              },
          .on_data = [this](ClientId client, ByteView bytes) { on_data(client, bytes); },
          .on_end = [this](ClientId client) { on_end(client); },
          .on_drained = {},
          .on_close =
              [this](ClientId client, const CloseReason& reason) {
                loop_.cancel(streams_.at(client).held);
                streams_.erase(client);
                if (events_.on_close) events_.on_close(client, reason);
              }};
}

void FrameServer::on_data(ClientId client, ByteView bytes) {
  auto& stream = streams_.at(client);
  stream.decoder.feed(bytes);
  give_frames(client, stream);
}

void FrameServer::give_frames(ClientId client, Stream& stream) {
  auto& decoder = stream.decoder;
  while (!stream.is_held) {
    const auto next = decoder.next();
    if (const auto* error = std::get_if<FrameError>(&next)) return fail(client, *error);
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) break;
    stream.unfinished.reset();
    if (events_.on_frame) events_.on_frame(client, *frame);
    if (!tcp_.is_open(client)) return;  // closed by the handler: what follows is no longer heard
    if (options_.pace.burst == 0) continue;
    if (const auto pause = stream.pace.count(options_.pace, now()); pause > pause.zero()) hold(client, stream, pause);
  }
  decoder.keep();
  if (stream.unfinished || decoder.held() == 0) return;
  const auto time = now();
  stream.unfinished = Unfinished{.since = time, .moved = time};
}

// What it has sent already stays in the decoder, and what it sends now in its windows.
void FrameServer::hold(ClientId client, Stream& stream, Duration pause) {
  ++held_up_;
  stream.is_held = true;
  tcp_.set_reading(client, false);
  stream.held = loop_.after(pause, [this, client] { go_on(client); });
}

void FrameServer::go_on(ClientId client) {
  auto& stream = streams_.at(client);
  stream.is_held = false;
  stream.unfinished.reset();
  if (!tcp_.is_open(client)) return;
  give_frames(client, stream);
  if (!stream.is_held) tcp_.set_reading(client, true);
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
  const auto time = now();
  for (auto& [client, stream] : streams_) {
    if (!stream.unfinished) continue;
    const auto size = stream.decoder.held();
    if (!tcp_.is_reading(client)) {
      stream.unfinished = Unfinished{.since = time, .then = size, .moved = time, .seen = size};
    } else if (is_slow(*stream.unfinished, size, time)) {
      stream.unfinished.reset();
      tcp_.abort(client, CloseCause::too_slow);
    }
  }
}

bool FrameServer::is_slow(Unfinished& frame, std::size_t size, SteadyTime time) const {
  if (std::exchange(frame.seen, size) != size) frame.moved = time;
  if (time - frame.moved >= options_.frame_limit) return true;
  const auto taken = std::chrono::duration<double>(time - frame.since);
  return taken >= options_.frame_limit &&
         static_cast<double>(size - frame.then) < taken.count() * static_cast<double>(options_.least_rate);
}

}  // namespace wirelab
