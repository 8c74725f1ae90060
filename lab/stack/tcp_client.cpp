#include "lab/stack/tcp_client.hpp"

#include <system_error>
#include <utility>

namespace wirelab {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

TcpClient::TcpClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events,
                     const Options& options)
    : loop_(loop),
      opener_(std::move(opener)),
      local_(local),
      server_(server),
      events_(std::move(events)),
      options_(options),
      patience_(options.retry, now()) {
  attempt();
}

TcpClient::~TcpClient() {
  loop_.cancel(timer_);
  connection_->discard();
}

void TcpClient::attempt() {
  auto options = options_.connection;
  options.connect_limit = patience_.attempt_limit(options.connect_limit, now());
  connection_ = TcpConnection::connect(loop_, opener_(Transport::tcp, local_), server_, events_of_attempt(), options);
  if (!reading_) connection_->set_reading(false);
}

// The connection outlives a client that is destroyed by one of its own events, so it owns the handlers that run then.
TcpConnection::Events TcpClient::events_of_attempt() {
  return {.on_connect =
              [this, on_connect = events_.on_connect] {
                connected_ = true;
                if (on_connect) on_connect();
              },
          .on_data = events_.on_data,
          .on_end = events_.on_end,
          .on_drained = events_.on_drained,
          .on_close = [this](const CloseReason& reason) { on_end_of_attempt(reason); }};
}

void TcpClient::on_end_of_attempt(const CloseReason& reason) {
  const bool never_came = reason.cause == CloseCause::failed || reason.cause == CloseCause::connect_timeout;
  const auto pause = never_came && !connected_ && !stopped_ ? patience_.next_pause(now()) : std::nullopt;
  if (!pause) {
    if (const auto on_close = std::move(events_.on_close)) on_close(reason);
    return;
  }
  waiting_ = true;
  timer_ = loop_.after(*pause, [this] {
    waiting_ = false;
    try {
      attempt();
    } catch (const std::system_error& error) {  // the local address is not to be had now
      on_end_of_attempt({CloseCause::failed, error.code()});
    }
  });
  if (const auto on_retry = events_.on_retry) on_retry(reason, *pause);
}

void TcpClient::set_reading(bool on) {
  reading_ = on;
  connection_->set_reading(on);
}

// An attempt may have ended already without the loop having told it.
void TcpClient::close() {
  stopped_ = true;
  waiting_ ? stop_trying() : connection_->close();
}

void TcpClient::abort() {
  stopped_ = true;
  waiting_ ? stop_trying() : connection_->abort();
}

void TcpClient::stop_trying() {
  waiting_ = false;
  loop_.cancel(timer_);
  timer_ = loop_.after(Duration::zero(), [this] { on_end_of_attempt({CloseCause::aborted, {}}); });
}

}  // namespace wirelab
