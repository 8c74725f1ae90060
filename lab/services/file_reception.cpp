#include "lab/services/file_reception.hpp"

#include <utility>

namespace wirelab {

FileReception::FileReception(FileWorker& worker, std::shared_ptr<const TargetFolder> folder, FileOffer offer,
                             NameClash clash)
    : worker_(worker), folder_(std::move(folder)), offer_(std::move(offer)), clash_(clash) {}

FileReception::~FileReception() {
  if (!part_ || given_away_) return;
  if (part_->size() == 0)
    folder_->remove(*part_);
  else if (missing() > 0)
    part_->truncate(part_->size());  // gives back what was reserved
}

void FileReception::prepare(std::function<void(const Prepared&)> then) {
  if (folder_->has(offer_.name) && offer_.digest.known) return look_at_existing(std::move(then));
  begin(then);
}

// An earlier attempt may have been cut off after everything was done but the last word.
void FileReception::look_at_existing(std::function<void(const Prepared&)> then) {
  const auto file = folder_->find(offer_.name, offer_.size);
  if (!file) return begin(then);
  digest_.emplace(worker_, file);
  digest_->advance(offer_.size);
  digest_->ask(offer_.size, [this, then = std::move(then)](const std::optional<Sha256>& digest) {
    const bool same = digest == offer_.digest.known;
    digest_.reset();
    same ? then(AlreadyThere{}) : begin(then);
  });
}

void FileReception::begin(const std::function<void(const Prepared&)>& then) {
  if (auto refusal = open_part()) {
    part_.reset();
    return then(std::move(*refusal));
  }
  const auto from = part_->size();
  if (from > 0 || offer_.digest.wanted) digest_.emplace(worker_, part_->file());
  if (from == 0) return then(FileAccept{});
  digest_->advance(from);
  digest_->ask(from, [from, then](const std::optional<Sha256>& prefix) {
    if (prefix) return then(FileAccept{from, prefix});
    then(FolderRefusal{"the part file cannot be read"});
  });
}

std::optional<FolderRefusal> FileReception::open_part() {
  if (clash_ == NameClash::refuse && folder_->has(offer_.name))
    return FolderRefusal{"a file of this name exists already"};
  auto opened = folder_->open_part(offer_.name);
  if (auto* refusal = std::get_if<FolderRefusal>(&opened)) return std::move(*refusal);
  part_.emplace(std::get<PartFile>(std::move(opened)));
  const bool is_new = part_->size() == 0;
  if (!offer_.resume || part_->size() > offer_.size) {
    if (const auto error = part_->truncate(0)) return FolderRefusal{error.message()};
  }
  auto refusal = folder_->reserve(*part_, offer_.size);
  if (refusal && is_new) folder_->remove(*part_);
  return refusal;
}

void FileReception::took(std::uint64_t bytes) {
  part_->grown(bytes);
  if (digest_ && offer_.digest.wanted) digest_->advance(part_->size());
}

void FileReception::finish(const std::optional<Sha256>& told, std::function<void(const Finished&)> then) {
  if (!offer_.digest.wanted) return publish(std::nullopt, std::move(then));
  digest_->ask(offer_.size,
               [this, told, then = std::move(then)](const std::optional<Sha256>& own) { judge(told, own, then); });
}

void FileReception::judge(const std::optional<Sha256>& told, const std::optional<Sha256>& own,
                          const std::function<void(const Finished&)>& then) {
  if (!own) return then(FolderRefusal{"the part file cannot be read"});
  const bool as_offered = !offer_.digest.known || offer_.digest.known == own;
  if (told == own && as_offered) return publish(own, then);
  given_away_ = true;
  folder_->remove(*part_);
  then(Corrupt{});
}

void FileReception::publish(const std::optional<Sha256>& own, std::function<void(const Finished&)> then) {
  given_away_ = true;
  part_->give_away();
  const auto result = std::make_shared<std::variant<std::string, FolderRefusal>>();
  WholeFile whole{part_->file(), part_->name(), offer_.name, offer_.size, offer_.mtime};
  auto work = [result, folder = folder_, whole = std::move(whole), clash = clash_] {
    *result = folder->publish(whole, clash);
  };
  worker_.run(std::move(work), [result, own, then = std::move(then), alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    if (auto* refusal = std::get_if<FolderRefusal>(result.get())) return then(std::move(*refusal));
    then(Received{std::get<std::string>(*result), own});
  });
}

}  // namespace wirelab
