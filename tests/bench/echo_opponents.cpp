// The same echo by libraries of the field, each in the way that its own examples show.
#include <string>

#include <unistd.h>

#include "lab/base/error.hpp"
#include "tests/bench/echo_servers.hpp"

#ifdef WIRELAB_ASIO
#include <array>
#include <memory>
#include <utility>

#include <boost/asio.hpp>
#endif
#ifdef WIRELAB_LIBUV
#include <uv.h>
#endif
#ifdef WIRELAB_LIBEVENT
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#endif

namespace wirelab::bench {
namespace {

[[maybe_unused]] constexpr std::size_t buffer_size = 16384;

#ifdef WIRELAB_ASIO
using boost::asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}
  void read() {
    socket_.async_read_some(boost::asio::buffer(bytes_), [self = shared_from_this()](auto error, std::size_t size) {
      if (!error) self->write(size);
    });
  }

 private:
  void write(std::size_t size) {
    boost::asio::async_write(socket_, boost::asio::buffer(bytes_, size),
                             [self = shared_from_this()](auto error, std::size_t) {
                               if (!error) self->read();
                             });
  }
  tcp::socket socket_;
  std::array<char, buffer_size> bytes_;
};

void accept_next(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](auto error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket))->read();
    accept_next(acceptor);
  });
}

void serve_by_asio(int listener) {
  boost::asio::io_context context(1);
  tcp::acceptor acceptor(context, tcp::v4(), listener);
  accept_next(acceptor);
  context.run();
}
#endif

#ifdef WIRELAB_LIBUV
char uv_bytes[buffer_size];

void close_and_free(uv_stream_t* stream) {
  uv_close(reinterpret_cast<uv_handle_t*>(stream),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
}

void serve_by_libuv(int listener) {
  uv_loop_t* loop = uv_default_loop();
  static uv_tcp_t server;
  uv_tcp_init(loop, &server);
  uv_tcp_open(&server, listener);
  const auto on_read = [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    if (count < 0) return close_and_free(stream);
    if (count == 0) return;
    const auto answer = uv_buf_init(buffer->base, static_cast<unsigned>(count));
    if (uv_try_write(stream, &answer, 1) != count) close_and_free(stream);
  };
  static const uv_read_cb read_cb = on_read;
  uv_listen(reinterpret_cast<uv_stream_t*>(&server), 4096, [](uv_stream_t* stream, int) {
    auto* client = new uv_tcp_t;
    uv_tcp_init(stream->loop, client);
    uv_accept(stream, reinterpret_cast<uv_stream_t*>(client));
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(client),
        [](uv_handle_t*, std::size_t, uv_buf_t* buffer) { *buffer = uv_buf_init(uv_bytes, buffer_size); }, read_cb);
  });
  uv_run(loop, UV_RUN_DEFAULT);
}
#endif

#ifdef WIRELAB_LIBEVENT
void serve_by_libevent(int listener) {
  event_base* base = event_base_new();
  const auto on_read = [](bufferevent* event, void*) { bufferevent_write_buffer(event, bufferevent_get_input(event)); };
  const auto on_event = [](bufferevent* event, short, void*) { bufferevent_free(event); };
  static const bufferevent_data_cb read_cb = on_read;
  static const bufferevent_event_cb event_cb = on_event;
  const auto on_accept = [](evconnlistener* source, evutil_socket_t fd, sockaddr*, int, void*) {
    auto* event = bufferevent_socket_new(evconnlistener_get_base(source), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(event, read_cb, nullptr, event_cb, nullptr);
    bufferevent_enable(event, EV_READ | EV_WRITE);
  };
  evconnlistener_new(base, on_accept, nullptr, 0, 4096, listener);
  event_base_dispatch(base);
}
#endif

void serve_by_python(int listener) {
  const auto number = std::to_string(listener);
  ::execlp("python3", "python3", WIRELAB_BENCH_DIR "/echo_selectors.py", number.c_str(), nullptr);
  throw_errno("start python3");
}

}  // namespace

std::vector<EchoContender> opponents() {
  return {
#ifdef WIRELAB_ASIO
      {"Boost.Asio", serve_by_asio},
#endif
#ifdef WIRELAB_LIBUV
      {"libuv", serve_by_libuv},
#endif
#ifdef WIRELAB_LIBEVENT
      {"libevent bufferevent", serve_by_libevent},
#endif
      {"Python selectors", serve_by_python}};
}

}  // namespace wirelab::bench
