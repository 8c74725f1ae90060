#include "lab/services/file_sender.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <sys/random.h>

#include "lab/base/error.hpp"
#include "lab/services/keep_alive.hpp"

namespace wirelab {
namespace {

// A turn hands so much to the kernel before the others have theirs.
constexpr std::size_t piece_size = std::size_t{1} << 20;
constexpr int pieces_a_turn = 4;

SteadyTime now() { return std::chrono::steady_clock::now(); }

std::string random_id() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) throw_errno("draw an id");
  return to_hex(bytes);
}

// An event may destroy the sender, and with it what is called.
template <class Event, class... Arguments>
void tell(Event event, Arguments&&... arguments) {
  if (event) event(std::forward<Arguments>(arguments)...);
}

FileOffer offer_of(const SourceFile& source, const FileSender::Options& options) {
  return {.name = source.name(),
          .size = source.size(),
          .mtime = source.mtime(),
          .digest = {.wanted = options.digest, .known = std::nullopt},
          .id = options.id.empty() ? random_id() : options.id};
}

}  // namespace

std::string_view FileSender::to_string(Result result) {
  constexpr std::string_view names[] = {"verified", "refused", "corrupt", "failed", "changed", "no answer", "stranger"};
  return names[static_cast<std::size_t>(result)];
}

FileSender::FileSender(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& receiver,
                       FileWorker& worker, SourceFile source, Events events, Options options)
    : loop_(loop),
      opener_(with_keep_alive(std::move(opener))),
      local_(local),
      receiver_(receiver),
      worker_(worker),
      source_(std::move(source)),
      events_(std::move(events)),
      options_(std::move(options)),
      offer_(offer_of(source_, options_)),
      since_(now()),
      patience_(options_.retry, now()) {
  connect();
  watch_ = loop_.every(options_.progress_interval, [this] { watch(); });
}

FileSender::~FileSender() {
  loop_.cancel(retry_);
  loop_.cancel(watch_);
}

void FileSender::connect() {
  enter(State::connecting);
  ++attempts_;
  decoder_ = FrameDecoder(file_frame_limits);
  TcpClient::Options tcp{.connection = options_.connection, .retry = {}};
  tcp.connection.connect_limit = patience_.attempt_limit(tcp.connection.connect_limit, now());
  client_ = std::make_unique<TcpClient>(loop_, opener_, local_, receiver_, tcp_events(), tcp);
}

// This machine may be short of something for a moment only.
void FileSender::connect_again() {
  try {
    connect();
  } catch (const std::system_error& error) {
    lost(error.what());
  }
}

TcpClient::Events FileSender::tcp_events() {
  return {.on_connect = [this] { on_connect(); },
          .on_data = [this](ByteView bytes) { on_data(bytes); },
          .on_end = [this] { cut_off("the receiver has ended the connection"); },
          .on_drained = [this] { stream(); },
          .on_close = [this](const CloseReason& reason) { cut_off(reason.to_string()); },
          .on_retry = {}};
}

void FileSender::on_connect() {
  enter(State::offering);
  client_->send(encode_offer(offer_));
  tell(events_.on_offer);
}

// Who withdraws hears nothing more.
void FileSender::on_data(ByteView bytes) {
  if (state_ == State::withdrawing) return;
  const std::weak_ptr<int> alive = alive_;
  decoder_.feed(bytes);
  for (;;) {
    const auto next = decoder_.next();
    if (const auto* error = std::get_if<FrameError>(&next)) return on_nonsense(error->to_string());
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) break;
    const auto message = read_message(*frame);
    if (const auto* fault = std::get_if<MessageFault>(&message))
      return on_nonsense(fmt::format("the receiver answers with no message: {}", wirelab::to_string(*fault)));
    on_message(std::get<Message>(message));
    if (alive.expired() || !client_ || state_ == State::withdrawing) return;
  }
  decoder_.keep();
}

void FileSender::on_message(const Message& message) {
  // The verdict may also come at once: the receiver had everything, and its last word was lost.
  if (message.type == "verified" && (state_ == State::offering || state_ == State::verifying)) return verified(message);
  if (message.type == "corrupt") return end({.result = Result::corrupt, .why = "what arrived has another digest"});
  if (message.type == "refuse" && is_passing(message)) return cut_off(read_why(message), Result::refused);
  if (message.type == "refuse" && state_ == State::offering)
    return end({.result = Result::refused, .why = read_why(message)});
  if (message.type == "failed" && is_passing(message)) return cut_off(read_why(message), Result::failed);
  if (message.type == "failed") return end({.result = Result::failed, .why = read_why(message)});
  if (message.type == "accept" && state_ == State::offering) return on_answer(message);
  on_nonsense(fmt::format("the receiver speaks out of turn: {}", message.type));
}

// Who does not even answer the offer as a receiver would is none.
void FileSender::on_nonsense(std::string why) {
  end({.result = state_ == State::offering ? Result::stranger : Result::failed, .why = std::move(why)});
}

void FileSender::on_answer(const Message& message) {
  const auto accept = read_accept(message, offer_.size);
  if (const auto* fault = std::get_if<FileFault>(&accept))
    return end({.result = Result::failed, .why = std::string(fault->reason)});
  check(std::get<FileAccept>(accept));
}

// Only what is the beginning of this file may be kept.
void FileSender::check(const FileAccept& accept) {
  if (!offer_.resume && accept.from > 0)
    return end({.result = Result::failed, .why = "the receiver goes on although it may not"});
  patience_.forgive(now() - since_);  // that a person was asked is nobody's failure
  enter(State::checking);
  const bool hashes = offer_.digest.wanted && !offer_.digest.known;
  if (hashes || accept.from > 0) digest_.emplace(worker_, source_.file());
  if (accept.from > 0) ask_about(accept);
  if (digest_) digest_->advance(hashes ? offer_.size : accept.from);
  if (accept.from == 0) begin(0);
}

void FileSender::ask_about(const FileAccept& accept) {
  digest_->ask(accept.from, [this, accept](const std::optional<Sha256>& digest) {
    if (!digest) return withdraw("the file cannot be read");
    if (digest == accept.prefix) return begin(accept.from);
    offer_.resume = false;
    connect_after(Duration::zero(), "what the receiver kept is no beginning of this file");
  });
}

void FileSender::begin(std::uint64_t from) {
  patience_.forgive(now() - since_);
  enter(State::streaming);
  sent_until(from);
  told_ = from;
  meter_.emplace(offer_.size, from, now());
  const std::weak_ptr<int> alive = alive_;
  tell(events_.on_begin, from);
  if (!alive.expired()) stream();
}

void FileSender::stream() {
  if (state_ != State::streaming) return;
  for (int piece = 0; piece < pieces_a_turn && sent_ < offer_.size; ++piece) {
    const auto most = std::min<std::uint64_t>(piece_size, offer_.size - sent_);
    const auto [bytes, ended, error] = client_->send_file(source_.file()->get(), sent_, most);
    if (error) return withdraw(fmt::format("the file cannot be read: {}", error.message()));
    if (ended) return withdraw("the file has ended early");
    if (bytes == 0) return;  // on_drained comes
    sent_until(sent_ + bytes);
  }
  if (sent_ == offer_.size) return on_sent();
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) stream();
  });
}

void FileSender::on_sent() {
  enter(State::hashing);
  if (!offer_.digest.wanted || offer_.digest.known) return say_done();
  digest_->ask(offer_.size, [this](const std::optional<Sha256>& digest) {
    if (!digest) return withdraw("the file cannot be read");
    offer_.digest.known = digest;
    say_done();
  });
}

void FileSender::say_done() {
  if (source_.change()) return withdraw("the file has changed");
  enter(State::verifying);
  client_->send(encode_done(offer_.digest.known));
}

void FileSender::verified(const Message& message) {
  end({.result = Result::verified,
       .name = std::string(message.value("name").value_or("")),
       .sha256 = offer_.digest.known});
}

// That somebody or a disk was waited for until then is nobody's failure; that they never answer is one.
void FileSender::cut_off(const std::string& why, Result otherwise) {
  if (state_ == State::offering || state_ == State::verifying) patience_.forgive(now() - since_);
  lost(why, otherwise);
}

void FileSender::lost(const std::string& why, Result otherwise) {
  if (state_ == State::withdrawing) return;
  const auto pause = patience_.next_pause(now());
  pause ? connect_after(*pause, why) : end({.result = otherwise, .why = why});
}

void FileSender::connect_after(Duration pause, const std::string& why) {
  enter(State::pausing);
  digest_.reset();
  client_.reset();
  retry_ = loop_.after(pause, [this] { connect_again(); });
  tell(events_.on_retry, why, pause);
}

// In the stream nothing can be said any more, so that is said beside it; the receiver then ends the transfer.
void FileSender::withdraw(const std::string& why) {
  enter(State::withdrawing);
  digest_.reset();
  const auto reason = source_.change().value_or(why);
  TcpClient::Events events{
      .on_connect =
          [this, reason] {
            complaint_->send(encode_withdrawal({offer_.id, reason}));
            complaint_->close();
          },
      .on_data = {},
      .on_end = {},
      .on_drained = {},
      .on_close = [this, reason](const CloseReason&) { end({.result = Result::changed, .why = reason}); },
      .on_retry = {}};
  try {
    complaint_ =
        std::make_unique<TcpClient>(loop_, opener_, Endpoint{local_.address, Port{}}, receiver_, std::move(events),
                                    TcpClient::Options{.connection = options_.connection, .retry = {}});
  } catch (const std::system_error&) {
    end({.result = Result::changed, .why = reason});  // the receiver sees the end of the connection only
  }
}

Duration FileSender::limit() const {
  if (state_ == State::streaming) return options_.silence_limit;
  return state_ == State::offering || state_ == State::verifying ? options_.answer_limit : Duration::max();
}

void FileSender::watch() {
  if (limit() != Duration::max() && now() - since_ > limit()) return lost("the receiver is silent");
  if (state_ != State::streaming || sent_ == told_) return;
  told_ = sent_;
  const auto progress = meter_->at(now(), sent_);
  tell(events_.on_progress, progress);
}

void FileSender::sent_until(std::uint64_t offset) {
  sent_ = offset;
  since_ = now();
  if (sent_ <= furthest_) return;
  furthest_ = sent_;
  patience_.renew(since_);
}

void FileSender::enter(State state) {
  state_ = state;
  since_ = now();
}

void FileSender::end(Outcome outcome) {
  loop_.cancel(retry_);
  loop_.cancel(watch_);
  digest_.reset();
  complaint_.reset();
  client_.reset();
  tell(events_.on_end, outcome);
}

}  // namespace wirelab
