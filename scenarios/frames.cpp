// frames: what framed messages look like on the wire, whole, torn and wrong, and what the server says to them.
//
//     A ──── lan 10.0.1.0/24 ──── S
//     .1                          .2
//     says exact bytes            echo service, over TCP and UDP
//     by ordinary sockets
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "lab/services/echo.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/bare_client.hpp"
#include "scenarios/lans.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 1s;            // far above what any answer in a lab takes
constexpr Port first_port{40001};            // each connection has a port of its own
constexpr std::size_t usual_payload = 1400;  // bytes; a segment of any IP version carries as much

// The format's example: header length 17, little endian, then the header, then seven bytes of content.
constexpr std::string_view reference("\x11\0CL:7;type:messagecwsdwed", 26);

struct Wrong {
  std::string_view what;
  std::string bytes;
  bool ends = false;  // A says no more after them
  FrameFault fault{};
  std::uint64_t offset = 0;  // of the byte at which S finds it
};

std::string frame_of(std::string_view header, std::string_view content = "") {
  std::string bytes{static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return bytes.append(header).append(content);
}

std::vector<Wrong> wrong_ones() {
  using enum FrameFault;
  return {{.what = "no CL", .bytes = frame_of("type:message"), .fault = no_length, .offset = 14},
          {.what = "CL twice", .bytes = frame_of("CL:7;CL:7", "cwsdwed"), .fault = two_lengths, .offset = 7},
          {.what = "a negative length", .bytes = frame_of("CL:-7"), .fault = bad_length, .offset = 5},
          {.what = "a length of 2 GB", .bytes = frame_of("CL:2000000000"), .fault = content_too_long, .offset = 5},
          {.what = "a header of 65535 bytes", .bytes = "\xFF\xFF", .fault = header_too_long, .offset = 0},
          {.what = "a byte that is no UTF-8", .bytes = frame_of("CL:0;name:\xE4"), .fault = not_utf8, .offset = 12},
          {.what = "no colon", .bytes = frame_of("CL:0;hello"), .fault = no_colon, .offset = 7},
          {.what = "an end in the middle",
           .bytes = std::string(reference.substr(0, 20)),
           .ends = true,
           .fault = truncated,
           .offset = 20}};
}

Topology topology(const Settings& settings) { return one_lan(settings, {"A", "S"}); }

// A segment or datagram with exactly these bytes.
capture::Trace::Fits carrying(const Endpoint& source, const Endpoint& destination, std::string_view bytes) {
  return [=, bytes = std::string(bytes)](const capture::Packet&, const capture::Decoded& packet) {
    if (packet.source() != source || packet.destination() != destination) return false;
    if (const auto* udp = packet.udp()) return as_text(udp->payload) == bytes;
    return packet.tcp() != nullptr && as_text(packet.tcp()->payload) == bytes;
  };
}

class Frames {
 public:
  explicit Frames(Stage& stage)
      : stage_(stage), lab_(stage.lab), a_(stage.address_of("A")), service_{stage.address_of("S"), echo_port} {
    EchoServer::Events events{
        .on_open = {},
        .on_bad_frame = [faults = faults_](EchoServer::ClientId, const FrameError& error) { *faults = error; }};
    server_ = &stage_.stay(std::make_unique<EchoServer>(lab_.loop(), lab_.opener("S"), service_, std::move(events),
                                                        FrameServer::Options{}));
  }

  void tell() {
    say_reference();
    tear();
    gather();
    send_datagrams();
    for (const auto& wrong : wrong_ones()) say_wrong(wrong);
    stage_.table(std::move(table_));
    survive();
    suggest_filters();
  }

 private:
  using Packet = capture::Packet;

  const Packet* at_a(const capture::Trace::Fits& fits) { return stage_.seen("A:eth0", fits); }
  const Packet* from_a(const BareClient& client, std::string_view bytes) {
    return at_a(carrying(client.local(), service_, bytes));
  }
  const Packet* from_s(const BareClient& client, std::string_view bytes) {
    return at_a(carrying(service_, client.local(), bytes));
  }
  // A new connection, from a port that no other has used.
  std::unique_ptr<BareClient> connect() {
    const Port port{static_cast<std::uint16_t>(number(first_port) + connections_++)};
    return std::make_unique<BareClient>(lab_, lab_.opener("A"), Endpoint{a_, port}, service_);
  }
  bool hears(const BareClient& client, std::string_view bytes) {
    return lab_.wait_until([&] { return client.heard() == bytes; }, patience);
  }

  void say_reference() {
    stage_.scene("A connects to S and says the reference frame, 26 bytes: 11 00 | CL:7;type:message | cwsdwed");
    const auto client = connect();
    client->say(reference);
    const bool heard = hears(*client, reference);
    stage_.check("it is one segment with exactly these bytes, and S sends the same back", heard,
                 {from_a(*client, reference), from_s(*client, reference)}, "something else came back");
    close(*client);
  }

  void close(BareClient& client) {
    client.close();
    lab_.wait_until([&] { return client.closed(); }, patience);
  }

  // A stream has no borders: where a segment ends says nothing about where a message does.
  void tear() {
    const auto client = connect();
    for (const auto at : {std::size_t{1}, std::size_t{10}, reference.size() - 1}) {
      stage_.scene("A says the frame in two segments, torn after byte {}", at);
      const auto first = reference.substr(0, at);
      const auto second = reference.substr(at);
      const auto before = client->heard().size();
      client->say(first);
      const auto* part = from_a(*client, first);
      const bool silent = client->heard().size() == before;
      client->say(second);
      const bool heard = lab_.wait_until([&] { return client->heard().size() == before + reference.size(); }, patience);
      stage_.check(fmt::format("torn after byte {}: S waits for the rest, and answers the whole, once", at),
                   heard && silent && client->heard().ends_with(reference),
                   {part, from_a(*client, second), from_s(*client, reference)}, "it was not answered as a whole");
    }
    close(*client);
  }

  void gather() {
    const auto count = usual_payload / reference.size();
    stage_.scene("A says {} frames with one write: they share a segment", count);
    const auto client = connect();
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += reference;
    client->say(all);
    stage_.check(fmt::format("S finds all {} and sends their answers in one segment, too", count), hears(*client, all),
                 {from_a(*client, all), from_s(*client, all)}, "the answers are others");
    close(*client);
  }

  // A datagram has borders, and exactly one frame fits into them.
  void send_datagrams() {
    std::string heard;
    UdpEndpoint::Events events{.on_datagram = [&](const Datagram& datagram) { heard += as_text(datagram.bytes); }};
    UdpEndpoint socket(lab_.loop(), lab_.opener("A"), {a_, first_port}, std::move(events));
    stage_.scene("A sends the frame in a datagram");
    socket.send_to(service_, as_bytes(reference));
    lab_.wait_until([&] { return !heard.empty(); }, patience);
    const auto request = carrying(socket.local(), service_, reference);
    const auto answer = carrying(service_, socket.local(), reference);
    stage_.check("S answers with a datagram of the same bytes", heard == reference, {at_a(request), at_a(answer)},
                 "another answer came");
    stage_.scene("A sends two frames in one datagram, half a frame, none at all, and then a right one");
    const auto twice = std::string(reference) + std::string(reference);
    const std::string half(reference.substr(0, 13));
    const std::string_view last("\x04\0CL:0", 6);
    const auto before = server_->stats().malformed;
    for (const std::string_view bytes : {std::string_view(twice), std::string_view(half), std::string_view(), last})
      socket.send_to(service_, as_bytes(bytes));
    lab_.wait_until([&] { return heard.size() > reference.size(); }, patience);
    const auto ignored = server_->stats().malformed - before;
    stage_.check("S answers the right one only: the others are not one frame each",
                 ignored == 3 && heard.ends_with(last),
                 {at_a(carrying(socket.local(), service_, twice)), at_a(carrying(socket.local(), service_, half)),
                  at_a(carrying(socket.local(), service_, "")), at_a(carrying(service_, socket.local(), last))},
                 fmt::format("{} were ignored", ignored));
  }

  // A right frame goes before, so that it is seen to be answered whatever follows it.
  void say_wrong(const Wrong& wrong) {
    stage_.scene("A says a right frame and then a wrong one: {}", wrong.what);
    const auto client = connect();
    client->say(reference);
    const bool answered = hears(*client, reference);
    *faults_ = {};
    client->say(wrong.bytes);
    const auto* said = from_a(*client, wrong.bytes);
    if (wrong.ends) client->close();
    lab_.wait_until([&] { return client->closed(); }, patience);
    const FrameError expected{wrong.fault, reference.size() + wrong.offset};
    stage_.check(fmt::format("{}: S closes this connection, with a FIN and no answer", wrong.what),
                 answered && *faults_ == expected && client->heard() == reference,
                 {from_s(*client, reference), said, at_a(look_for::tcp(service_, client->local(), look_for::is_fin))},
                 fmt::format("S said: {}", faults_->to_string()));
    table_.rows.push_back({std::string(wrong.what), printable(wrong.bytes), faults_->to_string()});
  }

  void survive() {
    stage_.scene("A connects once more and says the reference frame");
    const auto client = connect();
    client->say(reference);
    const bool heard = hears(*client, reference);
    stage_.check("S serves on", heard, {from_a(*client, reference), from_s(*client, reference)}, "it does not answer");
    close(*client);
  }

  void suggest_filters() const {
    stage_.suggest_filter("tcp contains \"CL:7;type:message\"", "the reference frame, whole in a segment");
    stage_.suggest_filter("tcp.len == 1 || tcp.len == 25", "the frame torn after its first byte, or before its last");
    stage_.suggest_filter(fmt::format("udp.port == {}", echo_port), "a datagram a frame, and what is none");
    stage_.suggest_filter(fmt::format("tcp.flags.fin == 1 && tcp.srcport == {}", echo_port),
                          "how S answers what is no frame");
  }

  Stage& stage_;
  Lab& lab_;
  IpAddress a_;
  Endpoint service_;
  // What S found last; S may outlive the story.
  std::shared_ptr<FrameError> faults_ = std::make_shared<FrameError>();
  EchoServer* server_ = nullptr;
  unsigned connections_ = 0;
  Table table_{.title = "What is no frame, behind a right one of 26 bytes, and what S says of it",
               .columns = {"what", "its bytes", "S says"}};
};

void play(Stage& stage) { Frames(stage).tell(); }

}  // namespace

Scenario frames_scenario() {
  return {.name = "frames",
          .teaches = "framed messages on the wire: torn, many in a segment, a datagram each, and wrong in eight ways",
          .explanation = explained(
              "two",
              "A says exact bytes to S's echo service by ordinary sockets: the reference frame of the format,\n"
              "the same torn into two segments, many of them in one, each in a datagram, and frames that are\n"
              "wrong. Over TCP S closes the connection that sends what is no frame, over UDP it ignores the\n"
              "datagram."),
          .choices = {over_ipv6},
          .over_bad_links = true,
          .topology = topology,
          .play = play};
}

}  // namespace wirelab::scenarios
