#include "wasm/ink_mesh.h"

#include <algorithm>
#include <cmath>

namespace biji {
namespace {

constexpr float kPi = 3.14159265f;

struct Vec {
  float x = 0;
  float y = 0;
};
Vec operator+(Vec a, Vec b) {
  return {a.x + b.x, a.y + b.y};
}
Vec operator-(Vec a, Vec b) {
  return {a.x - b.x, a.y - b.y};
}
Vec operator*(Vec a, float s) {
  return {a.x * s, a.y * s};
}
float dot(Vec a, Vec b) {
  return a.x * b.x + a.y * b.y;
}
float length(Vec a) {
  return std::sqrt(dot(a, a));
}
// A direction, or otherwise where a has none.
Vec unit(Vec a, Vec otherwise) {
  const float l = length(a);
  return l > 1e-6f ? a * (1 / l) : otherwise;
}

// A point of the centre line and half the width of the ink there.
struct Node {
  Vec at;
  float radius = 0;
};

class Stroker {
 public:
  Stroker(std::span<const Point> stroke, const Pen& pen, Mesh& mesh)
      : stroke_(stroke), pen_(pen), mesh_(mesh) {}

  void arcs(int32_t first, int32_t last) {
    const auto n = static_cast<int32_t>(stroke_.size());
    Node here = node(first);
    Node from = first == 0 ? here : between(node(first - 1), here);
    if (first == 0) disc(here);
    for (int32_t i = first; i < last; i++) {
      const Node next = node(std::min(i + 1, n - 1));
      const Node to = i == n - 1 ? here : between(here, next);
      arc(from, here, to);
      from = to;
      here = next;
    }
    if (last == n && n > 1) disc(here);
  }

 private:
  // Sample i after smoothing.
  Node node(int32_t i) const {
    // The mean of this and the three samples before: digitizers report pressure in steps.
    float pressure = 0;
    for (int32_t k = 0; k < 4; k++) pressure += stroke_[std::max(i - k, 0)].pressure / 4;
    Node out{{stroke_[i].x, stroke_[i].y}, 0};
    out.radius = pen_.width / 2 * std::max(1 + pen_.pressure_gain * (2 * pressure - 1), 1.0f / 3);

    if (i > 0 && i + 1 < static_cast<int32_t>(stroke_.size())) {
      constexpr float kSmoothed = 8;  // CSS pixels: samples farther apart than this are trusted as they are
      const Vec before{stroke_[i - 1].x, stroke_[i - 1].y}, after{stroke_[i + 1].x, stroke_[i + 1].y};
      const float spacing = std::max(length(out.at - before), length(after - out.at));
      const float weight = std::max(0.0f, 1 - spacing / kSmoothed) / 4;
      out.at = out.at * (1 - 2 * weight) + (before + after) * weight;
    }
    return out;
  }

  static Node between(const Node& a, const Node& b) {
    return {(a.at + b.at) * 0.5f, (a.radius + b.radius) / 2};
  }

  void arc(Node from, Node control, Node to) {
    const Vec whole = unit(to.at - from.at, {1, 0});
    const Vec in = unit(control.at - from.at, unit(to.at - control.at, whole));
    const Vec out = unit(to.at - control.at, in);
    const float turn = std::acos(std::clamp(dot(in, out), -1.0f, 1.0f));

    // As many pieces as keep the centre line, and the outer edge of a wide pen, within a tenth of a pixel; none
    // shorter than a pixel.
    const Vec first_leg = control.at - from.at, second_leg = to.at - control.at;
    const float sag = length(second_leg - first_leg) / 4;
    const float wanted = std::max(std::sqrt(sag / (0.1f * pen_.pixel)), turn / step_angle(control.radius));
    const float most = std::min((length(first_leg) + length(second_leg)) / pen_.pixel, 48.0f);
    const auto pieces = std::max(static_cast<int32_t>(std::ceil(std::min(wanted, most))), 1);

    uint32_t last_section = section(from, in);
    Vec last_tangent = in;
    Node last = from;
    bool rounded = false;  // there is a disc at last
    for (int32_t i = 1; i <= pieces; i++) {
      const float t = static_cast<float>(i) / pieces, s = 1 - t;
      const Node next = i == pieces
                            ? to
                            : Node{from.at * (s * s) + control.at * (2 * s * t) + to.at * (t * t),
                                   from.radius * s * s + control.radius * 2 * s * t + to.radius * t * t};
      const Vec tangent = i == pieces ? out : unit(first_leg * s + second_leg * t, last_tangent);
      const uint32_t next_section = section(next, tangent);
      bridge(last_section, next_section);
      // Where the line turns faster than the sections can follow, discs round the corner off.
      const bool sharp = dot(tangent, last_tangent) < 0.8f;
      if (sharp && !rounded) disc(last);
      if (sharp) disc(next);
      rounded = sharp;
      last_section = next_section;
      last_tangent = tangent;
      last = next;
    }
  }

  // The largest angle whose chord stays within a tenth of a pixel of a circle.
  float step_angle(float radius) const {
    return 2 * std::acos(std::clamp(1 - 0.1f * pen_.pixel / std::max(radius, pen_.pixel), -1.0f, 1.0f));
  }

  // Half the solid core, and half of the whole width with its soft edge of one pixel. A line thinner than a pixel
  // keeps the width of a pixel.
  float core(float radius) const { return std::max(radius - pen_.pixel / 2, 0.0f); }
  float rim(float radius) const { return std::max(radius, pen_.pixel / 2) + pen_.pixel / 2; }

  uint32_t vertex(Vec at, uint8_t alpha) {
    mesh_.vertices.push_back({at.x, at.y, alpha});
    return static_cast<uint32_t>(mesh_.vertices.size()) - 1;
  }
  void triangle(uint32_t a, uint32_t b, uint32_t c) { mesh_.indices.insert(mesh_.indices.end(), {a, b, c}); }

  // Four vertices across the line: rim, core, core, rim. Returns the index of the first.
  uint32_t section(const Node& node, Vec tangent) {
    const Vec normal{-tangent.y, tangent.x};
    const uint32_t first = vertex(node.at + normal * rim(node.radius), 0);
    vertex(node.at + normal * core(node.radius), 255);
    vertex(node.at - normal * core(node.radius), 255);
    vertex(node.at - normal * rim(node.radius), 0);
    return first;
  }

  void bridge(uint32_t a, uint32_t b) {
    for (uint32_t k = 0; k < 3; k++) {
      triangle(a + k, a + k + 1, b + k);
      triangle(b + k, a + k + 1, b + k + 1);
    }
  }

  void disc(const Node& node) {
    const auto corners =
        static_cast<uint32_t>(std::clamp(std::ceil(2 * kPi / step_angle(node.radius)), 8.0f, 64.0f));
    const uint32_t centre = vertex(node.at, 255);
    for (uint32_t k = 0; k < corners; k++) {
      const float angle = 2 * kPi * k / corners;
      const Vec normal{std::cos(angle), std::sin(angle)};
      vertex(node.at + normal * core(node.radius), 255);
      vertex(node.at + normal * rim(node.radius), 0);
    }
    for (uint32_t k = 0; k < corners; k++) {
      const uint32_t a = centre + 1 + 2 * k, b = centre + 1 + 2 * ((k + 1) % corners);
      triangle(centre, a, b);
      triangle(a, a + 1, b);
      triangle(b, a + 1, b + 1);
    }
  }

  std::span<const Point> stroke_;
  const Pen& pen_;
  Mesh& mesh_;
};

}  // namespace

void append_arcs(std::span<const Point> stroke, int32_t first, int32_t last, const Pen& pen, Mesh& mesh) {
  assert(first >= 0 && first <= last && last <= static_cast<int32_t>(stroke.size()));
  if (first == last) return;
  Stroker(stroke, pen, mesh).arcs(first, last);
}

}  // namespace biji
