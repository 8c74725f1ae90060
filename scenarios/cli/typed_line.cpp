#include "scenarios/cli/typed_line.hpp"

#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <utility>

#include <unistd.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"
#include "scenarios/cli/terminal.hpp"

namespace wirelab::cli {
namespace {

constexpr char ctrl(char letter) { return static_cast<char>(letter - '@'); }
constexpr char escape = '\x1b', delete_key = '\x7f';
constexpr std::string_view erase_row = "\r\x1b[K";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// How many cells a terminal gives a character of UTF-8: two for many of East Asia, none for a part of one.
std::size_t width_of(std::string_view character) {
  std::mbstate_t state{};
  wchar_t wide = 0;
  if (std::mbrtowc(&wide, character.data(), character.size(), &state) > character.size()) return 1;
  const int width = ::wcwidth(wide);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

void write_out(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stdout);
  (void)std::fflush(stdout);
}

}  // namespace

bool LineEditor::key(char byte) {
  // A control character is no part of a sequence: a lone Esc does not take Enter with it.
  if (static_cast<unsigned char>(byte) < ' ') within_ = Within::text;
  if (within_ == Within::escape) {
    within_ = byte == '[' || byte == 'O' ? Within::sequence : Within::text;
  } else if (within_ == Within::sequence) {
    if (byte >= '@' && byte <= '~') within_ = Within::text;
  } else if (byte == '\n') {
    return true;
  } else if (byte == ctrl('D')) {
    return ended_ = text_.empty();
  } else if (byte == escape) {
    within_ = Within::escape;
  } else if (byte == delete_key || byte == '\b') {
    erase_character();
  } else if (byte == ctrl('U')) {
    text_.clear();
  } else if (byte == ctrl('W')) {
    erase_word();
  } else if (text_.size() < longest && (static_cast<unsigned char>(byte) >= ' ' || byte == '\t')) {
    text_ += byte;
  }
  return false;
}

std::string LineEditor::take() { return std::exchange(ended_, false) ? "exit" : std::exchange(text_, {}); }

void LineEditor::erase_character() {
  while (!text_.empty() && continues(text_.back())) text_.pop_back();
  if (!text_.empty()) text_.pop_back();
}

void LineEditor::erase_word() {
  while (text_.ends_with(' ')) text_.pop_back();
  while (!text_.empty() && !text_.ends_with(' ')) text_.pop_back();
}

std::string_view LineEditor::end_within(std::size_t cells) const {
  std::size_t begin = text_.size();
  for (std::size_t used = 0; begin > 0;) {
    auto next = begin - 1;
    while (next > 0 && continues(text_[next])) --next;
    used += width_of(std::string_view(text_).substr(next, begin - next));
    if (used > cells) break;
    begin = next;
  }
  return std::string_view(text_).substr(begin);
}

bool TypedLine::is_possible() {
  const char* terminal = std::getenv("TERM");
  const bool obeys = terminal != nullptr && std::string_view(terminal) != "dumb";
  return obeys && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

TypedLine::TypedLine() {
  check_errno(::tcgetattr(STDIN_FILENO, &usual_), "ask how the terminal is set");
  take_keys();
}

TypedLine::~TypedLine() {
  hide();
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &usual_);
}

// Ctrl-C and Ctrl-Z stay signals; that of Ctrl-\ would end us with the terminal as it is here. A shell that stopped us
// may have set the terminal back.
void TypedLine::take_keys() const {
  auto keys = usual_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  keys.c_cc[VQUIT] = _POSIX_VDISABLE;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
}

std::string TypedLine::typed(std::string_view keys) {
  std::string lines;
  hide();
  for (const char byte : keys) {
    if (!editor_.key(byte)) continue;
    const auto line = editor_.take();
    write_out(printable(line) + '\n');
    lines += line + '\n';
  }
  show();
  return lines;
}

void TypedLine::hide() const { write_out(erase_row); }

void TypedLine::show() const {
  take_keys();
  const auto width = Terminal::of_stdout(ColorMode::never, 0).width;
  write_out(editor_.end_within(width - 1));
}

}  // namespace wirelab::cli
