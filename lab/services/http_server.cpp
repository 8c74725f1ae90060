#include "lab/services/http_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <utility>

namespace wirelab {
namespace {

constexpr std::array known_methods{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
// How often late requests and slow readers are looked for, as a part of their limit: that much later they are found at
// most.
constexpr int looks_per_limit = 4;
constexpr Duration shortest_look = std::chrono::milliseconds(1);
// One client's share of a turn.
constexpr std::size_t file_piece = std::size_t{256} << 10;
constexpr int pieces_per_turn = 8;
constexpr std::string_view go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";

// Nothing if the handler's stream failed.
std::optional<std::string> next_piece(const HttpStream& stream) {
  try {
    return stream();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

HttpServer::HttpServer(Selector& loop, const Opener& opener, const Endpoint& local, Handler handler, Events events,
                       const Options& options)
    : loop_(loop),
      handler_(std::move(handler)),
      events_(std::move(events)),
      options_(options),
      tcp_(loop, opener, local, tcp_events(), tcp_options(options)) {
  const auto limit = std::min(options_.request_limit, options_.idle_limit);
  clock_ = loop_.every(std::max(limit / looks_per_limit, shortest_look), [this] { look_at_the_clock(); });
}

HttpServer::~HttpServer() {
  loop_.cancel(clock_);
  loop_.cancel(later_);
}

TcpServer::Options HttpServer::tcp_options(const Options& options) {
  auto tcp = options.tcp;
  tcp.connection.idle_limit = options.idle_limit;
  tcp.connection.slow_peer = SlowPeer::pause_reading;  // nothing may be left out of an answer
  return tcp;
}

TcpServer::Events HttpServer::tcp_events() {
  return {.on_open =
              [this](ClientId id, const Endpoint& peer) {
                clients_.try_emplace(id, Client{.parser = HttpParser(options_.limits)});
                if (events_.on_open) events_.on_open(id, peer);
              },
          .on_data = [this](ClientId id, ByteView bytes) { on_data(id, bytes); },
          .on_end = [this](ClientId id) { on_end(id); },
          .on_drained = [this](ClientId id) { go_on(id); },
          .on_close =
              [this](ClientId id, const CloseReason& reason) {
                clients_.erase(id);
                if (events_.on_close) events_.on_close(id, reason);
              }};
}

void HttpServer::on_data(ClientId id, ByteView bytes) {
  auto& client = clients_.at(id);
  client.parser.feed(bytes);
  serve(id, client);
}

// Nothing is being answered then, or it would not be read.
void HttpServer::on_end(ClientId id) {
  const auto error = clients_.at(id).parser.eof();
  error ? refuse(id, *error) : tcp_.close(id);
}

// Who cannot know by a length or chunks that an answer is cut off must not see it end in order.
void HttpServer::stop(std::function<void()> stopped) {
  for (const auto& [id, client] : clients_) {
    if (client.rest) tcp_.abort(id);
  }
  tcp_.stop(std::move(stopped));
}

// There is room for more of an answer, or for the next one.
void HttpServer::go_on(ClientId id) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || !tcp_.is_open(id)) return;
  if (found->second.rest) send_rest(id, found->second);
  serve(id, found->second);
}

bool HttpServer::is_ready(ClientId id, const Client& client) const {
  return !client.rest && tcp_.is_open(id) && tcp_.queued(id) == 0;
}

void HttpServer::serve(ClientId id, Client& client) {
  while (is_ready(id, client)) {
    const auto next = client.parser.next();
    if (const auto* error = std::get_if<HttpError>(&next)) return refuse(id, *error);
    const auto* request = std::get_if<HttpRequest>(&next);
    if (request == nullptr) break;
    answer(id, client, *request);
  }
  await_more(id, client);
}

// Who is being answered is not listened to; who has begun a request is expected to finish it.
void HttpServer::await_more(ClientId id, Client& client) {
  if (!tcp_.is_open(id)) return;
  const bool ready = is_ready(id, client);
  if (std::exchange(client.reading, ready) != ready) tcp_.set_reading(id, ready);
  if (!ready || !client.parser.begun()) return client.begun.reset();
  if (!client.begun) client.begun = now();
  if (!client.parser.awaits_continue() || std::exchange(client.told_to_continue, true)) return;
  tcp_.send(id, as_bytes(go_ahead));
}

void HttpServer::answer(ClientId id, Client& client, const HttpRequest& request) {
  client.begun.reset();
  client.told_to_continue = false;
  ++stats_.answered;
  auto response = ask_handler(request);
  if (events_.on_answer) events_.on_answer(id, request, response.status);
  send(id, client, std::move(response), request);
}

HttpResponse HttpServer::ask_handler(const HttpRequest& request) const {
  if (std::ranges::find(known_methods, request.method) == known_methods.end())
    return http_text(501, "this method is not known here");
  try {
    auto response = handler_(request);
    check_http_headers(response);
    return response;
  } catch (const std::exception&) {
    return http_text(500, "the server failed");
  }
}

void HttpServer::send(ClientId id, Client& client, HttpResponse response, const HttpRequest& request) {
  const bool streamed = std::holds_alternative<HttpStream>(response.body);
  const bool chunked = streamed && request.minor_version > 0;
  client.last = !request.keep_alive || (streamed && !chunked);
  HttpHeadOptions options{.date = date()};
  if (streamed) options.ending = chunked ? HttpEnding::chunked : HttpEnding::close;
  if (client.last) options.connection = "close";
  if (!client.last && request.minor_version == 0) options.connection = "keep-alive";
  auto message = http_head(response, options);
  const bool whole = request.method == "HEAD" || !http_has_body(response.status);
  if (const auto* text = std::get_if<std::string>(&response.body); text != nullptr && !whole) message += *text;
  tcp_.send(id, as_bytes(message));
  client.answered = now();
  client.given = message.size();
  if (!whole && !std::holds_alternative<std::string>(response.body)) {
    auto& rest = client.rest.emplace(Rest{});
    rest.chunked = chunked;
    if (auto* file = std::get_if<HttpFile>(&response.body)) rest.file = std::move(*file);
    if (streamed) rest.stream = std::move(std::get<HttpStream>(response.body));
    return send_rest(id, client);
  }
  if (client.last) tcp_.close(id);
}

void HttpServer::send_rest(ClientId id, Client& client) {
  switch (client.rest->stream ? send_stream(id, client) : send_file(id, client)) {
    case Sent::waits:
      return;  // on_drained will tell
    case Sent::more:
      return go_on_later(id);
    case Sent::failed:
      return tcp_.abort(id);
    case Sent::all:
      client.rest.reset();
      if (client.last) tcp_.close(id);
  }
}

HttpServer::Sent HttpServer::send_file(ClientId id, Client& client) {
  auto& rest = *client.rest;
  for (int i = 0; i < pieces_per_turn; ++i) {
    const auto left = rest.file.size - rest.offset;
    if (left == 0) return Sent::all;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left, file_piece));
    const auto piece = tcp_.send_file(id, rest.file.file.get(), rest.offset, most);
    if (piece.ended || piece.error) return Sent::failed;
    if (piece.bytes == 0) return Sent::waits;
    rest.offset += piece.bytes;
    client.given += piece.bytes;
  }
  return Sent::more;
}

HttpServer::Sent HttpServer::send_stream(ClientId id, Client& client) {
  auto& rest = *client.rest;
  for (int i = 0; i < pieces_per_turn; ++i) {
    if (tcp_.queued(id) > 0) return Sent::waits;
    const auto piece = next_piece(rest.stream);
    if (!piece) return Sent::failed;
    const auto bytes = rest.chunked ? http_chunk(*piece) : *piece;
    if (!bytes.empty()) tcp_.send(id, as_bytes(bytes));
    client.given += bytes.size();
    if (piece->empty()) return Sent::all;
  }
  return Sent::more;
}

void HttpServer::go_on_later(ClientId id) {
  unfinished_.push_back(id);
  if (unfinished_.size() > 1) return;
  later_ = loop_.after(Duration::zero(), [this] {
    for (const auto client : std::exchange(unfinished_, {})) go_on(client);
  });
}

// What follows of the stream is not read any more: where a request would begin is not known.
void HttpServer::refuse(ClientId id, const HttpError& error) {
  ++(error.fault == HttpFault::late ? stats_.late : stats_.malformed);
  if (events_.on_bad_request) events_.on_bad_request(id, error);
  const auto response = http_text(status_of(error.fault), error.to_string());
  const auto head = http_head(response, {.connection = "close", .date = date()});
  tcp_.send(id, as_bytes(head + std::get<std::string>(response.body)));
  tcp_.close(id);
}

void HttpServer::look_at_the_clock() {
  const auto time = now();
  for (auto& [id, client] : clients_) {
    if (client.begun && time - *client.begun >= options_.request_limit) {
      client.begun.reset();
      refuse(id, {HttpFault::late, client.parser.offset()});
    } else if (is_slow(id, client, time)) {
      ++stats_.slow;
      client.rest.reset();
      tcp_.abort(id, CloseCause::too_slow);
    }
  }
}

// Without a least rate a few bytes now and then would hold a connection, and a file, for ever.
bool HttpServer::is_slow(ClientId id, const Client& client, SteadyTime time) const {
  if (!tcp_.is_open(id) || is_ready(id, client)) return false;
  const auto taken = client.given - std::min<std::uint64_t>(client.given, tcp_.queued(id));
  const auto due = std::chrono::duration<double>(time - client.answered);
  return due >= options_.idle_limit &&
         static_cast<double>(taken) < due.count() * static_cast<double>(options_.least_rate);
}

const std::string& HttpServer::date() {
  const auto time = std::chrono::system_clock::now();
  if (const auto second = std::chrono::system_clock::to_time_t(time); second != date_of_) {
    date_of_ = second;
    date_ = http_date(time);
  }
  return date_;
}

}  // namespace wirelab
