#include "wasm/ink_mesh.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace biji {
namespace {

Mesh whole(const std::vector<Point>& stroke, const Pen& pen) {
  Mesh mesh;
  append_arcs(stroke, 0, static_cast<int32_t>(stroke.size()), pen, mesh);
  return mesh;
}

// The largest alpha that a triangle of mesh has at (x, y): what is seen there.
float alpha_at(const Mesh& mesh, float x, float y) {
  float best = 0;
  for (size_t i = 0; i < mesh.indices.size(); i += 3) {
    const auto &a = mesh.vertices[mesh.indices[i]], &b = mesh.vertices[mesh.indices[i + 1]],
               &c = mesh.vertices[mesh.indices[i + 2]];
    const float area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
    if (std::fabs(area) < 1e-9f) continue;
    const float u = ((b.x - x) * (c.y - y) - (c.x - x) * (b.y - y)) / area;
    const float v = ((c.x - x) * (a.y - y) - (a.x - x) * (c.y - y)) / area;
    const float w = 1 - u - v;
    const float e = -1e-4f;
    if (u >= e && v >= e && w >= e) best = std::max(best, u * a.alpha + v * b.alpha + w * c.alpha);
  }
  return best;
}

std::vector<Point> random_stroke(std::mt19937& random, int32_t n) {
  const auto unit = [&] { return static_cast<float>(random() % 10000) / 10000; };
  std::vector<Point> out;
  float x = 200 * unit(), y = 200 * unit();
  for (int32_t i = 0; i < n; i++) {
    out.push_back({x, y, 0, unit()});
    x += 40 * unit() - 20;
    y += 40 * unit() - 20;
  }
  return out;
}

TEST(InkMesh, ATapIsADiscOfThePensWidth) {
  const Mesh mesh = whole({{10, 10}}, {8, 0, 1});
  EXPECT_GT(alpha_at(mesh, 10, 10), 254);
  EXPECT_GT(alpha_at(mesh, 13.4f, 10), 200);
  EXPECT_NEAR(alpha_at(mesh, 14, 10), 128, 30);  // the edge is half covered
  EXPECT_LT(alpha_at(mesh, 14.7f, 10), 1);
}

TEST(InkMesh, AStraightLineIsAsWideAsThePenAndRoundAtItsEnds) {
  const Mesh mesh = whole({{10, 20}, {30, 20}, {50, 20}}, {6, 0, 0.5f});
  for (float x : {10.f, 20.f, 31.f, 50.f}) {
    EXPECT_GT(alpha_at(mesh, x, 22.6f), 250) << x;
    EXPECT_LT(alpha_at(mesh, x, 23.4f), 1) << x;
  }
  EXPECT_GT(alpha_at(mesh, 7.3f, 20), 250);
  EXPECT_LT(alpha_at(mesh, 7.3f, 22.6f), 5);
}

TEST(InkMesh, PressureWidensTheLine) {
  const Pen pen{6, 0.8f, 1};
  const Mesh light = whole({{0, 0, 0, 0.1f}, {50, 0, 0, 0.1f}, {100, 0, 0, 0.1f}}, pen);
  const Mesh heavy = whole({{0, 0, 0, 0.9f}, {50, 0, 0, 0.9f}, {100, 0, 0, 0.9f}}, pen);
  EXPECT_LT(alpha_at(light, 50, 3), 1);
  EXPECT_GT(alpha_at(heavy, 50, 3), 250);
}

TEST(InkMesh, ASharpTurnIsFilled) {
  const Mesh mesh = whole({{0, 0}, {50, 0}, {100, 0}, {50, 0.5f}, {0, 1}}, {10, 0, 1});
  for (float x = 0; x <= 75; x += 5) EXPECT_GT(alpha_at(mesh, x, 3), 250) << x;
}

// What is drawn while the pen moves is what is drawn in the end: arcs that final_arcs promises never change.
TEST(InkMesh, PiecesMakeTheSameCurveAsTheWhole) {
  std::mt19937 random(1);
  const Pen pen{5, 0.7f, 0.5f};
  for (int round = 0; round < 50; round++) {
    const auto stroke = random_stroke(random, 2 + static_cast<int32_t>(random() % 30));
    const auto n = static_cast<int32_t>(stroke.size());
    Mesh pieces;
    int32_t drawn = 0;
    for (int32_t seen = 1; seen <= n; seen += 1 + static_cast<int32_t>(random() % 3)) {
      const int32_t settled = final_arcs(seen, false);
      append_arcs(std::span<const Point>(stroke).first(seen), drawn, settled, pen, pieces);
      drawn = std::max(drawn, settled);
    }
    append_arcs(stroke, drawn, final_arcs(n, true), pen, pieces);
    const Mesh at_once = whole(stroke, pen);
    ASSERT_EQ(pieces.vertices.size(), at_once.vertices.size());
    ASSERT_EQ(pieces.indices, at_once.indices);
    for (size_t i = 0; i < pieces.vertices.size(); i++) {
      ASSERT_EQ(pieces.vertices[i].x, at_once.vertices[i].x);
      ASSERT_EQ(pieces.vertices[i].y, at_once.vertices[i].y);
    }
  }
}

TEST(InkMesh, AnyInkGivesFiniteTrianglesNearTheStroke) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; round++) {
    auto stroke = random_stroke(random, 1 + static_cast<int32_t>(random() % 20));
    if (round % 3 == 0) stroke.insert(stroke.end(), 3, stroke.back());  // repeated points
    if (round % 5 == 0) stroke.push_back(stroke.front());
    const Pen pen{0.5f + static_cast<float>(random() % 40), 1, 0.25f + static_cast<float>(random() % 4)};
    const Mesh mesh = whole(stroke, pen);
    ASSERT_FALSE(mesh.indices.empty());
    const float reach = pen.width + pen.pixel;
    Box box{stroke[0].x, stroke[0].y, 0, 0};
    float right = box.x, bottom = box.y;
    for (const Point& p : stroke) {
      box.x = std::min(box.x, p.x);
      box.y = std::min(box.y, p.y);
      right = std::max(right, p.x);
      bottom = std::max(bottom, p.y);
    }
    for (const MeshVertex& v : mesh.vertices) {
      ASSERT_TRUE(v.x >= box.x - reach && v.x <= right + reach && v.y >= box.y - reach &&
                  v.y <= bottom + reach);
    }
    for (const uint32_t index : mesh.indices) ASSERT_LT(index, mesh.vertices.size());
  }
}

}  // namespace
}  // namespace biji
