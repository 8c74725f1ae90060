#include <algorithm>
#include <bit>
#include <cstdint>

#include <fcntl.h>
#include <sys/select.h>

#include "lab/base/error.hpp"
#include "lab/loop/waiter.hpp"

namespace wirelab {
namespace {

// A set of descriptors as select takes it, of any size. fd_set and FD_SET end at 1024 (beyond, FD_SET aborts or writes
// out of bounds), but the kernel takes as many words as nfds says.
class Bitmap {
 public:
  static constexpr std::size_t word_bits = 64;

  void assign(int fd, bool on) {
    const auto [word, bit] = place_of(fd);
    if (word >= words_.size()) words_.resize(word + 1);
    words_[word] = on ? words_[word] | bit : words_[word] & ~bit;
  }
  [[nodiscard]] std::uint64_t word(std::size_t index) const { return index < words_.size() ? words_[index] : 0; }
  [[nodiscard]] std::size_t words() const { return words_.size(); }
  fd_set* data() { return reinterpret_cast<fd_set*>(words_.data()); }

 private:
  static std::pair<std::size_t, std::uint64_t> place_of(int fd) {
    const auto number = static_cast<std::size_t>(fd);
    return {number / word_bits, std::uint64_t{1} << number % word_bits};
  }
  std::vector<std::uint64_t> words_;
};

class SelectWaiter : public Waiter {
 public:
  void watch(int fd, Interest interest, Token token) override {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= tokens_.size()) tokens_.resize(index + 1);
    if (!watches(fd)) ++watched_;
    tokens_[index] = token;
    ask(fd, interest);
    nfds_ = std::max(nfds_, fd + 1);
  }

  void forget(int fd) noexcept override {
    if (!watches(fd)) return;
    ask(fd, {});
    --watched_;
    while (nfds_ > 0 && !watches(nfds_ - 1)) --nfds_;
  }

  std::size_t wait(Duration limit, std::vector<Event>& events) override {
    readable_ = read_;
    writable_ = write_;
    const auto timeout = to_timespec(limit);
    // pselect is select with a time-out in nanoseconds.
    const int found = ::pselect(nfds_, readable_.data(), writable_.data(), nullptr, &timeout, nullptr);
    if (found < 0 && errno == EBADF) {
      report_closed(events);
    } else if (found < 0 && errno != EINTR) {
      throw_errno("select");
    } else if (found > 0) {
      report_ready(events);
    }
    return watched_;
  }

 private:
  [[nodiscard]] bool watches(int fd) const {
    const auto number = static_cast<std::size_t>(fd);
    return ((asked(number / Bitmap::word_bits) >> number % Bitmap::word_bits) & 1) != 0;
  }
  [[nodiscard]] std::uint64_t asked(std::size_t word) const { return read_.word(word) | write_.word(word); }

  void ask(int fd, Interest interest) {
    read_.assign(fd, interest.read);
    write_.assign(fd, interest.write);
  }

  template <class Visit>
  static void for_each_bit(std::uint64_t bits, std::size_t word, Visit visit) {
    for (; bits != 0; bits &= bits - 1) {
      visit(word * Bitmap::word_bits + static_cast<std::size_t>(std::countr_zero(bits)), bits & -bits);
    }
  }

  void report_ready(std::vector<Event>& events) const {
    for (std::size_t word = 0; word < read_.words(); ++word) {
      const auto readable = readable_.word(word);
      const auto writable = writable_.word(word);
      for_each_bit(readable | writable, word, [&](std::size_t fd, std::uint64_t bit) {
        events.push_back({tokens_[fd], {.readable = (readable & bit) != 0, .writable = (writable & bit) != 0}});
      });
    }
  }

  // select tells only that one of them is not open: ask each.
  void report_closed(std::vector<Event>& events) const {
    for (std::size_t word = 0; word < read_.words(); ++word) {
      for_each_bit(asked(word), word, [&](std::size_t fd, std::uint64_t) {
        if (::fcntl(static_cast<int>(fd), F_GETFD) < 0) events.push_back({tokens_[fd], {.invalid = true}});
      });
    }
  }

  Bitmap read_, write_;         // asked
  Bitmap readable_, writable_;  // answered
  std::vector<Token> tokens_;   // by descriptor
  int nfds_ = 0;
  std::size_t watched_ = 0;
};

}  // namespace

std::unique_ptr<Waiter> make_select_waiter() { return std::make_unique<SelectWaiter>(); }

}  // namespace wirelab
