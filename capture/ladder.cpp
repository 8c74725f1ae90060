#include "capture/ladder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "capture/canvas.hpp"
#include "capture/ladder_text.hpp"
#include "capture/scene.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/text.hpp"

namespace wirelab::capture {
namespace {

// Before the first column: time since the start, frames, who made it.
constexpr std::size_t time_width = 10, frames_at = 12, origin_width = 6;
// Below it a list is easier to read.
constexpr std::size_t narrowest = 60;
// Hosts that a list names; more are others.
constexpr std::size_t most_listed = 1000;
// Between two columns: where hosts have names, and room for an address where they have none.
constexpr std::size_t least_gap = 12, address_gap = 16;
// Beside the last column.
constexpr std::size_t margin = 5;
constexpr std::size_t most_address_lines = 3;

// What lies before the first column.
constexpr std::size_t gutter_of(std::size_t frames_width) { return frames_at + frames_width + 1 + origin_width + 1; }

// Room for any list of frames up to `last`: at the least for three of one digit.
std::size_t frames_width_for(std::size_t last) {
  return std::max<std::size_t>(7, 2 * fmt::formatted_size("{}", last) + 2);
}

class Drawing {
 public:
  Drawing(const Scene& scene, const LadderOptions& options, std::size_t width, std::size_t frames_width)
      : scene_(scene), options_(options), width_(width), frames_width_(frames_width), signs_(signs_of(options)) {
    // Half of a usual address has room beside the last column; the first one's may hang over the gutter.
    const std::size_t left = gutter_of(frames_width) + 1, right = width - margin, last = scene.columns.size() - 1;
    for (std::size_t i = 0; i <= last; ++i) {
      columns_.push_back(last == 0 ? (left + right) / 2 : left + i * (right - left) / last);
    }
  }

  std::string draw() {
    draw_head();
    for (const auto& row : scene_.rows) {
      if (!row.steps.empty() && &row != &scene_.rows.front()) finish(lifelines());
      draw_steps(row.steps);
      draw_packet(row);
    }
    if (!scene_.epilogue.empty()) finish(lifelines());
    draw_steps(scene_.epilogue);
    draw_note();
    return std::move(text_);
  }

 private:
  void draw_head();
  void draw_steps(const std::vector<std::string>& steps);
  void draw_note();
  void draw_packet(const Scene::Row& row);
  void draw_arrow(CellRow& line, const Scene::Row& row) const;
  [[nodiscard]] bool put_label_inside(CellRow& line, const Scene::Row& row, std::string_view label) const;
  void draw_label_above(const Scene::Row& row, std::string_view label);

  // A line with nothing but the hosts' lines.
  [[nodiscard]] CellRow lifelines() const {
    CellRow line(width_);
    for (const auto column : columns_) line.put(column, signs_.line, Style::faint);
    return line;
  }
  void put_gutter(CellRow& line, const Scene::Row& row) const;
  void put_centred(CellRow& line, std::size_t column, std::string_view text, Style style) const;
  void finish(const CellRow& line) { text_ += line.to_string(options_.color) + '\n'; }

  const Scene& scene_;
  const LadderOptions& options_;
  std::size_t width_;
  std::size_t frames_width_;
  const Signs& signs_;
  std::vector<std::size_t> columns_;  // where each one's line is
  std::string text_;
};

void Drawing::put_centred(CellRow& line, std::size_t column, std::string_view text, Style style) const {
  const auto size = std::min(cells_of(text), width_);
  const auto at = column > size / 2 ? column - size / 2 : 0;
  line.put(std::min(at, width_ - size), text, style);
}

void Drawing::draw_head() {
  CellRow names(width_);
  names.put(time_width - 7, "time ms", Style::faint);
  names.put(frames_at, "frame", Style::faint);
  std::size_t lines = 0;
  const auto gap = columns_.size() < 2 ? width_ : columns_[1] - columns_[0];
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    put_centred(names, columns_[i], abbreviated(printable(scene_.columns[i].name), gap - 1), Style::strong);
    lines = std::max(lines, scene_.columns[i].addresses.size());
  }
  finish(names);
  for (std::size_t n = 0; n < std::min(lines, most_address_lines); ++n) {
    CellRow line(width_);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto& addresses = scene_.columns[i].addresses;
      const auto address = n < addresses.size() ? addresses[n].to_string() : "";
      if (address.size() < gap) put_centred(line, columns_[i], address, Style::faint);
    }
    finish(line);
  }
  finish(lifelines());
}

void Drawing::draw_steps(const std::vector<std::string>& steps) {
  for (const auto& step : steps) {
    bool first = true;
    for (const auto& part : wrap(printable(step), width_ - 2)) {
      CellRow line(width_);
      if (first) line.put(0, signs_.step, Style::strong);
      line.put(2, part, Style::strong);
      finish(line);
      first = false;
    }
  }
}

void Drawing::draw_note() {
  const auto note = folding_note(scene_);
  if (note.empty()) return;
  finish(lifelines());
  for (const auto& part : wrap(note, width_)) {
    CellRow line(width_);
    line.put(0, part, Style::faint);
    finish(line);
  }
}

void Drawing::put_gutter(CellRow& line, const Scene::Row& row) const {
  const std::chrono::duration<double, std::milli> since = row.stamp - scene_.rows.front().stamp;
  line.put(0, fmt::format("{:>{}.3f}", since.count(), time_width), Style::faint);
  line.put(frames_at, frame_list(row.sightings, frames_width_), Style::faint);
  if (row.origin != Origin::unknown) line.put(frames_at + frames_width_ + 1, name_of(row.origin), style_of(row.origin));
}

void Drawing::draw_packet(const Scene::Row& row) {
  const auto label = full_label(row);
  CellRow line = lifelines();
  draw_arrow(line, row);
  if (put_label_inside(line, row, label)) {
    put_gutter(line, row);
  } else {
    draw_label_above(row, label);
  }
  finish(line);
}

void Drawing::draw_arrow(CellRow& line, const Scene::Row& row) const {
  const auto from = columns_[row.from], to = columns_[row.to];
  const auto [low, high] = std::minmax(from, to);
  const auto style = style_of(row.origin);
  if (low == high) line.put(low + 1, signs_.dash, style);
  for (auto at = low + 1; at < high; ++at) line.put(at, signs_.dash, style);
  // An arrow crosses the routers that it goes through and hides the lines of hosts that it only passes.
  for (std::size_t i = std::min(row.from, row.to) + 1; i < std::max(row.from, row.to); ++i) {
    if (scene_.columns[i].forwards) line.put(columns_[i], signs_.crossing, style);
  }
  if (low == high) return;
  const bool rightwards = from < to;
  const bool is_lost = row.end != Scene::End::arrived;
  const auto head = rightwards ? signs_.right : signs_.left;
  line.put(rightwards ? to - 1 : to + 1, is_lost ? signs_.cross : head, is_lost ? Style::failure : style);
  if (row.both_ways) line.put(rightwards ? from + 1 : from - 1, rightwards ? signs_.left : signs_.right, style);
}

// Into the first stretch from the sender on that is long enough, so that no router's crossing is hidden.
bool Drawing::put_label_inside(CellRow& line, const Scene::Row& row, std::string_view label) const {
  const auto size = cells_of(label);
  if (row.from == row.to) {
    const auto at = columns_[row.from] + 3;
    const auto next = row.from + 1 < columns_.size() ? columns_[row.from + 1] : width_;
    if (at + size + 1 > next) return false;
    line.put(at, label);
    return true;
  }
  const bool rightwards = row.from < row.to;
  std::size_t begin = row.from;
  while (begin != row.to) {
    std::size_t end = begin;
    do {
      end = rightwards ? end + 1 : end - 1;
    } while (end != row.to && !scene_.columns[end].forwards);
    const auto low = std::min(columns_[begin], columns_[end]), high = std::max(columns_[begin], columns_[end]);
    // A dash and a head or dash on either side, and a blank.
    if (high - low - 1 >= size + 6) {
      line.put(low + 3, fmt::format(" {} ", label));
      return true;
    }
    begin = end;
  }
  return false;
}

void Drawing::draw_label_above(const Scene::Row& row, std::string_view label) {
  const auto lines = wrap_label(label, width_ - gutter_of(frames_width_) - 3);
  const auto widest = std::ranges::max(lines, {}, [](const auto& text) { return cells_of(text); });
  const auto at = std::min(std::min(columns_[row.from], columns_[row.to]) + 2, width_ - cells_of(widest));
  bool first = true;
  for (const auto& text : lines) {
    CellRow line = lifelines();
    if (first) put_gutter(line, row);
    line.put(at - 1, fmt::format(" {} ", text));
    finish(line);
    first = false;
  }
}

std::size_t most_lanes(std::size_t room, const TraceInfo& info) {
  std::size_t gap = info.names.empty() ? address_gap : least_gap;
  for (const auto& [address, name] : info.names) gap = std::clamp(cells_of(name) + 2, gap, address_gap);
  return std::max<std::size_t>(room / gap + 1, 2);
}

}  // namespace

std::string draw_ladder(const TraceInfo& info, const std::vector<const Packet*>& packets,
                        const LadderOptions& options) {
  if (packets.empty()) return "";
  SceneOptions how{.fold = options.fold, .most_rows = options.most_rows};
  if (options.width < narrowest) {
    how.most_columns = most_listed;
    return draw_list(make_scene(info, packets, how), options);
  }
  const auto frames_width = frames_width_for(packets.back()->frame);
  how.most_columns = most_lanes(options.width - gutter_of(frames_width) - margin, info);
  return Drawing(make_scene(info, packets, how), options, options.width, frames_width).draw();
}

}  // namespace wirelab::capture
