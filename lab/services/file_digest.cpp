#include "lab/services/file_digest.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <unistd.h>

namespace wirelab {
namespace {

// What is read at once stays in the second cache while it is hashed.
constexpr std::size_t read_size = std::size_t{128} << 10;
// What the worker does at once: some milliseconds, so that transfers take turns.
constexpr std::uint64_t piece_size = std::uint64_t{8} << 20;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  return context;
}

// The context goes on after it.
Sha256 digest_so_far(const Context& context) {
  Sha256 digest{};
  const Context copy(EVP_MD_CTX_new());
  if (!copy || EVP_MD_CTX_copy_ex(copy.get(), context.get()) != 1) throw std::bad_alloc();
  EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr);
  return digest;
}

}  // namespace

// Of the loop while `busy` is false, of the worker else.
struct FileDigest::Work {
  struct Question {
    std::uint64_t size;
    Answer answer;
  };
  FileWorker& worker;
  std::shared_ptr<const UniqueFd> file;
  Context context = new_context();
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(read_size);
  std::uint64_t hashed = 0;
  bool broken = false;
  // Of the loop alone.
  std::uint64_t available = 0;
  std::deque<Question> questions;
  bool busy = false;
  bool wanted = true;

  void hash_until(std::uint64_t end) {
    while (hashed < end) {
      const auto most = std::min<std::uint64_t>(end - hashed, buffer.size());
      const auto size = ::pread(file->get(), buffer.data(), most, static_cast<off_t>(hashed));
      if (size < 0 && errno == EINTR) continue;
      broken = size <= 0;
      if (broken) return;
      EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(size));
      hashed += static_cast<std::uint64_t>(size);
    }
  }
  // False if there is none to answer. An answer may end the digest.
  bool answer_one() {
    if (!wanted || questions.empty() || (questions.front().size != hashed && !broken)) return false;
    const auto question = std::move(questions.front());
    questions.pop_front();
    question.answer(broken ? std::nullopt : std::optional(digest_so_far(context)));
    return true;
  }
};

FileDigest::FileDigest(FileWorker& worker, std::shared_ptr<const UniqueFd> file)
    : work_(new Work{.worker = worker, .file = std::move(file)}) {}

FileDigest::~FileDigest() {
  work_->wanted = false;
  work_->questions.clear();
}

void FileDigest::advance(std::uint64_t size) {
  work_->available = size;
  hash_on(work_);
}

void FileDigest::ask(std::uint64_t size, Answer answer) {
  if (size < work_->available || (!work_->questions.empty() && size < work_->questions.back().size))
    throw std::logic_error("a digest of less than is hashed already");
  work_->questions.push_back({size, std::move(answer)});
  hash_on(work_);
}

void FileDigest::hash_on(const std::shared_ptr<Work>& work) {
  if (work->busy || !work->wanted) return;
  auto end = std::min(work->available, work->hashed + piece_size);
  if (!work->questions.empty()) end = std::min(end, work->questions.front().size);
  const bool answerable = !work->questions.empty() && (work->broken || work->questions.front().size == work->hashed);
  if (!answerable && (work->broken || end <= work->hashed)) return;
  work->busy = true;
  // Also an answer that is known already comes by the worker: never inside ask().
  work->worker.run([work, end] { work->hash_until(end); },
                   [work] {
                     work->busy = false;
                     while (work->answer_one()) {
                     }
                     hash_on(work);
                   });
}

Sha256 sha256_of(ByteView bytes) {
  Sha256 digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

}  // namespace wirelab
