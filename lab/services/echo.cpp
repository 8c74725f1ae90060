#include "lab/services/echo.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace wirelab {
namespace {

// So many unanswered messages are remembered; those before them count as lost.
constexpr std::size_t most_expected = 4096;
// A port that is free for TCP may be taken for UDP.
constexpr int port_tries = 16;

// Answers are never refused, however large the frames and however many are under way: a slow client is not read from.
FrameServer::Options with_room_for_answers(FrameServer::Options options) {
  auto& connection = options.tcp.connection;
  const auto largest = frame_prefix_size + options.frame.header + options.frame.content;
  connection.max_queued = std::max(connection.max_queued, connection.high_water + connection.read_size + largest);
  return options;
}

}  // namespace

EchoServer::EchoServer(Selector& loop, const Opener& opener, const Endpoint& local, Events events,
                       const FrameServer::Options& options)
    : events_(std::move(events)) {
  for (int left = port_tries; !udp_; --left) {
    try {
      listen(loop, opener, local, options);
    } catch (const std::system_error& error) {
      if (local.port != Port{} || error.code() != std::errc::address_in_use || left == 1) throw;
    }
  }
}

void EchoServer::listen(Selector& loop, const Opener& opener, const Endpoint& local,
                        const FrameServer::Options& options) {
  FrameServer::Events tcp{
      .on_open = events_.on_open,
      .on_frame = [this](ClientId client, const Frame& frame) { on_frame(client, frame); },
      .on_bad_frame = [this](ClientId client, const FrameError& error) { on_bad_frame(client, error); },
      .on_end = {},
      .on_close = events_.on_close};
  tcp_ = std::make_unique<FrameServer>(loop, opener, local, std::move(tcp), with_room_for_answers(options));
  UdpEndpoint::Events udp{.on_datagram = [this](const Datagram& datagram) { on_datagram(datagram); }, .on_error = {}};
  udp_ = std::make_unique<UdpEndpoint>(loop, opener, tcp_->local(), std::move(udp));
}

void EchoServer::stop(std::function<void()> stopped) {
  udp_.reset();
  tcp_->tcp().stop(std::move(stopped));
}

void EchoServer::on_frame(ClientId client, const Frame& frame) {
  // Nothing may be left out of a stream: who cannot be answered is cut off.
  if (!tcp_->tcp().send(client, frame.whole)) return tcp_->tcp().abort(client, CloseCause::too_slow);
  ++stats_.answered;
}

void EchoServer::on_bad_frame(ClientId client, const FrameError& error) {
  ++stats_.malformed;
  if (events_.on_bad_frame) events_.on_bad_frame(client, error);
}

void EchoServer::on_datagram(const Datagram& datagram) {
  // Two echo services, told by a forged source to be each other's clients, would answer each other for ever.
  if (datagram.source.port == local().port) {
    ++stats_.looped;
    return;
  }
  const auto decoded = decode_datagram(datagram.bytes);
  if (const auto* error = std::get_if<FrameError>(&decoded)) {
    ++stats_.malformed;
    if (events_.on_bad_datagram) events_.on_bad_datagram(datagram.source, *error);
    return;
  }
  // From the address that was asked. A full socket buffer loses the answer, as a full link would; the client counts
  // what it misses.
  if (!udp_->send_to(datagram.source, datagram.bytes, datagram.destination)) ++stats_.answered;
}

EchoClient::EchoClient(Selector& loop, const Opener& opener, Transport transport, const Endpoint& local,
                       const Endpoint& server, const Options& options)
    : loop_(loop), server_(server), options_(options) {
  if (transport == Transport::tcp) {
    FrameClient::Events events{.on_connect = [this] { begin(); },
                               .on_frame = [this](const Frame& frame) { on_frame(frame); },
                               .on_bad_frame = [this](const FrameError& error) { fail(error.to_string()); },
                               .on_end = {},
                               .on_close = [this](const CloseReason& reason) { on_close(reason); },
                               .on_retry = {}};
    tcp_ = std::make_unique<FrameClient>(loop, opener, local, server, std::move(events), options.tcp);
    return;
  }
  UdpEndpoint::Events events{.on_datagram = [this](const Datagram& datagram) { on_datagram(datagram); },
                             .on_error = [this](const UdpError& error) { fail(error.error.message()); }};
  udp_ = std::make_unique<UdpEndpoint>(loop, opener, local, std::move(events));
  begin();
}

void EchoClient::begin() {
  if (stopped_) return close_when_done();
  timer_ = loop_.every(options_.interval, [this] { say(); });
  say();
}

void EchoClient::stop() {
  stopped_ = true;
  loop_.cancel(timer_);
  close_when_done();
}

void EchoClient::close_when_done() {
  if (stopped_ && tcp_ && tcp_->tcp().is_open() && expected_.empty()) tcp_->tcp().close();
}

void EchoClient::say() {
  const auto text = fmt::format("message {}", sent_ + 1);
  constexpr Field type{"type", "message"};
  auto frame = udp_ ? encode_datagram({type}, as_bytes(text)) : encode_frame({type}, as_bytes(text));
  if (tcp_ && !tcp_->tcp().send(frame)) return fail("the connection takes no more");
  if (udp_) {
    if (const auto error = udp_->send_to(server_, frame)) return fail(error.message());
  }
  ++sent_;
  expected_.push_back(std::move(frame));
  if (expected_.size() <= most_expected) return;
  expected_.pop_front();
  fail("a message was lost");
}

void EchoClient::on_datagram(const Datagram& datagram) {
  if (datagram.source != server_) return fail(fmt::format("{} answered instead of the server", datagram.source));
  const auto decoded = decode_datagram(datagram.bytes);
  if (const auto* error = std::get_if<FrameError>(&decoded)) return fail(error->to_string());
  on_frame(std::get<Frame>(decoded));
}

void EchoClient::on_frame(const Frame& frame) {
  const auto found =
      std::ranges::find_if(expected_, [&](const Bytes& sent) { return std::ranges::equal(sent, frame.whole); });
  if (found == expected_.end()) return fail("an answer is not what was sent");
  // A lost datagram leaves its message behind, and later answers still find theirs; a stream loses nothing.
  if (tcp_ && found != expected_.begin()) fail("an answer is out of order");
  expected_.erase(found);
  ++answered_;
  close_when_done();
}

void EchoClient::on_close(const CloseReason& reason) {
  loop_.cancel(timer_);
  const bool wanted = stopped_ && expected_.empty() && reason.cause == CloseCause::finished;
  if (!wanted) fail(fmt::format("the connection ended: {}", reason.to_string()));
  errors_ += expected_.size();
  expected_.clear();
}

void EchoClient::fail(std::string what) {
  ++errors_;
  last_error_ = std::move(what);
}

}  // namespace wirelab
