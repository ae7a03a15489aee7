#include "wasm/pad.h"

#include <GLES3/gl3.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

#include "backends/imgui_impl_opengl3.h"
#include "imgui.h"
#include "imgui_internal.h"  // ImFontLoader
#include "wasm/ink_document.h"
#include "wasm/ink_mesh.h"

using biji::Err;
using biji::InkDocument;
using biji::Mesh;
using biji::Pen;
using biji::Point;

static_assert(sizeof(Point) == 4 * sizeof(float), "scratch is read as points");

namespace {

int32_t status(Err err) {
  return static_cast<int32_t>(err);
}

// What belongs to one WebGL2 context: Dear ImGui with its backend, and the texture of the finished ink.
struct Screen {
  ImGuiContext* imgui = nullptr;
  ImDrawList* list = nullptr;  // what goes into the texture
  GLuint texture = 0;
  GLuint framebuffer = 0;
  int32_t width = 0;
  int32_t height = 0;
};

// Dear ImGui wants a font before it draws anything. The page writes all text, so this one has no glyph, and
// the built-in font stays out of the module.
const ImFontLoader* blank_font() {
  static const ImFontLoader loader = [] {
    ImFontLoader out;
    out.Name = "blank";
    out.FontSrcContainsGlyph = [](ImFontAtlas*, ImFontConfig*, ImWchar) { return true; };
    out.FontBakedLoadGlyph = [](ImFontAtlas*, ImFontConfig*, ImFontBaked*, void*, ImWchar codepoint,
                                ImFontGlyph* glyph, float* advance_x) {
      if (advance_x) *advance_x = 1;
      if (glyph) {
        glyph->Codepoint = codepoint;
        glyph->AdvanceX = 1;
      }
      return true;
    };
    return out;
  }();
  return &loader;
}

}  // namespace

// What Dear ImGui is built to call in place of its own (wasm/pad.cmake): its TrueType rasteriser and printf would be a
// tenth of the module, for text that is never written.
namespace ImGuiFreeType {
const ImFontLoader* GetFontLoader() {
  return blank_font();
}
}  // namespace ImGuiFreeType
int ImFormatString(char* buffer, size_t size, const char*, ...) {
  if (buffer && size > 0) *buffer = 0;
  return 0;
}
int ImFormatStringV(char* buffer, size_t size, const char*, va_list) {
  if (buffer && size > 0) *buffer = 0;
  return 0;
}

namespace {

// Appends mesh to list in one colour. ink: IM_COL32 with any alpha, which is ignored.
void add_mesh(const Mesh& mesh, ImU32 ink, ImDrawList* list) {
  if (mesh.indices.empty()) return;
  list->PrimReserve(static_cast<int>(mesh.indices.size()), static_cast<int>(mesh.vertices.size()));
  const ImVec2 white = list->_Data->TexUvWhitePixel;
  const ImU32 rgb = ink & ~IM_COL32_A_MASK;
  const ImDrawIdx base = list->_VtxCurrentIdx;
  for (const uint32_t index : mesh.indices) *list->_IdxWritePtr++ = base + index;
  for (const auto& vertex : mesh.vertices) {
    *list->_VtxWritePtr++ = {
        {vertex.x, vertex.y}, white, rgb | static_cast<ImU32>(vertex.alpha) << IM_COL32_A_SHIFT};
  }
  list->_VtxCurrentIdx += static_cast<unsigned>(mesh.vertices.size());
}

}  // namespace

struct biji_pad {
  InkDocument document;

  // Look.
  int32_t width = 0;  // of the drawing buffer, device pixels
  int32_t height = 0;
  float scale = 1;  // device pixels per CSS pixel
  ImU32 ink = IM_COL32(20, 20, 28, 255);
  ImU32 box = IM_COL32(0, 0, 0, 0);
  Pen pen;
  std::vector<biji::Box> boxes;

  // What the texture shows: the first baked_strokes finished strokes and the first baked_arcs arcs of the live one.
  bool stale = true;  // the texture has to be drawn anew
  bool dirty = true;
  int32_t baked_strokes = 0;
  int32_t baked_arcs = 0;

  std::vector<Point> predicted;
  std::vector<Point> scratch;
  biji::Ink exported;
  Mesh mesh;
  std::vector<Point> tail;
  Screen screen;

  void attach();
  void detach();
  void draw();

  // After strokes were taken away or changed place.
  void redraw() {
    stale = dirty = true;
    boxes.clear();
    predicted.clear();
  }
  // After the stroke under the pen has grown or ended.
  void grew() {
    dirty = true;
    boxes.clear();
    predicted.clear();
  }

 private:
  bool resize_texture();
  void bake();
  void begin_list();
  void render_list();
};

// ---- drawing --------------------------------------------------------------------------------------------------------

void biji_pad::attach() {
  IMGUI_CHECKVERSION();
  screen.imgui = ImGui::CreateContext();
  ImGui::SetCurrentContext(screen.imgui);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  // The page's own controls take the keyboard and the mouse; here is nothing but the sheet.
  io.ConfigFlags =
      ImGuiConfigFlags_NoMouse | ImGuiConfigFlags_NoKeyboard | ImGuiConfigFlags_NoMouseCursorChange;
  io.Fonts->Flags |= ImFontAtlasFlags_NoMouseCursors | ImFontAtlasFlags_NoBakedLines;
  io.Fonts->TexMinWidth = io.Fonts->TexMinHeight = 32;
  ImFontConfig font;
  font.FontLoader = blank_font();
  font.SizePixels = 8;
  font.FontDataOwnedByAtlas = true;
  io.Fonts->AddFont(&font);
  ImGui_ImplOpenGL3_Init("#version 300 es");
  screen.list = IM_NEW(ImDrawList)(ImGui::GetDrawListSharedData());
  // An empty frame makes the shaders and the texture with the white pixel, which bake needs before the first frame.
  io.DisplaySize = {1, 1};
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  ImGui::Render();
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  stale = dirty = true;
}

void biji_pad::detach() {
  if (!screen.imgui) return;
  ImGui::SetCurrentContext(screen.imgui);
  glDeleteFramebuffers(1, &screen.framebuffer);
  glDeleteTextures(1, &screen.texture);
  IM_DELETE(screen.list);
  ImGui_ImplOpenGL3_Shutdown();
  ImGui::DestroyContext(screen.imgui);
  screen = {};
  stale = dirty = true;
}

// False when the texture cannot be had.
bool biji_pad::resize_texture() {
  if (screen.texture && screen.width == width && screen.height == height) return true;
  if (!screen.texture) {
    glGenTextures(1, &screen.texture);
    glGenFramebuffers(1, &screen.framebuffer);
  }
  glBindTexture(GL_TEXTURE_2D, screen.texture);
  // The same format as the canvas, as glBlitFramebuffer wants it.
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  glBindFramebuffer(GL_FRAMEBUFFER, screen.framebuffer);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, screen.texture, 0);
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) return false;
  screen.width = width;
  screen.height = height;
  stale = true;
  return true;
}

void biji_pad::begin_list() {
  screen.list->_ResetForNewFrame();
  screen.list->PushClipRect({0, 0}, {width / scale, height / scale});
  screen.list->PushTexture(ImGui::GetIO().Fonts->TexRef);
}

// Draws the list into the bound framebuffer.
void biji_pad::render_list() {
  screen.list->_PopUnusedDrawCmd();
  ImDrawData data;
  data.Valid = true;
  data.DisplaySize = {width / scale, height / scale};
  data.FramebufferScale = {scale, scale};
  data.Textures = &ImGui::GetPlatformIO().Textures;
  data.AddDrawList(screen.list);
  ImGui_ImplOpenGL3_RenderDrawData(&data);
}

// Brings the texture up to date.
void biji_pad::bake() {
  glBindFramebuffer(GL_FRAMEBUFFER, screen.framebuffer);
  if (stale) {
    glDisable(GL_SCISSOR_TEST);
    glClearColor(0, 0, 0, 0);
    glClear(GL_COLOR_BUFFER_BIT);
    baked_strokes = baked_arcs = 0;
    stale = false;
  }
  const auto live = document.live();
  const int32_t live_arcs = biji::final_arcs(static_cast<int32_t>(live.size()), false);
  if (baked_strokes == document.stroke_count() && baked_arcs >= live_arcs) return;

  begin_list();
  for (; baked_strokes < document.stroke_count(); baked_strokes++) {
    const auto stroke = document.stroke(baked_strokes);
    mesh.vertices.clear();
    mesh.indices.clear();
    // The beginning of a stroke that just ended is there already.
    biji::append_arcs(stroke, baked_arcs, static_cast<int32_t>(stroke.size()), pen, mesh);
    add_mesh(mesh, ink, screen.list);
    baked_arcs = 0;
    if (screen.list->VtxBuffer.Size > 1 << 16) {  // much ink: in portions, so that the buffers stay small
      render_list();
      begin_list();
    }
  }
  if (baked_arcs < live_arcs) {
    mesh.vertices.clear();
    mesh.indices.clear();
    biji::append_arcs(live, baked_arcs, live_arcs, pen, mesh);
    add_mesh(mesh, ink, screen.list);
    baked_arcs = live_arcs;
  }
  render_list();
}

void biji_pad::draw() {
  ImGui::SetCurrentContext(screen.imgui);
  if (!resize_texture()) return;
  bake();

  // Browsers empty a canvas that has been shown before the next drawing to it, and some do not count a blit as
  // drawing: they would wipe it out at the first triangle. So the canvas is cleared first.
  glBindFramebuffer(GL_FRAMEBUFFER, 0);
  glDisable(GL_SCISSOR_TEST);
  glClearColor(0, 0, 0, 0);
  glClear(GL_COLOR_BUFFER_BIT);
  glBindFramebuffer(GL_READ_FRAMEBUFFER, screen.framebuffer);
  glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  glBindFramebuffer(GL_FRAMEBUFFER, 0);

  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {width / scale, height / scale};
  io.DisplayFramebufferScale = {scale, scale};
  io.DeltaTime = 1.0f / 60;  // nothing is animated
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  ImDrawList* list = ImGui::GetBackgroundDrawList();

  const auto live = document.live();
  if (!live.empty()) {
    // The end of the line, and where the pen will probably be when the frame is seen. Six samples before the first
    // arc are enough for its smoothing.
    const int32_t from = std::max(baked_arcs - 6, 0);
    tail.assign(live.begin() + from, live.end());
    tail.insert(tail.end(), predicted.begin(), predicted.end());
    mesh.vertices.clear();
    mesh.indices.clear();
    biji::append_arcs(tail, baked_arcs - from, static_cast<int32_t>(tail.size()), pen, mesh);
    add_mesh(mesh, ink, list);
  }
  if ((box & IM_COL32_A_MASK) != 0) {
    const float margin = pen.width / 2 + 3;
    for (const auto& b : boxes) {
      list->AddRect({b.x - margin, b.y - margin}, {b.x + b.width + margin, b.y + b.height + margin}, box, 8,
                    0, 1.5f);
    }
  }
  ImGui::Render();
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  dirty = false;
}

// ---- the interface --------------------------------------------------------------------------------------------------

extern "C" {

biji_pad* biji_pad_create(void) {
  return new (std::nothrow) biji_pad;
}

void biji_pad_destroy(biji_pad* pad) {
  delete pad;
}

int32_t biji_pad_attach(biji_pad* pad) {
  pad->detach();
  if (!glGetString(GL_VERSION)) return status(Err::kNoMemory);
  pad->attach();
  return 0;
}

void biji_pad_detach(biji_pad* pad) {
  pad->detach();
}

int32_t biji_pad_resize(biji_pad* pad, int32_t width, int32_t height, float scale) {
  if (width < 1 || height < 1 || width > 8192 || height > 8192 || !(scale >= 0.25f && scale <= 16)) {
    return status(Err::kBadArgument);
  }
  pad->width = width;
  pad->height = height;
  pad->scale = scale;
  pad->pen.pixel = 1 / scale;
  pad->stale = pad->dirty = true;
  return 0;
}

int32_t biji_pad_style(biji_pad* pad, uint32_t ink_rgb, uint32_t box_rgba, float pen_width,
                       float pressure_gain) {
  if (!(pen_width >= 0.5f && pen_width <= 200) || !(pressure_gain >= 0 && pressure_gain <= 1)) {
    return status(Err::kBadArgument);
  }
  pad->ink = IM_COL32(ink_rgb >> 16 & 255, ink_rgb >> 8 & 255, ink_rgb & 255, 255);
  pad->box = IM_COL32(box_rgba >> 24 & 255, box_rgba >> 16 & 255, box_rgba >> 8 & 255, box_rgba & 255);
  pad->pen.width = pen_width;
  pad->pen.pressure_gain = pressure_gain;
  pad->stale = pad->dirty = true;
  return 0;
}

int32_t biji_pad_boxes(biji_pad* pad, int32_t count) {
  if (count < 0 || static_cast<size_t>(count) > pad->scratch.size()) return status(Err::kBadArgument);
  pad->boxes.clear();
  for (int32_t i = 0; i < count; i++) {
    const Point& b = pad->scratch[i];  // x, y, width, height
    const biji::Box box{b.x, b.y, b.t_ms, b.pressure};
    const bool usable = std::fabs(box.x) <= biji::kMaxCoordinate &&
                        std::fabs(box.y) <= biji::kMaxCoordinate && box.width >= 0 &&
                        box.width <= biji::kMaxCoordinate && box.height >= 0 &&
                        box.height <= biji::kMaxCoordinate;
    if (usable) pad->boxes.push_back(box);
  }
  pad->dirty = true;
  return 0;
}

int32_t biji_pad_dirty(const biji_pad* pad) {
  return pad->dirty;
}
void biji_pad_clean(biji_pad* pad) {
  pad->dirty = false;
}

int32_t biji_pad_draw(biji_pad* pad) {
  if (!pad->screen.imgui || pad->width == 0) return status(Err::kBadArgument);
  pad->draw();
  return 0;
}

float* biji_pad_scratch(biji_pad* pad, int32_t count) {
  if (count < 0 || count > biji::kMaxInkPoints + biji::kMaxInkStrokes) return nullptr;
  // A pen sends a few points at a time; what a large import needed is given back.
  if (count < 1024 && pad->scratch.size() > 65536) std::vector<Point>().swap(pad->scratch);
  if (pad->scratch.size() < static_cast<size_t>(count)) pad->scratch.resize(std::max(count, 64));
  return &pad->scratch.data()->x;
}

int32_t biji_pad_pen_down(biji_pad* pad, int32_t count) {
  if (count < 1 || static_cast<size_t>(count) > pad->scratch.size()) return status(Err::kBadArgument);
  pad->grew();
  if (const Err err = pad->document.begin_stroke(pad->scratch[0]); err != Err::kOk) return status(err);
  for (int32_t i = 1; i < count; i++) {
    if (const Err err = pad->document.extend_stroke(pad->scratch[i]); err != Err::kOk) return status(err);
  }
  return 0;
}

int32_t biji_pad_pen_move(biji_pad* pad, int32_t count) {
  if (count < 0 || static_cast<size_t>(count) > pad->scratch.size()) return status(Err::kBadArgument);
  pad->grew();
  for (int32_t i = 0; i < count; i++) {
    if (const Err err = pad->document.extend_stroke(pad->scratch[i]); err != Err::kOk) return status(err);
  }
  return 0;
}

int32_t biji_pad_pen_predict(biji_pad* pad, int32_t count) {
  if (count < 0 || static_cast<size_t>(count) > pad->scratch.size()) return status(Err::kBadArgument);
  pad->predicted.clear();
  for (int32_t i = 0; i < count; i++) {
    const Point& point = pad->scratch[i];
    if (std::fabs(point.x) <= biji::kMaxCoordinate && std::fabs(point.y) <= biji::kMaxCoordinate &&
        point.pressure >= 0 && point.pressure <= 1) {
      pad->predicted.push_back(point);
    }
  }
  pad->dirty = true;
  return 0;
}

int32_t biji_pad_pen_up(biji_pad* pad) {
  pad->grew();
  return status(pad->document.end_stroke());
}

int32_t biji_pad_pen_cancel(biji_pad* pad) {
  pad->redraw();
  return status(pad->document.cancel_stroke());
}

int32_t biji_pad_undo(biji_pad* pad) {
  pad->redraw();
  return status(pad->document.undo());
}

int32_t biji_pad_redo(biji_pad* pad) {
  pad->redraw();
  return status(pad->document.redo());
}

int32_t biji_pad_clear(biji_pad* pad) {
  pad->redraw();
  return status(pad->document.clear());
}

int32_t biji_pad_erase(biji_pad* pad, float x, float y, float radius) {
  const Err err = pad->document.erase(x, y, radius);
  if (err == Err::kOk) pad->redraw();
  return status(err);
}

int32_t biji_pad_can_undo(const biji_pad* pad) {
  return pad->document.can_undo();
}
int32_t biji_pad_can_redo(const biji_pad* pad) {
  return pad->document.can_redo();
}
int32_t biji_pad_live(const biji_pad* pad) {
  return !pad->document.live().empty();
}
int32_t biji_pad_stroke_count(const biji_pad* pad) {
  return pad->document.stroke_count();
}

const float* biji_pad_points(biji_pad* pad, int32_t live) {
  biji::Ink& ink = pad->exported = pad->document.ink();
  if (const auto stroke = pad->document.live(); live != 0 && !stroke.empty()) {
    ink.points.insert(ink.points.end(), stroke.begin(), stroke.end());
    ink.ends.push_back(static_cast<int32_t>(ink.points.size()));
  }
  return ink.points.empty() ? nullptr : &ink.points.data()->x;
}

const int32_t* biji_pad_ends(biji_pad* pad) {
  return pad->exported.ends.data();
}

int32_t biji_pad_replace(biji_pad* pad, int32_t points, int32_t strokes) {
  if (points < 0 || strokes < 0 || points > biji::kMaxInkPoints || strokes > biji::kMaxInkStrokes ||
      static_cast<size_t>(points + (strokes + 3) / 4) > pad->scratch.size()) {
    return status(Err::kTooLarge);
  }
  const auto* ends = reinterpret_cast<const int32_t*>(pad->scratch.data() + points);
  const Err err = pad->document.replace({pad->scratch.data(), static_cast<size_t>(points)},
                                        {ends, static_cast<size_t>(strokes)});
  if (err == Err::kOk) pad->redraw();
  return status(err);
}

}  // extern "C"
