// FileSender: sends one file to a FileReceiver, and does not give up when the connection is lost. Public.
//
//   connecting ──▶ offering ──▶ checking ──▶ streaming ──▶ hashing ──▶ verifying ──▶ on_end
//       ▲                  what the receiver has already                  |
//       └── pause ◀── the connection is lost, or not there yet ◀──────────┘
//
// Several may run in one loop, and share a FileWorker.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lab/services/file_digest.hpp"
#include "lab/services/file_progress.hpp"
#include "lab/services/source_file.hpp"
#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/tcp_client.hpp"

namespace wirelab {

class FileSender {
 public:
  enum class Result : std::uint8_t {
    verified,   // the receiver has the whole file, with the right digest if one was wanted, under its name
    refused,    // the receiver does not want it, or cannot have it
    corrupt,    // what arrived is not what was sent
    failed,     // the receiver could not go on
    changed,    // the file has changed or could not be read while it was sent
    no_answer,  // no connection, or none that lasts
    stranger,   // what is there answers, but is no receiver
  };
  static std::string_view to_string(Result result);
  struct Outcome {
    Result result{};
    std::string why;               // in words, unless verified; may be the receiver's own, so printable()
    std::string name;              // that the verified file has got there, if told: the receiver's own words, too
    std::optional<Sha256> sha256;  // where verified by it
  };
  // Called from the loop only, and each may be empty. They may destroy the sender.
  struct Events {
    std::function<void()> on_offer;                        // connected; the other side is asked
    std::function<void(std::uint64_t from)> on_begin;      // accepted; the first bytes are there already
    std::function<void(const FileProgress&)> on_progress;  // now and then, while bytes go
    std::function<void(std::string_view why, Duration pause)>
        on_retry;                                // not connected; the next attempt is after this
    std::function<void(const Outcome&)> on_end;  // the last call
  };
  struct Options {
    bool digest = true;
    // Between attempts; the limit counts from the last byte that was not sent before, or from the receiver's consent.
    // Zero: there is one attempt only.
    Retry retry{.limit = std::chrono::seconds(30)};
    Duration answer_limit = std::chrono::minutes(30);   // for a person at the other end, or a disk
    Duration silence_limit = std::chrono::seconds(60);  // in which nothing is taken
    Duration progress_interval = std::chrono::milliseconds(250);
    std::string id;  // of the transfer, 32 hexadecimal digits; empty: a random one
    TcpConnection::Options connection;
  };

  // Connects from `local` (port 0: any). Throws std::system_error only for `local`. Loop and worker outlive the sender.
  FileSender(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& receiver, FileWorker& worker,
             SourceFile source, Events events)
      : FileSender(loop, std::move(opener), local, receiver, worker, std::move(source), std::move(events), Options{}) {}
  FileSender(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& receiver, FileWorker& worker,
             SourceFile source, Events events, Options options);
  // Ends the transfer without a word.
  ~FileSender();
  FileSender(const FileSender&) = delete;
  FileSender& operator=(const FileSender&) = delete;

  [[nodiscard]] const FileOffer& offer() const { return offer_; }
  // Handed to the kernel, with what the receiver had before.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] unsigned attempts() const { return attempts_; }

 private:
  enum class State : std::uint8_t {
    connecting,
    offering,
    checking,
    streaming,
    hashing,
    verifying,
    pausing,
    withdrawing
  };

  void connect();
  void connect_again();
  TcpClient::Events tcp_events();
  void on_connect();
  void on_data(ByteView bytes);
  void on_message(const Message& message);
  void on_answer(const Message& message);
  void on_nonsense(std::string why);
  void check(const FileAccept& accept);
  void ask_about(const FileAccept& accept);
  void begin(std::uint64_t from);
  void stream();
  void on_sent();
  void say_done();
  void verified(const Message& message);
  void cut_off(const std::string& why, Result otherwise = Result::no_answer);
  void lost(const std::string& why, Result otherwise = Result::no_answer);
  void connect_after(Duration pause, const std::string& why);
  void withdraw(const std::string& why);
  void watch();
  [[nodiscard]] Duration limit() const;
  void sent_until(std::uint64_t offset);
  void enter(State state);
  void end(Outcome outcome);

  Selector& loop_;
  Opener opener_;
  Endpoint local_, receiver_;
  FileWorker& worker_;
  SourceFile source_;
  Events events_;
  Options options_;
  FileOffer offer_;
  State state_ = State::connecting;
  FrameDecoder decoder_{file_frame_limits};
  std::optional<FileDigest> digest_;
  std::optional<FileMeter> meter_;
  std::uint64_t sent_ = 0;
  std::uint64_t told_ = 0;  // at the last progress
  unsigned attempts_ = 0;
  std::uint64_t furthest_ = 0;  // of sent_, over all attempts
  SteadyTime since_;            // of limit()
  Patience patience_;
  Selector::TimerId retry_, watch_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::unique_ptr<TcpClient> client_;
  std::unique_ptr<TcpClient> complaint_;  // by which an offer is withdrawn
};

}  // namespace wirelab
