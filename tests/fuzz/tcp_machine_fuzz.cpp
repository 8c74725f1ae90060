// The TCP machine against a peer that says anything at any time. The input is a list of steps of eight bytes: a kind,
// and what it needs. Whatever happens: nothing is sent beyond the window that the peer told, no octet is altered, the
// memory is bounded, and there is a deadline until the connection is closed, which it is in the end.
#include <algorithm>
#include <array>

#include "raw/tcp_machine.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab::raw {
namespace {

using std::chrono::milliseconds;

constexpr Sequence ours{0xFFFFFF00};
constexpr Sequence theirs{0x7FFFFF00};
constexpr std::uint32_t receive_buffer = 3000;
constexpr std::size_t send_buffer = 6000;
constexpr std::uint32_t largest_unit = 1U << 14;

// The octet that stands at a place of either stream.
std::uint8_t octet_at(std::uint32_t place) { return static_cast<std::uint8_t>(place * 13 + place / 97); }

Bytes octets(Sequence first, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = octet_at(first.number + static_cast<std::uint32_t>(i));
  return bytes;
}

TcpMachine::Options options_from(std::uint8_t bits) {
  TcpMachine::Options options{
      .initial = ours, .mss = 500, .receive_buffer = receive_buffer, .send_buffer = send_buffer};
  options.timestamps = (bits & 1) != 0;
  options.sack = (bits & 2) != 0;
  if ((bits & 4) == 0) options.window_scale.reset();
  if ((bits & 8) != 0) options.time_wait = Duration(0);
  if ((bits & 16) != 0) options.ack_delay = Duration(0);
  return options;
}

using Step = std::span<const std::uint8_t, 8>;

class Play {
 public:
  explicit Play(std::uint8_t bits) : machine_(options_from(bits)) {}

  void run(Step step) {
    switch (step[0] % 8) {
      case 0:
        if (machine_.send(octets(machine_.sender().queue_end(), load_be16(&step[1]) % 8000), now_) > 0) check();
        break;
      case 1:
        read();
        break;
      case 2:
        advance(milliseconds(load_be16(&step[1])));
        break;
      case 3:
        if (step[1] < 32) machine_.close(now_);
        if (step[1] == 255) machine_.abort(now_);
        break;
      case 4:
        send_pieces(step);
        break;
      default:
        arrive(step);
    }
    check();
  }

  void begin() {
    machine_.connect(now_);
    check();
  }
  // Nobody answers any more.
  void end() {
    for (int i = 0; i < 2000 && machine_.state() != TcpState::closed; ++i) advance(milliseconds(1000));
    require(machine_.state() == TcpState::closed && machine_.end(), "left alone, it does not end");
  }

 private:
  void send_pieces(Step step) {
    const std::size_t size = 1 + step[1] % machine_.segment_size();
    const std::array parts{TcpMachine::Part{size / 2, size - size / 2}, TcpMachine::Part{0, size / 2}};
    (void)machine_.send_pieces(octets(machine_.sender().queue_end(), size), parts, now_);
  }

  void arrive(Step step) {
    TcpSegment segment;
    segment.flags = TcpFlags::from_bits(step[1]);
    // Near what the machine knows: other numbers are refused at once.
    const auto base = machine_.state() == TcpState::syn_sent ? theirs : machine_.receiver().next();
    segment.sequence = base + static_cast<std::uint32_t>(static_cast<std::int8_t>(step[2]) * (step[0] & 16 ? 50 : 1));
    const auto acked = (step[0] & 32) != 0 ? machine_.sender().nxt() : machine_.sender().una();
    segment.acknowledgement =
        acked + static_cast<std::uint32_t>(static_cast<std::int8_t>(step[3]) * (step[0] & 64 ? 40 : 1));
    segment.window = static_cast<std::uint16_t>(step[4] * (step[0] & 128 ? 1 : 40));
    segment.payload = octets(segment.sequence + (segment.flags.syn ? 1U : 0U), step[5] * std::size_t{step[6] & 7U});
    if ((step[6] & 8) != 0) segment.options.timestamps = TcpTimestamps{step[7], step[7]};
    if ((step[6] & 16) != 0) segment.options.window_scale = step[7];
    if ((step[6] & 32) != 0) segment.options.mss = static_cast<std::uint16_t>(step[7] * 8);
    segment.options.sack_permitted = (step[6] & 64) != 0;
    if ((step[6] & 128) != 0)
      segment.options.sack = {{acked + step[7], acked + step[7] + step[5]}, {acked + step[5], acked + step[7]}};
    note_window(segment);
    machine_.arrive(segment, now_);
  }

  // How far the peer has ever opened its window, by the most that its words could mean.
  void note_window(const TcpSegment& segment) {
    if (!segment.flags.ack || segment.acknowledgement > machine_.sender().nxt()) return;
    const auto unit = segment.flags.syn ? 1U : largest_unit;
    edge_ = later(edge_, segment.acknowledgement + segment.window * unit);
  }

  void read() {
    const auto first = next_read_;
    const auto bytes = machine_.read(now_);
    if (!first) {
      // The stream begins behind the SYN, wherever the peer put that.
      if (bytes.empty()) return;
      next_read_ = machine_.receiver().next() - (machine_.receiver().ended() ? 1U : 0U) -
                   static_cast<std::uint32_t>(bytes.size());
    }
    require(bytes == octets(*next_read_, bytes.size()), "octets were altered, lost or doubled");
    next_read_ = *next_read_ + static_cast<std::uint32_t>(bytes.size());
  }

  void advance(Duration time) {
    const auto until = now_ + time;
    while (machine_.deadline() && *machine_.deadline() <= until) {
      now_ = std::max(now_, *machine_.deadline());
      machine_.tick(now_);
      check();
      require(!machine_.deadline() || *machine_.deadline() > now_, "a deadline that stays due");
    }
    now_ = until;
  }

  void check() {
    for (const auto& segment : machine_.take_segments()) check_segment(segment);
    for (const auto event : machine_.take_events()) {
      require(!closed_, "an event after the last one");
      closed_ = event == TcpEvent::closed;
    }
    require(machine_.deadline().has_value() == (machine_.state() != TcpState::closed), "no deadline, or one too many");
    require(closed_ == machine_.end().has_value(), "the end is not told");
    require(machine_.unacknowledged() <= send_buffer, "the send buffer grew");
    require(machine_.receiver().ready() + machine_.receiver().window() <= receive_buffer + 128,
            "the receive buffer grew");
    require(machine_.receiver().sack_blocks(SIZE_MAX).size() <= 129, "too many fragments");
  }

  void check_segment(const TcpSegment& segment) {
    if (segment.flags.rst) return;
    if (segment.flags.syn) {
      require(segment.sequence == ours && segment.payload.empty(), "another SYN");
      return;
    }
    const auto& sender = machine_.sender();
    require(ours < segment.sequence && segment.sequence <= sender.nxt() && segment.end() <= sender.nxt(),
            "a sequence number beyond what is sent");
    require(segment.acknowledgement <= machine_.receiver().next(), "an acknowledgement of what never came");
    require(segment.payload == octets(segment.sequence, segment.payload.size()), "octets were altered");
    require(segment.payload.size() <= machine_.segment_size(), "a segment too large");
    require(segment.length() <= 1 || segment.end() <= edge_, "beyond the window");
    (void)write_tcp_options(segment.options);
  }

  TcpMachine machine_;
  SteadyTime now_{};
  Sequence edge_{ours};
  std::optional<Sequence> next_read_;
  bool closed_ = false;
};

}  // namespace
}  // namespace wirelab::raw

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  wirelab::raw::Play play(data[0]);
  play.begin();
  for (std::size_t at = 1; at + 8 <= size && at < 4000; at += 8)
    play.run(std::span<const std::uint8_t, 8>(data + at, 8));
  play.end();
  return 0;
}
