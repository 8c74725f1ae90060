// files: a file on its way, cut off in the middle, resumed and verified; and what the receiver does not take.
//
//     A ──── lan 10.0.1.0/24 ──── B
//     .1                          .2
//     sends a file                receives into a folder
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "capture/output_file.hpp"
#include "lab/services/file_receiver.hpp"
#include "lab/services/file_sender.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/bare_client.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/party.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 5s;  // far above what any step takes
constexpr std::size_t file_size = 200'000;
constexpr std::uint64_t cut_after = 60'000;  // bytes that B has then, at least
constexpr std::size_t little = 16384;        // bytes that B reads at once: the cut comes in the middle
constexpr const char* file_name = "letter.bin";
constexpr Port forged_port{40001};

Topology topology(const Settings& settings) { return one_lan(settings, {"A", "B"}); }

// What lies on this machine for as long as the lab is up: both folders, in one that is removed at the end, and B's
// receiver.
struct Device {
  Device() {
    for (const auto& path : {sources, target}) std::filesystem::create_directory(path);
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  const std::string folder = capture::create_temporary_folder();
  const std::string sources = folder + "/sources";
  const std::string target = folder + "/target";
  std::unique_ptr<FileWorker> worker;
  std::unique_ptr<FileReceiver> receiver;
};

Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(random()); });
  return bytes;
}

Bytes content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return copy_of(as_bytes(text));
}

class Files {
 public:
  explicit Files(Stage& stage)
      : stage_(stage),
        lab_(stage.lab),
        service_{stage.address_of("B"), files_port},
        device_(stage.stay(std::make_unique<Device>())),
        content_(random_bytes(lab_.random(), file_size)),
        digest_(to_hex(sha256_of(content_))),
        id_(to_hex(random_bytes(lab_.random(), 16))) {
    const auto text = as_text(content_);
    std::ofstream(source(), std::ios::binary) << text;
    FileReceiver::Options options;
    options.tcp.connection.read_size = little;
    device_.worker = std::make_unique<FileWorker>(lab_.loop());
    device_.receiver = std::make_unique<FileReceiver>(lab_.loop(), lab_.opener("B"), service_, *device_.worker,
                                                      std::make_shared<const TargetFolder>(device_.target),
                                                      FileReceiver::Events{}, options);
  }

  void tell() {
    begin_transfer();
    resume();
    verify();
    offer_again();
    offer_outside();
    suggest_filters();
  }

 private:
  using Packet = capture::Packet;

  // A's end of the connection that it opened last.
  [[nodiscard]] Party newest() const { return {stage_, "A", latest_socket(stage_, "A"), service_}; }

  std::unique_ptr<FileSender> sender(const std::string& id) {
    FileSender::Options options;
    options.id = id;
    FileSender::Events events;
    events.on_begin = [this](std::uint64_t from) { from_ = from; };
    events.on_end = [this](const FileSender::Outcome& outcome) { outcome_ = outcome; };
    return std::make_unique<FileSender>(lab_.loop(), lab_.opener("A"), Endpoint{stage_.address_of("A"), Port{}},
                                        service_, *device_.worker, SourceFile(source()), std::move(events), options);
  }
  bool ends(FileSender::Result result) {
    lab_.wait_until([this] { return outcome_.has_value(); }, patience);
    return outcome_ && outcome_->result == result;
  }
  [[nodiscard]] std::string otherwise() const {
    if (!outcome_) return "the sender has not come to an end";
    return fmt::format("{}: {}", FileSender::to_string(outcome_->result), outcome_->why);
  }

  void begin_transfer() {
    stage_.scene("A offers a file: its name, its size, how many blocks of 32 KiB that is, and an id of the transfer");
    sender_ = sender(id_);
    a_ = newest();
    const bool streams = lab_.wait_until([this] { return device_.receiver->stats().bytes >= cut_after; }, patience);
    Lab::require(streams, "B does not receive");
    // At once: each look at the trace would let some more of the stream in.
    lab_.step("B resets the connection in the middle of the stream, as if its program had been killed");
    device_.receiver->cut(id_);
    was_partial_ = std::filesystem::exists(part()) && !std::filesystem::exists(target());
    kept_ = was_partial_ ? std::filesystem::file_size(part()) : 0;
    const auto offer = fmt::format("type:offer;name:{};size:{};blocks:7;", file_name, file_size);
    stage_.check("A's offer names the file and says what it is, before a byte of it is sent", true,
                 {a_->said(offer), a_->said(fmt::format("id:{}", id_))});
    stage_.check("B accepts it from the beginning", true, {a_->heard("type:accept;from:0;prefix:none")});
    check_cut();
  }

  void check_cut() {
    const auto* reset = a_->heard(look_for::is_rst);
    stage_.check(
        fmt::format("B's reset ends the stream; {} bytes lie in a part file, and nothing under the file's name", kept_),
        was_partial_ && kept_ >= cut_after && kept_ < file_size, {reset}, "something else lies in the folder");
  }

  void resume() {
    stage_.scene(
        "A comes back by itself after a pause and offers the same again; B says how much it has, and the digest of it");
    const auto before = a_->own();
    lab_.wait_until([&] { return latest_socket(stage_, "A") != before; }, patience);
    a_ = newest();
    const auto prefix = to_hex(sha256_of(ByteView(content_).first(kept_)));
    const auto accept = fmt::format("type:accept;from:{};prefix:{}", kept_, prefix);
    const bool verified = ends(FileSender::Result::verified);
    stage_.check("the second offer has the same id, from another port", a_->own().port != before.port,
                 {a_->said(fmt::format("id:{}", id_))}, "A did not come back");
    stage_.check("B's answer names the offset, and the digest that these bytes of A's file really have",
                 verified && from_ == kept_, {a_->heard(accept)}, otherwise());
  }

  // Sequence numbers count what a connection carried: from SYN to FIN there is nothing but the messages and the rest.
  void verify() {
    const auto* syn = a_->said(look_for::is_syn);
    const auto* fin = a_->said(look_for::is_fin);
    const auto* done = a_->said(fmt::format("type:done;sha256:{}", digest_));
    // The offer is a segment of its own; whether the digest stands in it depends on how far A had hashed.
    const auto* offer = a_->said(fmt::format("id:{}", id_));
    const std::size_t offer_size = offer == nullptr ? 0 : capture::decode(*offer).tcp()->length;
    const auto messages = offer_size + encode_done(Sha256{}).size();
    const auto expected = messages + file_size - kept_;
    const auto carried = carried_between(syn, fin);
    stage_.check(
        fmt::format("the second connection carries the other {} bytes, an offer and a done: A sends none twice",
                    file_size - kept_),
        carried == expected, {syn, offer, fin}, fmt::format("{} bytes instead of {}", carried, expected));
    stage_.check("A says the digest of the whole file, and B that its own is the same",
                 outcome_ && outcome_->sha256 && to_hex(*outcome_->sha256) == digest_,
                 {done, a_->heard("type:verified")}, otherwise());
    const bool same = content_of(target()) == content_ && !std::filesystem::exists(part());
    stage_.check("the file has its name now, byte for byte as it was, and the part file is gone", same,
                 {a_->heard("type:verified")}, "it differs");
  }

  static std::size_t carried_between(const Packet* syn, const Packet* fin) {
    if (syn == nullptr || fin == nullptr) return 0;
    const auto first = capture::decode(*syn);
    const auto last = capture::decode(*fin);
    return last.tcp()->sequence + last.tcp()->length - first.tcp()->sequence - 1;
  }

  void offer_again() {
    stage_.scene("A offers the file once more, as another transfer: nothing is written over in silence");
    outcome_.reset();
    sender_ = sender(to_hex(random_bytes(lab_.random(), 16)));
    a_ = newest();
    const bool refused = ends(FileSender::Result::refused);
    stage_.check("B refuses it, and says why", refused,
                 {a_->heard("type:refuse;why:a file of this name exists already")}, otherwise());
  }

  // A sender would never say it: exact bytes, by an ordinary socket.
  void offer_outside() {
    stage_.scene("Somebody at A offers a file whose name leads out of the folder");
    const FileOffer offer{.name = "../letter.bin", .size = 4, .mtime = 0, .digest = {}, .id = id_};
    BareClient client(lab_, lab_.opener("A"), {stage_.address_of("A"), forged_port}, service_);
    a_ = newest();
    client.say(as_text(encode_offer(offer)));
    lab_.wait_until([&] { return !client.heard().empty(); }, patience);
    const bool outside = std::filesystem::exists(device_.folder + "/letter.bin");
    stage_.check("B takes a base name only", !outside,
                 {a_->said("name:../letter.bin"), a_->heard("type:refuse;why:the name has a '/'")}, "it was taken");
    client.close();
    lab_.wait_until([&] { return client.closed(); }, patience);
  }

  void suggest_filters() {
    stage_.suggest_filter(fmt::format("tcp.port == {} && tcp.len > 0", files_port), "the messages and the stream");
    stage_.suggest_filter("frame contains \"type:accept\"", "from where on B wants the file");
    stage_.suggest_filter("tcp.flags.reset == 1", "the cut");
    stage_.suggest_filter("tcp.stream == 1", "the second attempt");
  }

  [[nodiscard]] std::string source() const { return fmt::format("{}/{}", device_.sources, file_name); }
  [[nodiscard]] std::string target() const { return fmt::format("{}/{}", device_.target, file_name); }
  [[nodiscard]] std::string part() const { return fmt::format("{}/.{}.part", device_.target, file_name); }

  Stage& stage_;
  Lab& lab_;
  Endpoint service_;
  Device& device_;
  Bytes content_;
  std::string digest_;
  std::string id_;
  std::unique_ptr<FileSender> sender_;
  std::optional<FileSender::Outcome> outcome_;
  std::optional<Party> a_;  // of the connection at hand
  std::uint64_t from_ = 0;  // as B last accepted
  bool was_partial_ = false;
  std::uint64_t kept_ = 0;  // bytes in the part file after the cut
};

void play(Stage& stage) { Files(stage).tell(); }

}  // namespace

Scenario files_scenario() {
  return {.name = "files",
          .teaches = "a file transfer that is cut off, resumed where it was and verified",
          .explanation = explained(
              "two",
              "A sends a file of 200,000 bytes to B through the reference stack. B resets the connection in\n"
              "the middle; A comes back, and the rest is sent. Then A offers what B does not take. The files\n"
              "lie in two new folders below TMPDIR, which are removed at the end."),
          .choices = {over_ipv6},
          .over_bad_links = true,
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
