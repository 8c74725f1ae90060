// TcpSender: the sending half of a TcpConnection. It tries the socket first and queues what the kernel does not take;
// what is sent while the connection is read it gathers into one write. The connection's own.
#pragma once

#include <cstdint>
#include <system_error>

#include "lab/base/bytes.hpp"
#include "lab/stack/send_queue.hpp"

namespace wirelab {

class TcpSender {
 public:
  // What became of a piece of a file. No bytes and no error: the kernel takes nothing now (on_drained will tell), or
  // has nothing (on_readable will); the connection is broken or closed (on_close will); or, if `ended`, there is no
  // more.
  struct FilePiece {
    std::size_t bytes = 0;
    bool ended = false;
    std::error_code error;  // of reading or writing the file
  };
  // While one exists, small messages wait in `buffer`, which is empty, for its end.
  class Gathering {
   public:
    Gathering(TcpSender& sender, Bytes& buffer) : sender_(sender) { sender_.gathered_ = &buffer; }
    ~Gathering() {
      sender_.write_gathered();
      sender_.gathered_ = nullptr;
    }
    Gathering(const Gathering&) = delete;
    Gathering& operator=(const Gathering&) = delete;

   private:
    TcpSender& sender_;
  };

  // Sends to `socket`, which someone else owns.
  explicit TcpSender(int socket) : socket_(socket) {}

  void send(ByteView bytes);
  void send(const SharedBytes& bytes);
  FilePiece send_file(int file, std::uint64_t offset, std::size_t most);
  // Sends what was gathered, and of the queue what the kernel takes.
  void flush();
  // Forgets everything: the socket is gone.
  void drop();

  // In bytes.
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  // Whether readiness to write is worth knowing.
  [[nodiscard]] bool waits() const { return !queue_.empty() || file_waits_; }
  [[nodiscard]] bool gathers() const { return gathered_ != nullptr; }
  // Of writing, an errno; from then on nothing is sent or queued. The receiving side is ended here (nothing of that
  // goes out), so that what the peer sent before is read, and then its end.
  [[nodiscard]] int error() const { return error_; }
  // How many bytes the kernel took so far.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  bool gather(ByteView bytes);
  void write_gathered();
  std::size_t write(ByteView bytes);
  bool write_queue();
  void fail(int error);

  int socket_;
  int error_ = 0;
  bool file_waits_ = false;    // send_file() found no room
  Bytes* gathered_ = nullptr;  // during a Gathering
  std::uint64_t taken_ = 0;
  SendQueue queue_;
};

}  // namespace wirelab
