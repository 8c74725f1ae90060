#include "tests/raw/tcp_script.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace wirelab::raw::test {
namespace {

using std::chrono::milliseconds;

constexpr Sequence ours{0xFFFFFFF0};    // the numbers pass through zero in every script
constexpr Sequence theirs{0x7FFFFFF0};  // and these from the positive to the negative

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The options of a segment as words of their own.
std::string without_brackets(std::string text) {
  for (auto& c : text) {
    if (c == '<' || c == '>' || c == ',') c = ' ';
  }
  return text.insert(text.find_first_not_of(" 0123456789"), "< ");
}

std::string flags_of(const TcpFlags& flags) {
  std::string text;
  if (flags.fin) text += 'F';
  if (flags.syn) text += 'S';
  if (flags.rst) text += 'R';
  if (flags.psh) text += 'P';
  if (flags.ack) text += 'A';
  return text;
}

std::string options_of(const TcpOptions& options, Sequence base) {
  std::vector<std::string> parts;
  if (options.mss) parts.push_back(fmt::format("mss {}", *options.mss));
  if (options.sack_permitted) parts.emplace_back("sackOK");
  if (options.timestamps) parts.push_back(fmt::format("TS {} {}", options.timestamps->value, options.timestamps->echo));
  if (options.window_scale) parts.push_back(fmt::format("scale {}", *options.window_scale));
  for (const auto& block : options.sack)
    parts.push_back(fmt::format("sack {}:{}", block.first - base, block.end - base));
  return parts.empty() ? "" : fmt::format("<{}>", fmt::join(parts, ","));
}

std::string_view name_of(TcpEvent event) {
  constexpr std::string_view names[] = {"opened", "readable", "peer_ended", "writable", "closed"};
  return names[static_cast<std::size_t>(event)];
}

// The octets at a place of either stream: each test sees whether they arrive in order and unchanged.
std::uint8_t octet_at(std::uint32_t place) { return static_cast<std::uint8_t>(place * 7 + place / 251); }

Bytes octets(std::uint32_t from, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = octet_at(from + static_cast<std::uint32_t>(i));
  return bytes;
}

}  // namespace

TcpMachine::Options plain() {
  return {.initial = ours,
          .mss = 1000,
          .receive_buffer = 5000,
          .timestamps = false,
          .sack = false,
          .window_scale = std::nullopt,
          .ack_delay = Duration(0)};
}

TcpScript::TcpScript(const TcpMachine::Options& options) : machine_(options) {}

void TcpScript::play(std::string_view script) {
  std::istringstream stream{std::string(script)};
  for (std::string text; std::getline(stream, text);) {
    auto words = words_of(text);
    if (words.empty()) continue;
    if (words.size() > 1 && words[1] == "<") words = words_of(without_brackets(text));
    const Line line{std::stol(words[0]), text};
    words.erase(words.begin());
    run_until(line.time);
    if (is_action(words[0])) {
      complain("before: " + text);
      act(words);
      collect();
    } else {
      expect(line);
    }
  }
  complain("at the end");
}

void TcpScript::complain(std::string_view where) {
  for (const auto& each : came_out_) {
    const auto text = each.segment ? describe(*each.segment, true, true) : each.text;
    ADD_FAILURE() << each.time << " " << text << "\nunexpected " << where;
  }
  came_out_.clear();
}

void TcpScript::run_until(long time) {
  const SteadyTime until{milliseconds(time)};
  while (machine_.deadline() && *machine_.deadline() <= until) {
    now_ = std::max(now_, *machine_.deadline());
    machine_.tick(now_);
    collect();
  }
  now_ = until;
}

void TcpScript::collect() {
  const auto time = std::chrono::duration_cast<milliseconds>(now_.time_since_epoch()).count();
  for (const auto event : machine_.take_events()) {
    auto text = std::string(name_of(event));
    if (event == TcpEvent::readable) text += fmt::format(" {}", machine_.receiver().ready());
    if (event == TcpEvent::closed) text += fmt::format(" {}", to_string(*machine_.end()));
    came_out_.push_back({time, text, {}});
  }
  for (const auto& segment : machine_.take_segments()) {
    EXPECT_EQ(segment.payload, octets(segment.sequence.number, segment.payload.size()))
        << describe(segment, true, true);
    came_out_.push_back({time, {}, segment});
  }
}

bool TcpScript::is_action(std::string_view word) {
  for (const std::string_view each : {"connect", "send", "pieces", "read", "close", "abort", "<"}) {
    if (word == each) return true;
  }
  return false;
}

void TcpScript::act(const std::vector<std::string>& words) {
  const auto next = machine_.sender().queue_end().number;
  const auto number = [&](std::size_t i) { return static_cast<std::size_t>(std::stoul(words.at(i))); };
  if (words[0] == "connect") {
    machine_.connect(now_);
  } else if (words[0] == "send") {
    // Before the SYN went out too, octets begin behind it.
    machine_.send(octets(next, number(1)), now_);
  } else if (words[0] == "pieces") {
    std::vector<TcpMachine::Part> parts;
    for (std::size_t i = 2; i + 1 < words.size(); i += 2) parts.push_back({number(i), number(i + 1)});
    EXPECT_TRUE(machine_.send_pieces(octets(next, number(1)), parts, now_));
  } else if (words[0] == "read") {
    const auto end = machine_.receiver().next() - (machine_.receiver().ended() ? 1U : 0U);
    const auto bytes = machine_.read(now_);
    EXPECT_EQ(bytes, octets(end.number - static_cast<std::uint32_t>(bytes.size()), bytes.size()));
  } else if (words[0] == "close") {
    machine_.close(now_);
  } else if (words[0] == "abort") {
    machine_.abort(now_);
  } else {
    machine_.arrive(parse(words), now_);
  }
}

TcpSegment TcpScript::parse(const std::vector<std::string>& words) {
  TcpSegment segment{.window = 5000};
  const auto has = [&](char flag) { return words.at(1).find(flag) != std::string::npos; };
  segment.flags = {.fin = has('F'), .syn = has('S'), .rst = has('R'), .psh = has('P'), .ack = has('A')};
  const auto colon = words.at(2).find(':');
  const auto first = std::stol(words[2].substr(0, colon));
  const auto end = std::stol(words[2].substr(colon + 1));
  segment.sequence = theirs + static_cast<std::uint32_t>(first);
  segment.payload = octets(segment.sequence.number, static_cast<std::size_t>(end - first));
  for (std::size_t i = 3; i + 1 < words.size(); ++i) {
    const auto& word = words[i];
    const auto value = [&](std::size_t k) { return static_cast<std::uint32_t>(std::stoll(words.at(i + k))); };
    if (word == "ack") segment.acknowledgement = ours + value(1);
    if (word == "win") segment.window = static_cast<std::uint16_t>(value(1));
    if (word == "mss") segment.options.mss = static_cast<std::uint16_t>(value(1));
    if (word == "scale") segment.options.window_scale = static_cast<std::uint8_t>(value(1));
    if (word == "TS") segment.options.timestamps = TcpTimestamps{value(1), value(2)};
    if (word == "sack") {
      const auto& range = words.at(i + 1);
      segment.options.sack.push_back({ours + static_cast<std::uint32_t>(std::stol(range)),
                                      ours + static_cast<std::uint32_t>(std::stol(range.substr(range.find(':') + 1)))});
    }
  }
  segment.options.sack_permitted = std::find(words.begin(), words.end(), "sackOK") != words.end();
  return segment;
}

std::string TcpScript::describe(const TcpSegment& segment, bool window, bool options) {
  const auto first = segment.sequence - ours;
  auto text =
      fmt::format("> {} {}:{}", flags_of(segment.flags), first, first + static_cast<long>(segment.payload.size()));
  if (segment.flags.ack) text += fmt::format(" ack {}", segment.acknowledgement - theirs);
  if (window) text += fmt::format(" win {}", segment.window);
  const auto list = options_of(segment.options, theirs);
  return options && !list.empty() ? text + " " + list : text;
}

void TcpScript::expect(const Line& line) {
  auto words = words_of(line.text);
  const auto text = fmt::format("{}", fmt::join(words.begin() + 1, words.end(), " "));
  if (words.at(1) == "=") {
    EXPECT_EQ(to_string(machine_.state()), words.at(2)) << line.text;
    return;
  }
  if (came_out_.empty()) {
    ADD_FAILURE() << "missing: " << line.text;
    return;
  }
  const auto came = came_out_.front();
  came_out_.erase(came_out_.begin());
  const auto names = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  const auto shown = came.segment ? describe(*came.segment, names(" win "), names("<")) : came.text;
  EXPECT_EQ(fmt::format("{} {}", came.time, shown), fmt::format("{} {}", line.time, text));
}

}  // namespace wirelab::raw::test
