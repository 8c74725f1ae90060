// HttpServer: HTTP/1.1 over the reference stack, minimal and strict. Public.
//
// Requests of a connection are answered one after the other, pipelined ones too; while an answer is being taken the
// next is not begun, so that who does not read makes nothing grow. What is no request is answered with why, and the
// connection closed: where the next request would begin is not known then.
//
// The server owns its listening socket and connections; handlers are given views and give an answer away.
#pragma once

#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lab/services/http_parser.hpp"
#include "lab/services/http_response.hpp"
#include "lab/stack/tcp_server.hpp"

namespace wirelab {

class HttpServer {
 public:
  using ClientId = TcpServer::ClientId;
  // Answers a request; called for the methods of RFC 9110 and PATCH. HEAD is answered as GET: the server leaves the
  // body out. What it throws is answered with 500.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  // Called from the loop only, and each may be empty. They may not destroy the server.
  struct Events {
    std::function<void(ClientId, const Endpoint& peer)> on_open;
    std::function<void(ClientId, const HttpRequest&, unsigned status)> on_answer;
    std::function<void(ClientId, const HttpError&)> on_bad_request;  // also of one that is late
    std::function<void(ClientId, CloseReason)> on_close;             // the client's last call
  };
  struct Options {
    HttpLimits limits;
    Duration request_limit = std::chrono::seconds(10);  // from a request's first byte to its last; else 408
    // Without a byte in either direction: between requests, or of an answer that is not taken.
    Duration idle_limit = std::chrono::seconds(60);
    // Bytes a second: who takes an answer more slowly than that, over idle_limit or longer, is reset.
    std::uint64_t least_rate = 1024;
    TcpServer::Options tcp;  // its connection.idle_limit and connection.slow_peer are the server's
  };
  struct Stats {
    std::uint64_t answered = 0;   // requests
    std::uint64_t malformed = 0;  // what was no request
    std::uint64_t late = 0;       // requests that were not whole within the limit
    std::uint64_t slow = 0;       // answers that were taken too slowly
  };

  // Throws std::system_error if `local` cannot be listened at.
  HttpServer(Selector& loop, const Opener& opener, const Endpoint& local, Handler handler)
      : HttpServer(loop, opener, local, std::move(handler), Events{}, Options{}) {}
  HttpServer(Selector& loop, const Opener& opener, const Endpoint& local, Handler handler, Events events,
             const Options& options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] const Endpoint& local() const { return tcp_.local(); }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  [[nodiscard]] const TcpServer& tcp() const { return tcp_; }
  // As TcpServer's: what is queued is flushed within the closing limit; an answer of which there is more is cut off, by
  // a reset.
  void stop(std::function<void()> stopped);

 private:
  // What is left to be sent of an answer.
  struct Rest {
    HttpFile file;  // from `offset` on, if there is one
    std::uint64_t offset = 0;
    HttpStream stream;
    bool chunked = false;
  };
  struct Client {
    HttpParser parser;
    std::optional<SteadyTime> begun;  // the request that is not whole yet
    bool told_to_continue = false;    // for that request
    bool reading = true;
    bool last = false;        // the present answer is the last one
    SteadyTime answered;      // when the present answer began,
    std::uint64_t given = 0;  // and how many of its bytes went to the connection
    std::optional<Rest> rest;
  };
  enum class Sent : std::uint8_t { all, waits, more, failed };

  TcpServer::Events tcp_events();
  static TcpServer::Options tcp_options(const Options& options);
  void on_data(ClientId id, ByteView bytes);
  void on_end(ClientId id);
  void go_on(ClientId id);
  void serve(ClientId id, Client& client);
  [[nodiscard]] bool is_ready(ClientId id, const Client& client) const;
  void await_more(ClientId id, Client& client);
  void answer(ClientId id, Client& client, const HttpRequest& request);
  HttpResponse ask_handler(const HttpRequest& request) const;
  void send(ClientId id, Client& client, HttpResponse response, const HttpRequest& request);
  void send_rest(ClientId id, Client& client);
  Sent send_file(ClientId id, Client& client);
  Sent send_stream(ClientId id, Client& client);
  void go_on_later(ClientId id);
  void refuse(ClientId id, const HttpError& error);
  void look_at_the_clock();
  [[nodiscard]] bool is_slow(ClientId id, const Client& client, SteadyTime time) const;
  const std::string& date();

  Selector& loop_;
  Handler handler_;
  Events events_;
  Options options_;
  std::unordered_map<ClientId, Client> clients_;
  TcpServer tcp_;
  Selector::TimerId clock_;           // of look_at_the_clock()
  std::vector<ClientId> unfinished_;  // their turn was over before their answer was
  Selector::TimerId later_;
  std::time_t date_of_ = -1;
  std::string date_;
  Stats stats_;
};

}  // namespace wirelab
