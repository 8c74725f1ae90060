#include "lab/services/file_receiver.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lab/services/file_name.hpp"
#include "lab/services/keep_alive.hpp"

namespace wirelab {
namespace {

// In bytes a second: a slow disk, of which others want something, too.
constexpr std::uint64_t slowest_hash = 10'000'000;

SteadyTime now() { return std::chrono::steady_clock::now(); }

// One attempt is like another of the same transfer if all of this is the same: whoever was allowed to send one file may
// not send another in its place.
std::string key_of(const FileReceiver::Transfer& transfer) {
  const auto& [peer, offer] = transfer;
  return fmt::format("{} {} {} {}", offer.id, peer.address, offer.size, offer.name);
}

}  // namespace

std::string_view FileReceiver::to_string(Result result) {
  constexpr std::string_view names[] = {"received", "refused", "corrupt", "failed", "withdrawn", "cut"};
  return names[static_cast<std::size_t>(result)];
}

FileReceiver::FileReceiver(Selector& loop, const Opener& opener, const Endpoint& local, FileWorker& worker,
                           std::shared_ptr<const TargetFolder> folder, Events events, Options options)
    : loop_(loop),
      worker_(worker),
      folder_(std::move(folder)),
      events_(std::move(events)),
      options_(options),
      server_(loop, with_keep_alive(opener), local, tcp_events(), options.tcp) {}

FileReceiver::~FileReceiver() { loop_.cancel(sweep_); }

TcpServer::Events FileReceiver::tcp_events() {
  return {.on_open =
              [this](ClientId id, const Endpoint& peer) {
                if (clients_.empty()) sweep_ = loop_.every(options_.progress_interval, [this] { sweep(); });
                clients_.try_emplace(id, peer);
              },
          .on_readable = [this](ClientId id) { return on_readable(id); },
          .on_data = [this](ClientId id, ByteView bytes) { on_data(id, bytes); },
          .on_end =
              [this](ClientId id) {
                // Who has sent everything may say so, and still wants to hear the verdict.
                const auto& incoming = clients_.at(id).incoming;
                if (!incoming || incoming->state != State::finishing) server_.close(id);
              },
          .on_drained = {},
          .on_close = [this](ClientId id, const CloseReason& reason) { on_close(id, reason); }};
}

// The file goes from the socket to the disk; only messages come here.
bool FileReceiver::on_readable(ClientId id) {
  auto& client = clients_.at(id);
  const auto incoming = client.incoming;
  if (client.over || !incoming || incoming->state != State::receiving) return false;
  auto& reception = *incoming->reception;
  if (reception.missing() == 0) return false;
  const auto most = std::min<std::uint64_t>(reception.missing(), options_.tcp.connection.read_size);
  const auto [bytes, ended, error] = server_.receive_file(id, pipe_, reception.file(), reception.received(), most);
  reception.took(bytes);
  stats_.bytes += bytes;
  if (bytes > 0) client.since = now();
  client.streams = client.streams || bytes > 0;
  if (error)
    dismiss(incoming, encode_why("failed", error.message()), {.result = Result::failed, .why = error.message()});
  return !ended;
}

void FileReceiver::on_data(ClientId id, ByteView bytes) {
  auto& client = clients_.at(id);
  if (client.over) return;
  const auto& incoming = client.incoming;
  if (incoming && incoming->state == State::finishing) return;
  if (incoming && (incoming->state != State::receiving || incoming->reception->missing() > 0))
    return malformed(id, client, "the sender spoke before the answer");
  on_messages(id, client, bytes);
}

void FileReceiver::on_messages(ClientId id, Client& client, ByteView bytes) {
  client.decoder.feed(bytes);
  for (;;) {
    const auto next = client.decoder.next();
    if (const auto* error = std::get_if<FrameError>(&next)) return malformed(id, client, error->to_string());
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) break;
    const auto message = read_message(*frame);
    if (const auto* fault = std::get_if<MessageFault>(&message))
      return malformed(id, client, wirelab::to_string(*fault));
    on_message(id, client, std::get<Message>(message));
    // What follows the last word is not heard.
    if (client.over || (client.incoming && client.incoming->state == State::finishing)) return;
  }
  client.decoder.keep();
  // Only `done` may come in pieces.
  const auto& incoming = client.incoming;
  const bool due = !incoming || (incoming->state == State::receiving && incoming->reception->missing() == 0);
  if (!due && client.decoder.eof()) malformed(id, client, "the sender spoke before the answer");
}

void FileReceiver::on_message(ClientId id, Client& client, const Message& message) {
  const auto incoming = client.incoming;
  if (!incoming && message.type == "withdraw") {
    const auto withdrawal = read_withdrawal(message);
    if (const auto* fault = std::get_if<FileFault>(&withdrawal)) return malformed(id, client, fault->reason);
    on_withdrawal(client, std::get<FileWithdrawal>(withdrawal));
    client.over = true;
    return server_.close(id);
  }
  if (!incoming) {
    const auto offer = read_offer(message);
    if (const auto* fault = std::get_if<FileFault>(&offer)) return malformed(id, client, fault->reason);
    return on_offer(id, client, std::get<FileOffer>(offer));
  }
  if (incoming->state != State::receiving || incoming->reception->missing() > 0)
    return malformed(id, client, "the sender spoke before the answer");
  const auto sha256 = read_done(message);
  if (const auto* fault = std::get_if<FileFault>(&sha256)) return malformed(id, client, fault->reason);
  on_done(*incoming, std::get<std::optional<Sha256>>(sha256));
}

void FileReceiver::on_offer(ClientId id, Client& client, const FileOffer& offer) {
  ++stats_.offers;
  const auto* fate = recent_.find(key_of({client.peer, offer}));
  if (fate != nullptr && fate->received && (!offer.digest.known || offer.digest.known == fate->sha256))
    return hang_up(id, client, encode_verified(fate->name));  // the sender has not heard the last word
  if (take_over(id, client, offer)) return;
  if (incoming_.contains(offer.id)) return hang_up(id, client, encode_why("refuse", "this id is in use", true));
  if (stopping_) return hang_up(id, client, encode_why("refuse", "the receiver stops", true));
  const auto incoming = std::make_shared<Incoming>();
  incoming->transfer = {client.peer, offer};
  incoming->client = id;
  client.incoming = incoming;
  if (const auto fault = file_name_fault(offer.name))
    return dismiss(incoming, encode_why("refuse", *fault), {.result = Result::refused, .why = std::string(*fault)});
  incoming_[offer.id] = incoming;
  client.since = now();
  // Consent is for one file: once that has come, it is used up.
  const bool known = fate != nullptr && !fate->received;
  if (!events_.on_offer || known) return prepare(incoming);
  events_.on_offer(incoming->transfer);
}

void FileReceiver::hang_up(ClientId id, Client& client, const Bytes& last_word) {
  server_.send(id, last_word);
  client.over = true;
  server_.close(id);
}

// True if this is the sender of a transfer that needs it no more but for the verdict. If it is needed, its old
// connection is dead, and it begins again.
bool FileReceiver::take_over(ClientId id, Client& client, const FileOffer& offer) {
  const auto before = find(offer.id);
  if (!before || key_of(before->transfer) != key_of({client.peer, offer})) return false;
  const auto old = before->client;
  if (old) {
    clients_.at(*old).incoming.reset();
    clients_.at(*old).over = true;
    before->client.reset();
    server_.abort(*old);
  }
  if (before->state != State::finishing) {
    end(before, {.result = Result::cut, .why = "the sender has begun anew"});
    return false;
  }
  before->client = id;
  client.incoming = before;
  return true;
}

void FileReceiver::on_withdrawal(Client& client, const FileWithdrawal& withdrawal) {
  const auto incoming = find(withdrawal.id);
  if (!incoming || incoming->transfer.peer.address != client.peer.address || incoming->state == State::finishing)
    return;
  dismiss(incoming, encode_why("failed", withdrawal.why), {.result = Result::withdrawn, .why = withdrawal.why});
}

void FileReceiver::accept(const std::string& id) {
  const auto incoming = find(id);
  if (!incoming || incoming->state != State::asked) return;
  recent_.set(key_of(incoming->transfer), {});
  prepare(incoming);
}

void FileReceiver::refuse(const std::string& id, std::string_view why) {
  const auto incoming = find(id);
  if (!incoming || incoming->state != State::asked) return;
  dismiss(incoming, encode_why("refuse", why), {.result = Result::refused, .why = std::string(why)});
}

void FileReceiver::cut(const std::string& id) {
  const auto incoming = find(id);
  if (!incoming || !incoming->client || incoming->state == State::finishing) return;
  clients_.at(*incoming->client).over = true;
  server_.abort(*incoming->client);
  end(incoming, {.result = Result::cut, .why = "cut off here"});
}

void FileReceiver::prepare(const std::shared_ptr<Incoming>& incoming) {
  incoming->state = State::preparing;
  incoming->reception = std::make_unique<FileReception>(worker_, folder_, incoming->transfer.offer, options_.clash);
  // What is prepared goes with the incoming: no answer comes when that is gone.
  incoming->reception->prepare([this, weak = std::weak_ptr(incoming)](const FileReception::Prepared& prepared) {
    if (const auto still = weak.lock()) on_prepared(still, prepared);
  });
}

void FileReceiver::on_prepared(const std::shared_ptr<Incoming>& incoming, const FileReception::Prepared& prepared) {
  const auto& offer = incoming->transfer.offer;
  if (const auto* refusal = std::get_if<FolderRefusal>(&prepared))
    return dismiss(incoming, encode_why("refuse", refusal->why, refusal->passing),
                   {.result = Result::refused, .why = refusal->why});
  if (std::holds_alternative<FileReception::AlreadyThere>(prepared))
    return dismiss(incoming, encode_verified(offer.name),
                   {.result = Result::received, .name = offer.name, .sha256 = offer.digest.known});
  const auto& accept = std::get<FileAccept>(prepared);
  incoming->state = State::receiving;
  incoming->from = incoming->told = accept.from;
  incoming->meter.emplace(offer.size, accept.from, now());
  clients_.at(*incoming->client).since = now();
  if (accept.from > 0) ++stats_.resumed;
  answer(*incoming, encode_accept(accept));
  if (events_.on_begin) events_.on_begin(incoming->transfer, accept.from);
}

void FileReceiver::on_done(Incoming& incoming, const std::optional<Sha256>& sha256) {
  incoming.state = State::finishing;
  const auto id = incoming.transfer.offer.id;
  incoming.reception->finish(sha256, [this, id](const FileReception::Finished& finished) {
    if (const auto still = find(id)) on_finished(still, finished);
  });
}

void FileReceiver::on_finished(const std::shared_ptr<Incoming>& incoming, const FileReception::Finished& finished) {
  if (const auto* refusal = std::get_if<FolderRefusal>(&finished))
    return dismiss(incoming, encode_why("failed", refusal->why), {.result = Result::failed, .why = refusal->why});
  if (std::holds_alternative<FileReception::Corrupt>(finished))
    return dismiss(incoming, encode_message("corrupt"),
                   {.result = Result::corrupt, .why = "its digest is not the sender's"});
  const auto& [name, sha256] = std::get<FileReception::Received>(finished);
  ++stats_.received;
  recent_.set(key_of(incoming->transfer), {.received = true, .sha256 = sha256, .name = name});
  dismiss(incoming, encode_verified(name), {.result = Result::received, .name = name, .sha256 = sha256});
}

std::shared_ptr<FileReceiver::Incoming> FileReceiver::find(const std::string& id) const {
  const auto found = incoming_.find(id);
  return found == incoming_.end() ? nullptr : found->second;
}

void FileReceiver::answer(const Incoming& incoming, const Bytes& message) {
  if (incoming.client) server_.send(*incoming.client, message);
}

void FileReceiver::dismiss(const std::shared_ptr<Incoming>& incoming, const Bytes& message, Outcome outcome) {
  answer(*incoming, message);
  if (incoming->client) {
    clients_.at(*incoming->client).over = true;
    server_.close(*incoming->client);
  }
  end(incoming, std::move(outcome));
}

void FileReceiver::malformed(ClientId id, Client& client, std::string_view reason) {
  ++stats_.malformed;
  if (const auto incoming = client.incoming) {
    const bool begun = incoming->state == State::receiving;
    return dismiss(incoming, encode_why(begun ? "failed" : "refuse", reason),
                   {.result = begun ? Result::failed : Result::refused, .why = std::string(reason)});
  }
  hang_up(id, client, encode_why("refuse", reason));
}

void FileReceiver::end(std::shared_ptr<Incoming> incoming, Outcome outcome) {
  const auto& offer = incoming->transfer.offer;
  if (find(offer.id) == incoming) incoming_.erase(offer.id);
  if (incoming->client) clients_.at(*incoming->client).incoming.reset();
  outcome.bytes = incoming->reception ? incoming->reception->received() : 0;
  if (outcome.result == Result::received) outcome.bytes = offer.size;
  incoming->reception.reset();
  if (events_.on_end) events_.on_end(incoming->transfer, outcome);
  if (stopping_ && incoming_.empty()) server_.stop(std::exchange(stopped_, nullptr));
}

void FileReceiver::on_close(ClientId id, const CloseReason& reason) {
  const auto incoming = clients_.at(id).incoming;
  clients_.erase(id);
  if (clients_.empty()) loop_.cancel(sweep_);
  if (!incoming) return;
  incoming->client.reset();
  if (incoming->state == State::finishing) return;
  const auto received = incoming->reception ? incoming->reception->received() : 0;
  end(incoming, {.result = Result::cut,
                 .why = fmt::format("the connection ended after {} of {} bytes: {}", received,
                                    incoming->transfer.offer.size, reason.to_string())});
}

Duration FileReceiver::limit_of(const Client& client) const {
  if (client.over) return Duration::max();  // closing has a limit of its own
  if (!client.incoming) return options_.offer_limit;
  const auto& incoming = *client.incoming;
  if (incoming.state == State::asked) return options_.answer_limit;
  if (incoming.state != State::receiving) return Duration::max();
  // Before the first byte the sender hashes what is here already, and after the last one the whole.
  const auto& offer = incoming.transfer.offer;
  const bool whole = incoming.reception->missing() == 0;
  const auto to_hash = (client.streams ? 0 : incoming.from) + (whole && offer.digest.wanted ? offer.size : 0);
  return options_.silence_limit + std::chrono::seconds(to_hash / slowest_hash);
}

void FileReceiver::sweep() {
  std::vector<ClientId> late;
  for (const auto& [id, client] : clients_) {
    if (now() - client.since > limit_of(client)) late.push_back(id);
  }
  for (const auto id : late) {
    const auto incoming = clients_.at(id).incoming;
    if (incoming && incoming->state == State::asked)
      refuse(incoming->transfer.offer.id, "nobody has answered");
    else
      server_.abort(id, CloseCause::too_slow);
  }
  tell_progress();
}

void FileReceiver::tell_progress() {
  const auto all = incoming_;
  for (const auto& [id, incoming] : all) {
    const auto received = incoming->reception ? incoming->reception->received() : 0;
    if (incoming->state != State::receiving || !incoming->reception || received == incoming->told) continue;
    incoming->told = received;
    const auto progress = incoming->meter->at(now(), received);
    if (events_.on_progress) events_.on_progress(incoming->transfer, progress);
  }
}

void FileReceiver::stop(std::function<void()> stopped) {
  const auto all = incoming_;
  for (const auto& [id, incoming] : all) {
    if (incoming->state == State::finishing) continue;
    const Outcome outcome{.result = Result::cut, .why = "the receiver stops"};
    dismiss(incoming, encode_why("failed", outcome.why, true), outcome);
  }
  if (incoming_.empty()) return server_.stop(std::move(stopped));
  stopped_ = std::move(stopped);
  stopping_ = true;
}

}  // namespace wirelab
