#include "native/data/unipen.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "shared/labels.h"

namespace biji {
namespace {

constexpr size_t kMaxBytes = size_t{32} << 20;  // of a data file with its includes
constexpr int kMaxDepth = 16, kMaxIncludes = 1000;
constexpr uint64_t kMaxOverlap = 16;  // a point belongs to a line, a word, a character; never to more

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (is_space(text.front()) || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (is_space(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

// Takes the first word off text.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  size_t end = 0;
  while (end < text.size() && !is_space(text[end]) && text[end] != '\n') ++end;
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// One line of valid UTF-8.
std::string clean(std::string_view text) {
  std::vector<int32_t> ignored;
  const bool utf8 = code_points(text, ignored);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte == 127)
      out += ' ';
    else if (byte < 128 || utf8)
      out += c;
    else  // Latin-1
      out += {static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 63))};
  }
  return std::string(trimmed(out));
}

// Whether a path names something below the folder that it is looked for in.
bool stays_inside(std::string_view path) {
  if (path.empty() || path.size() > 1000 || path.front() == '/') return false;
  if (path.find_first_of(std::string_view("\\:\0", 3)) != std::string_view::npos) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

struct Place {
  float x = 0, y = 0;
};

struct Component {
  bool down = true;
  bool broken = false;  // a line that is no point
  int32_t writer = -1;
  size_t begin = 0, end = 0;  // of the points
};

struct Segment {
  std::string arguments, comment;
};

// First and last point of a range of components; -1: of the whole component.
struct Range {
  int64_t first = 0, first_point = -1, last = 0, last_point = -1;
};

// "12", or "12:9" with a point.
bool parse_end(std::string_view text, int64_t& component, int64_t& point) {
  const char* const end = text.data() + text.size();
  auto number = std::from_chars(text.data(), end, component);
  if (number.ec != std::errc() || component < 0) return false;
  if (number.ptr == end) return true;
  if (*number.ptr != ':') return false;
  number = std::from_chars(number.ptr + 1, end, point);
  return number.ec == std::errc() && number.ptr == end && point >= 0;
}

// "3,5-6,10:4-12:9".
bool parse_ranges(std::string_view text, std::vector<Range>& ranges) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const size_t dash = part.find('-');
    Range range;
    if (!parse_end(part.substr(0, dash), range.first, range.first_point)) return false;
    if (dash == std::string_view::npos)
      range.last = range.first, range.last_point = range.first_point;
    else if (!parse_end(part.substr(dash + 1), range.last, range.last_point))
      return false;
    ranges.push_back(range);
    begin = end + 1;
  }
  return true;
}

// What stands between the first quote and the one that ends it. ligature: there was a \@.
std::optional<std::string> parse_label(std::string_view text, bool& ligature) {
  if (text.empty() || text.front() != '"') return std::nullopt;
  std::string label;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return clean(label);
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      if (text[i] == '@') {
        ligature = true;
        continue;
      }
    }
    label += text[i];
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(const std::string& name, const UnipenInclude& include, Skipped& skipped)
      : name_(name), include_(include), skipped_(skipped) {}

  void read(std::string_view text) { read_file(text, 0); }
  void make_samples(const std::function<bool(UnipenSample&&)>& sample);
  std::vector<std::string> lost() { return std::move(lost_); }

 private:
  void read_file(std::string_view text, int depth);
  void end_keyword(std::string_view keyword, std::string_view arguments, int depth);
  void include_file(std::string path, int depth);
  void read_columns(std::string_view names);
  void read_point(std::string_view line);
  std::string strokes_of(const std::vector<Range>& ranges, UnipenSample& sample);
  std::string make(const Segment& segment, UnipenSample& sample);

  const std::string& name_;
  const UnipenInclude& include_;
  Skipped& skipped_;
  std::vector<std::string> open_;  // the files that include each other now
  std::vector<Place> points_;
  std::vector<Component> components_;
  std::vector<Segment> segments_;
  std::vector<std::string> writers_;
  size_t columns_ = 2, x_ = 0, y_ = 1;
  bool pen_ = false;                    // the lines that come are points
  bool after_segment_ = false;          // a .COMMENT would be the segment's
  bool begins_ = false, down_ = false;  // of a component, which is there with its first point
  size_t bytes_ = 0;
  int includes_ = 0, with_ink_ = 0;
  bool too_large_ = false;
  std::vector<std::string> lost_;
  uint64_t points_used_ = 0;
};

void Reader::read_file(std::string_view text, int depth) {
  if (text.size() > kMaxBytes - bytes_) {
    too_large_ = true;
    return skipped_.add("the file and its includes are larger than 32 MB", name_);
  }
  bytes_ += text.size();
  const size_t components = components_.size();
  std::string_view keyword;
  size_t arguments = 0;
  const auto end = [&](size_t at) {
    if (!keyword.empty()) end_keyword(keyword, text.substr(arguments, at - arguments), depth);
  };
  for (size_t begin = 0; begin < text.size();) {
    const size_t line_end = std::min(text.find_first_of("\r\n", begin), text.size());
    const std::string_view line = text.substr(begin, line_end - begin);
    if (line.size() >= 2 && line[0] == '.' && line[1] >= 'A' && line[1] <= 'Z') {
      end(begin);
      size_t length = 1;
      while (length < line.size() && !is_space(line[length])) ++length;
      keyword = line.substr(0, length);
      arguments = begin + length;
      pen_ = keyword == ".PEN_DOWN" || keyword == ".PEN_UP";
      begins_ = true;
      down_ = keyword == ".PEN_DOWN";
      if (pen_) read_point(line.substr(length));
    } else if (pen_) {
      read_point(line);
    }
    begin = line_end + 1;
  }
  end(text.size());
  pen_ = false;
  with_ink_ += components_.size() > components && depth > 0;
}

void Reader::end_keyword(std::string_view keyword, std::string_view arguments, int depth) {
  const bool comments = std::exchange(after_segment_, false);
  if (keyword == ".SEGMENT") {
    segments_.push_back({std::string(trimmed(arguments)), {}});
    after_segment_ = true;
  } else if (keyword == ".COMMENT" && comments) {
    segments_.back().comment = clean(arguments.substr(0, 200));
  } else if (keyword == ".INCLUDE") {
    include_file(std::string(take_word(arguments)), depth);
  } else if (keyword == ".COORD") {
    read_columns(arguments);
  } else if (keyword == ".WRITER_ID") {
    writers_.push_back(clean(trimmed(arguments).substr(0, 100)));
    writers_.back() = writers_.back().substr(0, writers_.back().find(' '));
  }
}

void Reader::include_file(std::string path, int depth) {
  std::optional<std::string> text;
  const char* why = nullptr;
  if (!stays_inside(path))
    why = "an include leads out of the distribution";
  else if (std::find(open_.begin(), open_.end(), path) != open_.end())
    why = "a file includes itself";
  else if (depth == kMaxDepth)
    why = "includes are nested too deep";
  else if (++includes_ > kMaxIncludes)
    why = "there are too many includes";
  else if (!(text = include_(path)))
    why = "an include is missing";
  if (why) {
    lost_.push_back(clean(path.substr(0, 200)));
    return skipped_.add(why, lost_.back() + " in " + name_);
  }
  open_.push_back(std::move(path));
  read_file(*text, depth + 1);
  open_.pop_back();
}

void Reader::read_columns(std::string_view names) {
  columns_ = 0, x_ = y_ = SIZE_MAX;
  for (std::string_view word = take_word(names); !word.empty(); word = take_word(names)) {
    if (word == "X") x_ = columns_;
    if (word == "Y") y_ = columns_;
    ++columns_;
  }
}

void Reader::read_point(std::string_view line) {
  line = trimmed(line);
  if (line.empty()) return;
  if (std::exchange(begins_, false))
    components_.push_back(
        {down_, false, static_cast<int32_t>(writers_.size()) - 1, points_.size(), points_.size()});
  Component& component = components_.back();
  Place place;
  size_t column = 0;
  bool x = false, y = false;
  const auto put = [&] {
    if (x && y) points_.push_back(place);
    component.broken |= !x || !y;
    column = 0, x = y = false;
  };
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    float number = 0;
    if (word.front() == '+') word.remove_prefix(1);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool good =
        error == std::errc() && end == word.data() + word.size() && std::abs(number) <= kMaxCoordinate;
    if (column == x_) place.x = number, x = good;
    if (column == y_) place.y = -number, y = good;  // the file's y grows upwards
    if (++column == columns_) put();
  }
  if (column > 0) put();  // what stands last may be left out
  component.end = points_.size();
}

// Why not; empty: it went well.
std::string Reader::strokes_of(const std::vector<Range>& ranges, UnipenSample& sample) {
  std::vector<Point> stroke;
  for (const Range& range : ranges) {
    if (range.last >= static_cast<int64_t>(components_.size()))
      return "a segment names components that are not there";
    if (range.first > range.last) return "a segment runs backwards";
    for (int64_t c = range.first; c <= range.last; ++c) {
      const Component& component = components_[static_cast<size_t>(c)];
      const auto size = static_cast<int64_t>(component.end - component.begin);
      const int64_t first = c == range.first && range.first_point >= 0 ? range.first_point : 0;
      const int64_t last = c == range.last && range.last_point >= 0 ? range.last_point : size - 1;
      if (size > 0 && (first >= size || last >= size)) return "a segment names points that are not there";
      ++points_used_;
      if (!component.down) continue;
      if (component.broken) return "a point is not as .COORD says";
      if (first > last && size > 0) return "a segment runs backwards";
      const int64_t count = size > 0 ? last - first + 1 : 0;
      points_used_ += static_cast<uint64_t>(count);
      if (points_used_ > kMaxOverlap * (points_.size() + components_.size()))
        return "segments overlap without end";
      if (count == 0) continue;
      if (static_cast<int64_t>(sample.ink.points.size()) + count > kMaxInkPoints ||
          sample.ink.stroke_count() == kMaxInkStrokes)
        return "a segment holds more than anybody draws";
      if (sample.ink.empty()) {
        sample.component = c;
        if (component.writer >= 0) sample.writer = writers_[static_cast<size_t>(component.writer)];
      }
      stroke.clear();
      for (int64_t p = first; p <= last; ++p) {
        const Place& place = points_[component.begin + static_cast<size_t>(p)];
        stroke.push_back({place.x, place.y, 0, 0.5f});
      }
      sample.ink.add_stroke(stroke);
    }
  }
  return sample.ink.empty() ? "there is no ink" : "";
}

std::string Reader::make(const Segment& segment, UnipenSample& sample) {
  std::string_view rest = segment.arguments;
  sample.type = clean(take_word(rest));
  std::string components(take_word(rest));
  while (components.ends_with(',')) {  // "3, 5"
    const std::string_view more = take_word(rest);
    if (more.empty()) break;
    components += more;
  }
  rest = trimmed(rest);
  if (!rest.starts_with('"')) sample.quality = clean(take_word(rest));
  std::vector<Range> ranges;
  if (!parse_ranges(components, ranges)) return "a segment is not as the format says";
  bool ligature = false;
  std::optional<std::string> label = parse_label(trimmed(rest), ligature);
  if (!label) return "a segment has no label";
  if (label->empty())
    return ligature ? "a segment is a ligature, no character" : "a segment's label is empty";
  sample.label = std::move(*label);
  sample.comment = segment.comment;
  if (too_large_ || (!lost_.empty() && with_ink_ > 1))
    return "components cannot be counted where a file is missing";
  return strokes_of(ranges, sample);
}

void Reader::make_samples(const std::function<bool(UnipenSample&&)>& sample) {
  for (const Segment& segment : segments_) {
    UnipenSample made;
    const std::string why = make(segment, made);
    if (!why.empty())
      skipped_.add(why, name_ + ": .SEGMENT " + clean(segment.arguments.substr(0, 60)));
    else if (!sample(std::move(made)))
      return;
  }
}

}  // namespace

std::vector<std::string> read_unipen(const std::string& name, std::string_view text,
                                     const UnipenInclude& include, Skipped& skipped,
                                     const std::function<bool(UnipenSample&&)>& sample) {
  Reader reader(name, include, skipped);
  reader.read(text);
  reader.make_samples(sample);
  return reader.lost();
}

}  // namespace biji
