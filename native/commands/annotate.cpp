#include "native/commands/annotate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "native/base/file.h"

namespace biji {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string percent(float probability) {
  return std::to_string(std::lround(100 * probability)) + " %";
}

// What a viewer shows: x, y, width, height.
std::string opening(const Box& view) {
  // Colours that colour-blind people tell apart (Okabe & Ito, 2008), each on a white halo that makes them
  // visible on dark pictures.
  const double unit = std::max(view.width, view.height) / 400.;
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"" + number(view.x) + " " + number(view.y) +
         " " + number(view.width) + " " + number(view.height) +
         "\">\n<style>\n"
         "rect, path { fill: none; stroke: #0072b2; stroke-width: " +
         number(unit) +
         " }\n"
         "path { stroke: #000; stroke-width: " +
         number(2 * unit) +
         "; stroke-linecap: round; stroke-linejoin: round }\n"
         ".halo { stroke: #fff; stroke-width: " +
         number(2.5 * unit) +
         "; stroke-opacity: 0.8 }\n"
         "text { fill: #0072b2; stroke: #fff; stroke-width: " +
         number(1.2 * unit) +
         "; paint-order: stroke; stroke-linejoin: round; font: bold 1px 'Noto Sans CJK SC', "
         "'PingFang SC', 'Microsoft YaHei', sans-serif }\n"
         ".unsure rect:not(.halo) { stroke: #d55e00; stroke-dasharray: " +
         number(4 * unit) + " " + number(2 * unit) +
         " }\n"
         ".unsure text { fill: #d55e00 }\n"
         "</style>\n";
}

std::string boxes(const Box& view, const Readings& readings, const Labels& classes) {
  const double unit = std::max(view.width, view.height) / 400.;
  std::string svg;
  for (const ReadCharacter& character : readings.characters) {
    const Box& box = character.box;
    const double gap = 2 * unit, size = std::clamp(0.35 * box.height, 9 * unit, 18 * unit);
    const double x = box.x - gap, y = box.y - gap;
    const std::string place = "x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" +
                              number(box.width + 2 * gap) + "\" height=\"" + number(box.height + 2 * gap) +
                              "\"";
    svg += !character.sure ? "<g class=\"unsure\"><title>" : "<g><title>";
    for (const Candidate& candidate : character.candidates)
      svg += escaped(classes[static_cast<size_t>(candidate.index)]) + " " + percent(candidate.probability) +
             "\n";
    svg += "</title><rect class=\"halo\" " + place + "/><rect " + place + "/><text x=\"" + number(x) +
           "\" y=\"" + number(std::max(y - gap, view.y + size)) + "\" style=\"font-size: " + number(size) +
           "px\">" + escaped(character.text) + " <tspan style=\"font-size: 55%\">" +
           percent(character.candidates[0].probability) + "</tspan></text></g>\n";
  }
  return svg;
}

}  // namespace

std::string annotated_svg(const Photo& photo, const Readings& readings, const Labels& classes) {
  const Box view{0, 0, static_cast<float>(photo.width), static_cast<float>(photo.height)};
  return opening(view) + "<image width=\"" + std::to_string(photo.width) + "\" height=\"" +
         std::to_string(photo.height) + "\" href=\"data:image/jpeg;base64," + base64(jpeg(photo, 88)) +
         "\"/>\n" + boxes(view, readings, classes) + "</svg>\n";
}

std::string annotated_svg(const Ink& ink, const Readings& readings, const Labels& classes) {
  Box view = bounds(ink);
  const float margin = 0.1f * std::max({view.width, view.height, 1.f});
  view = {view.x - margin, view.y - margin, view.width + 2 * margin, view.height + 2 * margin};
  std::string svg = opening(view);
  for (int32_t i = 0; i < ink.stroke_count(); ++i) {
    if (ink.stroke(i).empty()) continue;
    svg += "<path d=\"M";
    for (const Point& point : ink.stroke(i)) svg += " " + number(point.x) + " " + number(point.y);
    svg += "\"/>\n";
  }
  return svg + boxes(view, readings, classes) + "</svg>\n";
}

}  // namespace biji
