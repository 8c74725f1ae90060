// A receiver and senders in one loop, over loopback, and clients that speak by hand.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "lab/services/file_receiver.hpp"
#include "lab/services/file_sender.hpp"
#include "tests/stack/stack_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace wirelab::testing {

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct FileFixture : StackTest {
  FileReceiver& receiver(FileReceiver::Options options = {}, const Endpoint& local = loopback) {
    FileReceiver::Events events{
        .on_offer = {},
        .on_begin = [this](const FileReceiver::Transfer&, std::uint64_t from) { begun.push_back(from); },
        .on_progress = {},
        .on_end = [this](const FileReceiver::Transfer&,
                         const FileReceiver::Outcome& outcome) { ended.push_back(outcome); }};
    if (asks) events.on_offer = [this](const FileReceiver::Transfer& transfer) { asked.push_back(transfer.offer.id); };
    receiver_ =
        std::make_unique<FileReceiver>(loop, open_here, local, worker,
                                       std::make_shared<const TargetFolder>(target.path()), std::move(events), options);
    return *receiver_;
  }

  void stop_receiver() { receiver_.reset(); }

  // To the receiver, or to `other`.
  std::unique_ptr<FileSender> sender(const std::string& path, FileSender::Options options = {.retry = quick},
                                     std::optional<Endpoint> other = std::nullopt) {
    return std::make_unique<FileSender>(
        loop, open_here, loopback, other ? *other : receiver_->local(), worker, SourceFile(path),
        FileSender::Events{.on_offer = {},
                           .on_begin =
                               [this](std::uint64_t from) {
                                 if (on_begin) on_begin(from);
                               },
                           .on_progress = {},
                           .on_retry = [this](std::string_view why, Duration) { retries.emplace_back(why); },
                           .on_end = [this](const FileSender::Outcome& outcome) { sent.push_back(outcome); }},
        options);
  }
  FileSender::Outcome send(const std::string& path, const FileSender::Options& options = {.retry = quick}) {
    const auto before = sent.size();
    const auto one = sender(path, options);
    EXPECT_TRUE(until([&] { return sent.size() > before; }));
    return sent.size() > before ? sent.back() : FileSender::Outcome{};
  }
  std::string source(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(sources / name).parent_path());
    write_file(sources / name, text);
    return sources / name;
  }
  bool all_ended(std::size_t count) {
    return until([&] { return ended.size() >= count && receiver_->tcp().clients() == 0; });
  }
  // A client that speaks by hand.
  Reader say(const std::string& bytes, std::size_t answers) {
    const auto peer = plain_client(receiver_->local());
    EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    Reader reader;
    until([&] {
      reader.read(peer.get());
      return reader.end || reader.text.size() >= answers;
    });
    return reader;
  }

  // Says it, and lets the receiver read it: what came is acknowledged, so the loop finds it.
  void say_all(const UniqueFd& peer, std::string_view bytes) {
    EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    int unread = 1;
    EXPECT_TRUE(until([&] { return ::ioctl(peer.get(), SIOCOUTQ, &unread) == 0 && unread == 0; }));
    while (loop.turn(0ns)) {
    }
  }
  std::string answer_of(const UniqueFd& peer) {
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(peer.get());
      return reader.end.has_value();
    }));
    return reader.text;
  }
  static Endpoint free_endpoint() {
    const auto socket = inet_socket(SOCK_STREAM);
    return bind_to_loopback(socket.get());
  }

  static constexpr Retry quick{.first = 1ms, .most = 5s, .limit = 30s};
  TempDir sources, target;
  FileWorker worker{loop};
  bool asks = false;
  std::vector<std::string> asked;
  std::vector<std::uint64_t> begun;
  std::vector<FileReceiver::Outcome> ended;
  std::vector<FileSender::Outcome> sent;
  std::vector<std::string> retries;
  std::function<void(std::uint64_t)> on_begin;

 private:
  std::unique_ptr<FileReceiver> receiver_;
};

}  // namespace wirelab::testing
