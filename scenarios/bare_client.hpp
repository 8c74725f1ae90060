// BareClient: a TCP client of a story that says exactly the bytes it is told to, right or wrong, and remembers what it
// hears. Public; the lab outlives it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lab/lab.hpp"
#include "lab/stack/tcp_client.hpp"

namespace wirelab::scenarios {

class BareClient {
 public:
  // Connected when it returns; throws Unmet if that does not come about. `local` has a fixed port, so that a story can
  // look for its packets. `opener` opens in a host of the lab.
  BareClient(Lab& lab, const Opener& opener, const Endpoint& local, const Endpoint& server);

  // Each call is a segment of its own, unless too much is under way. False if the queue is full or the client closed.
  bool say(std::string_view bytes) { return client_->send(as_bytes(bytes)); }
  void set_reading(bool on) { client_->set_reading(on); }
  // As TcpConnection's.
  void close() { client_->close(); }
  void abort() { client_->abort(); }

  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] const std::string& heard() const { return heard_; }
  // Both sides have ended, or one was reset.
  [[nodiscard]] bool closed() const { return closed_; }
  // Bytes that the own kernel does not take yet.
  [[nodiscard]] std::size_t queued() const { return client_->queued(); }

 private:
  Endpoint local_;
  std::string heard_;
  bool connected_ = false;
  bool closed_ = false;
  std::unique_ptr<TcpClient> client_;
};

}  // namespace wirelab::scenarios
