#include "shared/segment.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shared/components.h"

namespace biji {
namespace {

// Disjoint sets (R. Tarjan, 1975), path halving.
class Sets {
 public:
  explicit Sets(int32_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0); }
  int32_t find(int32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(int32_t a, int32_t b) {
    a = find(a);
    b = find(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<int32_t> parent_;
};

float right(const Box& box) {
  return box.x + box.width;
}
float bottom(const Box& box) {
  return box.y + box.height;
}

Box merge(const Box& a, const Box& b) {
  const float x = std::min(a.x, b.x), y = std::min(a.y, b.y);
  return {x, y, std::max(right(a), right(b)) - x, std::max(bottom(a), bottom(b)) - y};
}

// One character in the making: the parts (strokes or components) it has, and their common box.
struct Group {
  std::vector<int32_t> parts;
  Box box;
  int32_t line = 0;
};

Box bounds_of(const std::vector<Group>& groups) {
  Box all = groups[0].box;
  for (const Group& group : groups) all = merge(all, group.box);
  return all;
}

Group merge(Group a, const Group& b) {
  a.parts.insert(a.parts.end(), b.parts.begin(), b.parts.end());
  a.box = merge(a.box, b.box);
  return a;
}

Group join(const std::vector<Group>& groups) {
  Group all = groups[0];
  for (size_t i = 1; i < groups.size(); ++i) all = merge(std::move(all), groups[i]);
  return all;
}

// The size of a large part: most parts of a character are smaller than the character.
float typical_size(const std::vector<Group>& parts) {
  std::vector<float> sizes;
  for (const Group& part : parts) sizes.push_back(std::max(part.box.width, part.box.height));
  std::sort(sizes.begin(), sizes.end());
  return sizes.empty() ? 0 : sizes[(sizes.size() - 1) * 3 / 4];
}

// Gives every part a line. Large parts found lines, small ones (dots, bars) join the nearest.
std::vector<std::vector<Group>> split_lines(std::vector<Group> parts) {
  const float size = typical_size(parts);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Group& a, const Group& b) { return a.box.height > b.box.height; });
  std::vector<std::vector<Group>> lines;
  std::vector<Box> extents;
  for (Group& part : parts) {
    size_t best = lines.size();
    float best_gap = 0.35f * size;
    for (size_t i = 0; i < lines.size(); ++i) {
      const float gap = std::max(part.box.y, extents[i].y) - std::min(bottom(part.box), bottom(extents[i]));
      const bool inside = -gap >= 0.5f * part.box.height;
      if (inside || gap < best_gap) {
        best = i;
        best_gap = inside ? -1e30f : gap;
        if (inside) break;
      }
    }
    if (best == lines.size()) {
      lines.emplace_back();
      extents.push_back(part.box);
    }
    extents[best] = merge(extents[best], part.box);
    lines[best].push_back(std::move(part));
  }
  std::vector<size_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return extents[a].y < extents[b].y; });
  std::vector<std::vector<Group>> sorted;
  for (const size_t i : order) sorted.push_back(std::move(lines[i]));
  return sorted;
}

// Joins the parts of one line that stand above each other: those that share a third of the narrower's width.
std::vector<Group> join_columns(std::vector<Group> line) {
  const auto by_x = [](const Group& a, const Group& b) { return a.box.x < b.box.x; };
  std::stable_sort(line.begin(), line.end(), by_x);
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<Group> next;
    for (Group& group : line) {
      auto host = std::find_if(next.rbegin(), next.rend(), [&](const Group& other) {
        const float overlap =
            std::min(right(other.box), right(group.box)) - std::max(other.box.x, group.box.x);
        return overlap >= 0.35f * std::min(other.box.width, group.box.width);
      });
      if (host == next.rend()) {
        next.push_back(std::move(group));
      } else {
        *host = merge(std::move(*host), group);
        changed = true;
      }
    }
    line = std::move(next);
    std::stable_sort(line.begin(), line.end(), by_x);
  }
  return line;
}

// Joins neighbours into squares by dynamic programming over the line: the sum of how far each character's
// width is from the line's height, plus the white space that it swallows, is smallest.
std::vector<Group> join_squares(const std::vector<Group>& columns) {
  if (columns.size() < 2) return columns;
  const Box all = bounds_of(columns);
  const float size = std::max(all.height, all.width / static_cast<float>(columns.size()));
  const size_t n = columns.size();
  std::vector<float> cost(n + 1, 1e30f);
  std::vector<size_t> from(n + 1, 0);
  cost[0] = 0;
  for (size_t end = 1; end <= n; ++end) {
    Box box = columns[end - 1].box;
    float widest_gap = 0;
    for (size_t begin = end; begin-- > 0 && end - begin <= 6;) {
      if (begin + 1 < end)
        widest_gap = std::max(widest_gap, columns[begin + 1].box.x - right(columns[begin].box));
      box = merge(box, columns[begin].box);
      const float excess = box.width / size - 0.9f;
      const float here = (excess > 0 ? 4 * excess * excess : 0.5f * excess * excess) +
                         0.5f * std::max(0.f, widest_gap / size) + 0.05f;
      if (cost[begin] + here < cost[end]) {
        cost[end] = cost[begin] + here;
        from[end] = begin;
      }
    }
  }
  std::vector<Group> squares;
  for (size_t end = n; end > 0; end = from[end]) {
    Group group = columns[from[end]];
    for (size_t i = from[end] + 1; i < end; ++i) group = merge(std::move(group), columns[i]);
    squares.push_back(std::move(group));
  }
  std::reverse(squares.begin(), squares.end());
  return squares;
}

// The size of the characters of a script of squares: every second one has a part as large as itself.
float square_size(const std::vector<Group>& parts) {
  std::vector<float> sizes;
  for (const Group& part : parts) sizes.push_back(std::max(part.box.width, part.box.height));
  std::sort(sizes.begin(), sizes.end());
  return sizes[sizes.size() - 1 - (sizes.size() - 1) / 10];
}

// Ink of a script of squares that is itself about a square, and not much larger than its largest part, is one
// character, however its strokes lie.
bool one_square(const std::vector<Group>& parts) {
  const Box all = bounds_of(parts);
  return all.width <= 1.4f * all.height && all.height <= 1.6f * all.width &&
         std::max(all.width, all.height) <= 1.9f * square_size(parts);
}

// Cuts parts where white runs through from side to side. Bands too thin for a line of characters of this size
// (三) join the nearer neighbour.
std::vector<std::vector<Group>> split_bands(std::vector<Group> parts, float size) {
  struct Band {
    float top, bottom;
    std::vector<Group> parts;
  };
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Group& a, const Group& b) { return a.box.y < b.box.y; });
  std::vector<Band> bands;
  for (Group& part : parts) {
    if (bands.empty() || part.box.y > bands.back().bottom)
      bands.push_back({part.box.y, bottom(part.box), {}});
    bands.back().bottom = std::max(bands.back().bottom, bottom(part.box));
    bands.back().parts.push_back(std::move(part));
  }
  for (;;) {
    size_t upper = bands.size();  // of the pair to join
    float least = 0.5f * size;
    for (size_t i = 0; i + 1 < bands.size(); ++i) {
      const Band &a = bands[i], &b = bands[i + 1];
      const float gap = b.top - a.bottom;
      const bool thin = std::min(a.bottom - a.top, b.bottom - b.top) < 0.6f * size;
      if (thin && gap < least && b.bottom - a.top <= 1.7f * size) {
        upper = i;
        least = gap;
      }
    }
    if (upper == bands.size()) break;
    Band& band = bands[upper];
    Band& below = bands[upper + 1];
    band.bottom = below.bottom;
    for (Group& part : below.parts) band.parts.push_back(std::move(part));
    bands.erase(bands.begin() + static_cast<ptrdiff_t>(upper) + 1);
  }
  std::vector<std::vector<Group>> result;
  for (Band& band : bands) result.push_back(std::move(band.parts));
  return result;
}

// Splits lines that reach into each other's height. Each part goes to the line whose ink beside it is at its
// height, so that lines may slope; tall parts first, which tell best where a line is.
std::vector<std::vector<Group>> split_sloping(std::vector<Group> parts, float size) {
  const auto tall = [size](const Group& part) { return part.box.height >= 0.5f * size; };
  const auto middle = [](const Group& part) { return part.box.y + 0.5f * part.box.height; };
  std::stable_sort(parts.begin(), parts.end(), [&](const Group& a, const Group& b) {
    return tall(a) != tall(b) ? tall(a) : a.box.x < b.box.x;
  });
  struct Line {
    std::vector<Group> parts;
    size_t guides = 0;  // so many of its first parts tell where it is
  };
  std::vector<Line> lines;
  for (Group& part : parts) {
    Line* best = nullptr;
    float least = (tall(part) ? 0.55f : 0.8f) * size;
    for (Line& line : lines) {
      const Group* beside = nullptr;
      float gap = 0;
      for (size_t i = 0; i < line.guides; ++i) {
        const Box& box = line.parts[i].box;
        const float here = std::max(box.x - right(part.box), part.box.x - right(box));
        if (beside == nullptr || here < gap) {
          beside = &line.parts[i];
          gap = here;
        }
      }
      const float distance = std::abs(middle(part) - middle(*beside));
      if (distance < least) {
        best = &line;
        least = distance;
      }
    }
    if (best == nullptr) best = &lines.emplace_back();
    if (tall(part) || best->parts.empty()) ++best->guides;
    best->parts.push_back(std::move(part));
  }
  const auto height = [&](const Line& line) {
    float sum = 0;
    for (size_t i = 0; i < line.guides; ++i) sum += middle(line.parts[i]);
    return sum / static_cast<float>(line.guides);
  };
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const Line& a, const Line& b) { return height(a) < height(b); });
  std::vector<std::vector<Group>> sorted;
  for (Line& line : lines) sorted.push_back(std::move(line.parts));
  return sorted;
}

// Lines of a script of squares, which stand closer together than the parts of their characters may.
std::vector<std::vector<Group>> split_square_lines(std::vector<Group> parts) {
  const float size = square_size(parts);
  std::vector<std::vector<Group>> lines;
  for (std::vector<Group>& band : split_bands(std::move(parts), size)) {
    if (bounds_of(band).height <= 1.8f * size) {
      lines.push_back(std::move(band));
    } else {
      for (std::vector<Group>& line : split_sloping(std::move(band), size)) lines.push_back(std::move(line));
    }
  }
  return lines;
}

// Two of them that touch, and together are not as long as two characters are, are halves of one.
bool two_halves(const std::vector<Group>& characters) {
  if (characters.size() != 2) return false;
  const Box &a = characters[0].box, &b = characters[1].box, all = merge(a, b);
  const float gap = std::max(std::max(a.x, b.x) - std::min(right(a), right(b)),
                             std::max(a.y, b.y) - std::min(bottom(a), bottom(b)));
  const float size = 0.5f * (std::max(a.width, a.height) + std::max(b.width, b.height));
  return gap < 0.08f * size && all.width <= 1.8f * all.height && all.height <= 3 * all.width;
}

std::vector<Group> arrange(std::vector<Group> parts, const SegmentOptions& options) {
  std::vector<Group> characters;
  if (parts.empty()) return characters;
  if (options.square && one_square(parts)) {
    characters.push_back(join(parts));
  } else {
    int32_t number = 0;
    for (std::vector<Group>& line :
         options.square ? split_square_lines(std::move(parts)) : split_lines(std::move(parts))) {
      std::vector<Group> columns = join_columns(std::move(line));
      if (options.square) columns = join_squares(columns);
      for (Group& group : columns) {
        group.line = number;
        characters.push_back(std::move(group));
      }
      ++number;
    }
    if (options.square && two_halves(characters)) characters = {join(characters)};
  }
  for (Group& group : characters) std::sort(group.parts.begin(), group.parts.end());
  return characters;
}

float distance2(Point p, Point a, Point b) {
  const float vx = b.x - a.x, vy = b.y - a.y;
  const float length2 = vx * vx + vy * vy;
  const float t = length2 > 0 ? std::clamp(((p.x - a.x) * vx + (p.y - a.y) * vy) / length2, 0.f, 1.f) : 0.f;
  const float dx = p.x - (a.x + t * vx), dy = p.y - (a.y + t * vy);
  return dx * dx + dy * dy;
}

// True when some point of a comes within reach of the polyline b.
bool near(std::span<const Point> a, std::span<const Point> b, float reach) {
  for (const Point& p : a) {
    if (b.size() == 1 && distance2(p, b[0], b[0]) <= reach * reach) return true;
    for (size_t i = 1; i < b.size(); ++i)
      if (distance2(p, b[i - 1], b[i]) <= reach * reach) return true;
  }
  return false;
}

bool boxes_within(const Box& a, const Box& b, float reach) {
  return a.x <= right(b) + reach && b.x <= right(a) + reach && a.y <= bottom(b) + reach &&
         b.y <= bottom(a) + reach;
}

}  // namespace

std::vector<InkCharacter> segment(const Ink& ink, const SegmentOptions& options) {
  const int32_t count = ink.stroke_count();
  std::vector<Group> strokes;
  for (int32_t i = 0; i < count; ++i) {
    const std::span<const Point> stroke = ink.stroke(i);
    if (!stroke.empty()) strokes.push_back({{i}, bounds(stroke), 0});
  }
  // Strokes that touch belong together, wherever their boxes are (the arm of a K). Quadratic in the points of
  // neighbouring strokes, so only for ink of a size that people draw.
  constexpr int32_t kMaxTouchStrokes = 512, kMaxTouchPoints = 16384;
  if (count <= kMaxTouchStrokes && static_cast<int32_t>(ink.points.size()) <= kMaxTouchPoints) {
    const float reach = 0.05f * typical_size(strokes);
    Sets sets(static_cast<int32_t>(strokes.size()));
    for (size_t a = 0; a < strokes.size(); ++a) {
      for (size_t b = a + 1; b < strokes.size(); ++b) {
        if (!boxes_within(strokes[a].box, strokes[b].box, reach)) continue;
        const auto first = ink.stroke(strokes[a].parts[0]), second = ink.stroke(strokes[b].parts[0]);
        if (near(first, second, reach) || near(second, first, reach))
          sets.join(static_cast<int32_t>(a), static_cast<int32_t>(b));
      }
    }
    std::vector<Group> joined;
    std::vector<int32_t> place(strokes.size(), -1);
    for (size_t i = 0; i < strokes.size(); ++i) {
      const int32_t root = sets.find(static_cast<int32_t>(i));
      if (place[root] < 0) {
        place[root] = static_cast<int32_t>(joined.size());
        joined.push_back(strokes[i]);
      } else {
        joined[place[root]] = merge(std::move(joined[place[root]]), strokes[i]);
      }
    }
    strokes = std::move(joined);
  }
  std::vector<InkCharacter> characters;
  for (Group& group : arrange(std::move(strokes), options))
    characters.push_back({std::move(group.parts), group.box, group.line});
  return characters;
}

Ink extract(const Ink& ink, const InkCharacter& character) {
  Ink out;
  for (const int32_t stroke : character.strokes) out.add_stroke(ink.stroke(stroke));
  return out;
}

ImageCharacters segment(const Image& ink, const SegmentOptions& options) {
  const int32_t ink_level = std::max<int32_t>(kFaintInk, 3 * darkest(ink) / 8);
  ImageCharacters result;
  result.labels.assign(ink.pixels.size(), 0);
  struct Component {
    Rect rect;
    int32_t pixels = 0;
  };
  std::vector<Component> components(1);  // label 0: none
  for_each_component(ink.pixels, ink.width, static_cast<uint8_t>(ink_level),
                     [&](std::span<const int32_t> part) {
                       const auto label = static_cast<int32_t>(components.size());
                       for (const int32_t at : part) result.labels[at] = label;
                       components.push_back({bounds(part, ink.width), static_cast<int32_t>(part.size())});
                     });

  // Specks: components much smaller than the large ones. Dust must not become a character.
  std::vector<int32_t> sizes;
  for (size_t i = 1; i < components.size(); ++i)
    sizes.push_back(std::max(components[i].rect.width, components[i].rect.height));
  std::sort(sizes.begin(), sizes.end());
  const int32_t largest = sizes.empty() ? 0 : sizes.back();
  const int32_t least = std::max(2, largest / 24);
  std::vector<Group> parts;
  for (size_t i = 1; i < components.size(); ++i) {
    const Rect& r = components[i].rect;
    if (std::max(r.width, r.height) < least || components[i].pixels < 3) continue;
    parts.push_back({{static_cast<int32_t>(i)},
                     {static_cast<float>(r.x), static_cast<float>(r.y), static_cast<float>(r.width),
                      static_cast<float>(r.height)},
                     0});
  }
  for (Group& group : arrange(std::move(parts), options)) {
    const Rect rect{static_cast<int32_t>(group.box.x), static_cast<int32_t>(group.box.y),
                    static_cast<int32_t>(group.box.width), static_cast<int32_t>(group.box.height)};
    result.characters.push_back({std::move(group.parts), rect, group.line});
  }
  return result;
}

Image extract(const Image& ink, const ImageCharacters& all, const ImageCharacter& character) {
  constexpr int32_t kMargin = 2;  // the soft edge around a component lies outside its label
  Rect rect = character.rect;
  const int32_t x1 = std::min(ink.width, rect.x + rect.width + kMargin);
  const int32_t y1 = std::min(ink.height, rect.y + rect.height + kMargin);
  rect.x = std::max(0, rect.x - kMargin);
  rect.y = std::max(0, rect.y - kMargin);
  rect.width = x1 - rect.x;
  rect.height = y1 - rect.y;
  const auto mine = [&](int32_t label) {
    return std::binary_search(character.components.begin(), character.components.end(), label);
  };
  Image out(rect.width, rect.height);
  for (int32_t y = 0; y < rect.height; ++y) {
    for (int32_t x = 0; x < rect.width; ++x) {
      const int32_t gx = rect.x + x, gy = rect.y + y;
      const int32_t label = all.labels[static_cast<size_t>(gy) * ink.width + gx];
      bool keep = label != 0 && mine(label);
      for (int32_t j = std::max(0, gy - kMargin);
           label == 0 && !keep && j <= std::min(ink.height - 1, gy + kMargin); ++j)
        for (int32_t i = std::max(0, gx - kMargin); !keep && i <= std::min(ink.width - 1, gx + kMargin);
             ++i) {
          const int32_t near_label = all.labels[static_cast<size_t>(j) * ink.width + i];
          keep = near_label != 0 && mine(near_label);
        }
      if (keep) out.at(x, y) = ink.at(gx, gy);
    }
  }
  return out;
}

}  // namespace biji
