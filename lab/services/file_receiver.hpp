// FileReceiver: takes files that others offer, into one folder. Public.
//
// What a sender does ends at most its own transfer. A transfer outlives its connection by what is needed to resume it:
// the sender comes back with the same id, is not asked about again, and goes on where the part file ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "lab/services/file_progress.hpp"
#include "lab/services/file_reception.hpp"
#include "lab/services/recent_files.hpp"
#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/tcp_server.hpp"

namespace wirelab {

class FileReceiver {
 public:
  enum class Result : std::uint8_t {
    received,   // whole, verified if a digest was wanted, and under its name
    refused,    // by the one who was asked, or because of its name or the disk
    corrupt,    // its digest is not the sender's; nothing is kept
    failed,     // could not be written; what came is kept
    withdrawn,  // the sender cannot go on; what came is kept
    cut,        // the connection ended before the file did, or the sender fell silent; what came is kept
  };
  static std::string_view to_string(Result result);
  struct Outcome {
    Result result{};
    std::string why;               // in words, where it was not received: may be the sender's own, so printable()
    std::string name;              // that it has got, where received
    std::optional<Sha256> sha256;  // where verified
    std::uint64_t bytes = 0;       // that are there
  };
  // Of one offer. What came from the sender is printable() before a terminal sees it.
  struct Transfer {
    Endpoint peer;
    FileOffer offer;
  };
  // Called from the loop only, never inside a call of this class but accept() and refuse(), and each may be empty. They
  // may not destroy the receiver.
  struct Events {
    // To be answered by accept() or refuse(), now or later; empty: everything is accepted. Not called for a transfer
    // that was accepted before and is resumed, nor for one that cannot be: of that on_end alone tells.
    std::function<void(const Transfer&)> on_offer;
    std::function<void(const Transfer&, std::uint64_t from)> on_begin;
    std::function<void(const Transfer&, const FileProgress&)> on_progress;  // now and then, while bytes come
    // Once for each connection that brought an offer, but not for a sender that only missed its `verified`.
    std::function<void(const Transfer&, const Outcome&)> on_end;
  };
  struct Options {
    NameClash clash = NameClash::refuse;
    Duration offer_limit = std::chrono::seconds(30);    // from connecting to a whole offer
    Duration answer_limit = std::chrono::minutes(10);   // for accept() or refuse(): then it is refused
    Duration silence_limit = std::chrono::seconds(60);  // without a byte, but for the time that hashing may take
    Duration progress_interval = std::chrono::milliseconds(250);
    TcpServer::Options tcp{.max_clients = 256, .connection = {.read_size = FilePipe::size}};
  };
  struct Stats {
    std::uint64_t offers = 0;
    std::uint64_t received = 0;   // files
    std::uint64_t resumed = 0;    // transfers that did not begin at 0
    std::uint64_t malformed = 0;  // connections that did not keep to the protocol
    std::uint64_t bytes = 0;      // of files, through the network
  };

  // Throws std::system_error if `local` cannot be listened at. Loop and worker outlive the receiver.
  FileReceiver(Selector& loop, const Opener& opener, const Endpoint& local, FileWorker& worker,
               std::shared_ptr<const TargetFolder> folder, Events events)
      : FileReceiver(loop, opener, local, worker, std::move(folder), std::move(events), Options{}) {}
  FileReceiver(Selector& loop, const Opener& opener, const Endpoint& local, FileWorker& worker,
               std::shared_ptr<const TargetFolder> folder, Events events, Options options);
  // Ends all transfers without a word; what came is kept.
  ~FileReceiver();
  FileReceiver(const FileReceiver&) = delete;
  FileReceiver& operator=(const FileReceiver&) = delete;

  // Answer an offer by its id; do nothing if it is gone, or answered already.
  void accept(const std::string& id);
  void refuse(const std::string& id, std::string_view why);
  // Resets the connection of a transfer; what came is kept, and the sender may come back. Does nothing if it is gone,
  // or whole.
  void cut(const std::string& id);
  // Takes no more and ends all transfers but those that are whole: they are still finished. `stopped` is called from
  // the loop when the last connection is gone.
  void stop(std::function<void()> stopped);
  [[nodiscard]] const Endpoint& local() const { return server_.local(); }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  [[nodiscard]] const TcpServer& tcp() const { return server_; }
  // Offered and not ended.
  [[nodiscard]] std::size_t transfers() const { return incoming_.size(); }

 private:
  using ClientId = TcpServer::ClientId;
  enum class State : std::uint8_t { asked, preparing, receiving, finishing };
  struct Incoming {
    Transfer transfer;
    std::optional<ClientId> client;  // none: it is gone, and only the last step is left, which needs nobody
    State state = State::asked;
    std::unique_ptr<FileReception> reception;
    std::optional<FileMeter> meter;
    std::uint64_t from = 0;  // as accepted
    std::uint64_t told = 0;  // bytes at the last progress
  };
  struct Client {
    explicit Client(const Endpoint& from) : peer(from) {}
    Endpoint peer;
    FrameDecoder decoder{file_frame_limits};
    std::shared_ptr<Incoming> incoming;                   // once offered
    SteadyTime since = std::chrono::steady_clock::now();  // of limit_of()
    bool streams = false;                                 // a byte of the file has come
    bool over = false;                                    // answered for the last time: what still comes is not read
  };

  TcpServer::Events tcp_events();
  bool on_readable(ClientId id);
  void on_data(ClientId id, ByteView bytes);
  void on_close(ClientId id, const CloseReason& reason);
  void on_messages(ClientId id, Client& client, ByteView bytes);
  void on_message(ClientId id, Client& client, const Message& message);
  void on_offer(ClientId id, Client& client, const FileOffer& offer);
  void on_withdrawal(Client& client, const FileWithdrawal& withdrawal);
  void on_done(Incoming& incoming, const std::optional<Sha256>& sha256);
  void hang_up(ClientId id, Client& client, const Bytes& last_word);
  bool take_over(ClientId id, Client& client, const FileOffer& offer);
  void prepare(const std::shared_ptr<Incoming>& incoming);
  void on_prepared(const std::shared_ptr<Incoming>& incoming, const FileReception::Prepared& prepared);
  void on_finished(const std::shared_ptr<Incoming>& incoming, const FileReception::Finished& finished);
  [[nodiscard]] std::shared_ptr<Incoming> find(const std::string& id) const;
  void answer(const Incoming& incoming, const Bytes& message);
  void dismiss(const std::shared_ptr<Incoming>& incoming, const Bytes& message, Outcome outcome);
  void malformed(ClientId id, Client& client, std::string_view reason);
  void end(std::shared_ptr<Incoming> incoming, Outcome outcome);
  [[nodiscard]] Duration limit_of(const Client& client) const;
  void sweep();
  void tell_progress();

  Selector& loop_;
  FileWorker& worker_;
  std::shared_ptr<const TargetFolder> folder_;
  Events events_;
  Options options_;
  Stats stats_;
  std::unordered_map<ClientId, Client> clients_;
  std::map<std::string, std::shared_ptr<Incoming>> incoming_;  // by id
  RecentFiles recent_;
  FilePipe pipe_;          // through which all files come
  bool stopping_ = false;  // as soon as the last transfer is finished
  std::function<void()> stopped_;
  Selector::TimerId sweep_;
  TcpServer server_;
};

}  // namespace wirelab
