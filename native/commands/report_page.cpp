#include "native/commands/report_page.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "native/base/file.h"
#include "native/base/progress.h"
#include "native/data/picture.h"

namespace biji {
namespace {

constexpr size_t kErrors = 120;       // on the contact sheet
constexpr size_t kPairs = 24;         // with pictures
constexpr size_t kPairPictures = 5;   // each direction
constexpr size_t kWholeMatrix = 100;  // classes up to which the confusion matrix is shown whole
constexpr size_t kPartOfMatrix = 24;  // classes shown of a larger one

// The page's own colours (web/page/page.css): paper, ink and the red of a seal.
constexpr char kStyle[] = R"css(
:root {
  color-scheme: light dark;
  --ground: #f6f3ed; --card: #fffdf9; --ink: #17181f; --muted: #6b6a70; --line: #17181f1c;
  --seal: #c8402c; --seal-soft: #c8402c24; --on-seal: #fffaf2;
  --shadow: 0 1px 2px #17181f0a, 0 12px 32px -16px #17181f24;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
  -webkit-text-size-adjust: 100%;
  scroll-behavior: smooth;
  scroll-padding-top: 4rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121318; --card: #1b1c22; --ink: #f3f1ea; --muted: #a09fa6; --line: #ffffff1f;
    --seal: #ff7a63; --seal-soft: #ff7a6333; --on-seal: #26100b;
    --shadow: 0 1px 2px #0003, 0 16px 40px -16px #000a;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--ground); color: var(--ink); }
h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; }
header, nav, main, footer { inline-size: min(100%, 76rem); margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2.5rem); }
:focus-visible { outline: 3px solid var(--seal); outline-offset: 2px; }

header { display: flex; align-items: center; gap: 1rem; padding-block: 1.75rem 1.25rem; }
.mark { flex: none; inline-size: 3rem; block-size: 3rem; }
h1 { font-size: clamp(1.375rem, 4vw, 1.75rem); font-weight: 650; letter-spacing: -0.01em; line-height: 1.2; }
h1 span, .quiet { color: var(--muted); }
h1 span { font-weight: 400; }
.quiet { font-size: 0.875rem; }
header .quiet { margin-block-start: 0.25rem; overflow-wrap: anywhere; }

.bar { position: sticky; inset-block-start: 0; z-index: 2; background: var(--ground); border-block-end: 1px solid var(--line); }
nav { display: flex; gap: 0.25rem; overflow-x: auto; scrollbar-width: none; padding-block: 0.375rem; }
nav a { flex: none; padding: 0.5rem 0.875rem; border-radius: 0.75rem; color: var(--muted); text-decoration: none; }
nav a:hover { background: var(--line); color: var(--ink); }
nav a:first-child { margin-inline-start: -0.875rem; }

main { display: grid; gap: 2.75rem; padding-block: 1.75rem 2rem; }
section { min-inline-size: 0; }
h2 { font-size: 1.25rem; font-weight: 650; }
h2 + p { color: var(--muted); max-inline-size: 44rem; margin-block-end: 1rem; }
h3 { font-size: 0.875rem; font-weight: 500; color: var(--muted); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem; box-shadow: var(--shadow); padding: clamp(1rem, 2.5vw, 1.5rem); min-inline-size: 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; align-items: start; }
.whole { grid-template-columns: 100%; }
.three { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }

.hero { display: grid; grid-template-columns: auto 1fr; gap: 1.5rem clamp(2rem, 6vw, 5rem); align-items: center; }
.hero strong { display: block; font-size: clamp(4rem, 13vw, 7rem); font-weight: 600; line-height: 1; letter-spacing: -0.03em; }
.hero strong small { font-size: 0.4em; font-weight: 400; color: var(--muted); letter-spacing: 0; margin-inline-start: 0.15em; }
.hero p { margin-block-start: 0.5rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1.25rem 1.5rem; }
.facts dt { color: var(--muted); font-size: 0.875rem; }
.facts dd { font-size: 1.25rem; font-weight: 600; }
.sides { display: grid; grid-template-columns: 23rem 1fr; gap: 1rem; align-items: start; }
@media (max-width: 54rem) { .sides { grid-template-columns: 100%; } }
@media (max-width: 46rem) { .hero { grid-template-columns: 1fr; } .facts { grid-template-columns: 1fr 1fr; } }

svg { display: block; inline-size: 100%; block-size: auto; overflow: visible; }
svg text { fill: var(--muted); font-size: 12px; }
.grid { stroke: var(--line); fill: none; }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.a { stroke: var(--seal); } .b { stroke: var(--muted); stroke-width: 1.5; }
.dot { stroke: none; } .dot.a { fill: var(--seal); } .dot.b { fill: var(--muted); }
.hit { fill: transparent; }
.legend { display: flex; flex-wrap: wrap; gap: 0.125rem 0.875rem; margin-block: 0.125rem 0.625rem; font-size: 0.875rem; list-style: none; }
.legend b { font-weight: 600; }
.legend li::before { content: ""; display: inline-block; inline-size: 0.875rem; block-size: 0.1875rem; border-radius: 1rem; margin-inline-end: 0.375rem; vertical-align: middle; background: var(--muted); }
.legend .a::before { background: var(--seal); }
.diagonal { stroke: var(--muted); stroke-dasharray: 4 4; }
.rare { opacity: 0.4; }
.fill { fill: var(--seal); fill-opacity: 0.2; } .gap { stroke: var(--seal); stroke-width: 2.25; } .mass { fill: var(--muted); fill-opacity: 0.45; }

.scroll { overflow-x: auto; }
.matrix .frame { fill: none; stroke: var(--line); }
.matrix .right { fill: var(--ink); fill-opacity: 0.07; }
.matrix .wrong { fill: var(--seal); }
.matrix .wrong:hover, .matrix .right:hover { stroke: var(--ink); stroke-width: 1.5; }
.matrix { margin-inline: auto; }
.matrix text { text-anchor: middle; dominant-baseline: central; pointer-events: none; }
.matrix .name, .matrix .n { fill: var(--ink); }
.matrix .on { fill: var(--on-seal); }

table { border-collapse: collapse; inline-size: 100%; }
th, td { padding: 0.375rem 0.75rem; text-align: end; white-space: nowrap; border-block-end: 1px solid var(--line); }
th:first-child, td:first-child { padding-inline-start: 0; } th:last-child, td:last-child { padding-inline-end: 0; }
@media (max-width: 30rem) { th, td { padding-inline: 0.375rem; } }
th { font-size: 0.875rem; font-weight: 500; color: var(--muted); }
.start { text-align: start; }
tbody tr:last-child td { border: 0; }
td bdi { font-size: 1.125rem; font-weight: 600; }
.tall { overflow: auto; max-block-size: 32rem; }
.tall th { position: sticky; inset-block-start: 0; background: var(--card); }
.tall.card { padding-block: 0.25rem; }
th button { all: unset; cursor: pointer; padding-block: 0.375rem; }
th button:hover { color: var(--ink); } th button:focus-visible { outline: 3px solid var(--seal); }
th[aria-sort] button { color: var(--ink); font-weight: 600; }
th[aria-sort="ascending"] button::after { content: " ↑"; } th[aria-sort="descending"] button::after { content: " ↓"; }
.bad { background: linear-gradient(var(--seal-soft) 0 0) right 0.75rem center / calc(var(--bad) * 0.9) 1.5rem no-repeat; min-inline-size: 9rem; }
.bad:last-child { background-position: right center; }
.filter { display: flex; gap: 0.75rem; align-items: center; margin-block-end: 0.75rem; color: var(--muted); }
.filter input { font: inherit; color: var(--ink); padding: 0.5rem 0.875rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--card); inline-size: 14rem; }

img { display: block; inline-size: 100%; aspect-ratio: 1; object-fit: contain; mix-blend-mode: multiply; }
@media (prefers-color-scheme: dark) { img { filter: invert(1); mix-blend-mode: screen; } }
.errors { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.25rem, 1fr)); gap: 0.75rem; }
.errors figure { background: var(--card); border: 1px solid var(--line); border-radius: 0.875rem; padding: 0.5rem 0.5rem 0.625rem; text-align: center; line-height: 1.3; min-inline-size: 0; }
.errors .coarse { image-rendering: pixelated; }
.errors figcaption { font-size: 0.8125rem; color: var(--muted); overflow-wrap: anywhere; }
.errors bdi { font-size: 1.25rem; font-weight: 600; color: var(--ink); }
.errors bdi + bdi, .as bdi + bdi { color: var(--seal); }
.errors bdi + bdi::before, .as bdi + bdi::before { content: "→"; margin-inline: 0.3em; color: var(--muted); font-weight: 400; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; }
.pairs .card { display: grid; gap: 0.75rem; align-content: start; padding: 1rem 1.25rem; }
.pairs .card > p { display: flex; justify-content: space-between; align-items: baseline; font-size: 1.5rem; font-weight: 600; }
.pairs .card > p i { font-style: normal; font-weight: 300; color: var(--muted); margin-inline: 0.2em; }
.as { display: grid; grid-template-columns: 5.25rem 1fr; gap: 0.75rem; align-items: center; font-size: 0.9375rem; }
.as bdi { font-weight: 600; }
.as span:first-child { min-inline-size: 0; overflow-wrap: anywhere; }
.as div { display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.25rem; }
footer { padding-block: 0 3rem; color: var(--muted); font-size: 0.875rem; overflow-wrap: anywhere; }
)css";

constexpr char kScript[] = R"js(
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0], rows = [...body.rows];
  const value = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent;
  for (const th of table.tHead.rows[0].cells) {
    const button = document.createElement('button');
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener('click', () => {
      const up = th.getAttribute('aria-sort') !== 'ascending', column = th.cellIndex;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      rows.sort((r, s) => {
        const [a, b] = [value(r, column), value(s, column)];
        if (a === '' || b === '') return (a === '') - (b === ''); // what is not known comes last
        const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
        return up ? order : -order;
      });
      body.append(...rows);
    });
  }
  const filter = table.closest('section').querySelector('.filter');
  if (!filter) continue;
  filter.hidden = false;
  filter.querySelector('input').addEventListener('input', (event) => {
    const text = event.target.value.trim();
    for (const row of rows) row.hidden = ![...row.querySelectorAll('bdi')].some((b) => b.textContent.includes(text));
  });
}
)js";

// ---- text ----

template <class... Part>
void put(std::string& out, const Part&... part) {
  (out.append(part), ...);
}

// For element content and quoted attributes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '<'    ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '&'  ? "&amp;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : std::string(1, static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
  return out;
}

std::string fixed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string px(double coordinate) {
  return fixed("%.1f", coordinate);
}

// 10,000
std::string grouped(int64_t n) {
  std::string text = std::to_string(n);
  for (auto i = static_cast<int64_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<size_t>(i), ",");
  return text;
}

// 25.8 k, 7.33 M
std::string rounded(int64_t n) {
  const auto v = static_cast<double>(n);
  return n < 1000 ? std::to_string(n) : n < 1000000 ? fixed("%.3g k", v / 1e3) : fixed("%.4g M", v / 1e6);
}

std::string percent(double share) {
  if (share == 1) return "100&nbsp;%";
  return share > 0.99995 ? "&gt;&nbsp;99.99&nbsp;%" : fixed("%.2f&nbsp;%%", 100 * share);
}

double ratio(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

// What all parts of the page read.
struct Page {
  const Evaluation& e;
  const std::function<Image(int64_t)>& picture;
  std::vector<int64_t> worst;  // worst_errors

  const std::string& text(int32_t c) const { return e.classes[static_cast<size_t>(c)]; }
  // In an element of its own, so that right-to-left characters stay inside, and with Chinese forms of Han.
  std::string label(int32_t c) const {
    const bool han = static_cast<unsigned char>(text(c)[0]) >= 0xe3;
    return (han ? "<bdi lang=zh-Hans>" : "<bdi>") + escaped(text(c)) + "</bdi>";
  }
  const Answer& answer(int64_t i) const { return e.answers[static_cast<size_t>(i)]; }
  std::string image(int64_t i) const {
    const Image image = picture(i);
    return std::string("<img") + (image.width <= 32 ? " class=coarse" : "") + " alt=\"" +
           escaped(text(answer(i).truth)) + "\" title=\"sample " + std::to_string(i) +
           "\" src=\"data:image/png;base64," + base64(png(image)) + "\">";
  }
};

// ---- curves ----

struct Axis {
  double low = 0, high = 1;
  std::vector<std::pair<double, std::string>> ticks;
};

struct Series {
  const char* style;  // "a" or "b"
  const char* name;
  std::vector<double> values;  // one an epoch; NaN = none
};

// Multiples of 1, 2 or 5 times a power of ten, some four within low..high.
std::vector<double> round_numbers(double low, double high) {
  const double rough = (high - low) / 4, power = std::pow(10, std::floor(std::log10(rough)));
  double step = power * 10;
  for (const double factor : {5., 2., 1.})
    if (power * factor >= rough) step = power * factor;
  std::vector<double> numbers;
  for (double k = std::ceil(low / step); k * step <= high; ++k) numbers.push_back(k * step);
  return numbers;
}

// The same for a logarithmic axis: 1, 1 and 3, or 1, 2 and 5 times powers of ten, where three of them fit.
std::vector<double> round_log_numbers(double low, double high) {
  for (const auto& factors : {std::vector{1.}, {1., 3.}, {1., 2., 5.}}) {
    std::vector<double> numbers;
    for (int decade = static_cast<int>(std::floor(std::log10(low))); std::pow(10, decade) <= high; ++decade)
      for (const double factor : factors)
        if (const double v = factor * std::pow(10, decade); v >= low && v <= high) numbers.push_back(v);
    if (numbers.size() >= 3) return numbers;
  }
  return round_numbers(low, high);
}

// Widened a little, so that no curve touches the frame.
Axis axis(const std::vector<Series>& series, bool logarithmic,
          const std::function<std::string(double)>& text) {
  double low = INFINITY, high = -INFINITY;
  for (const Series& s : series)
    for (const double v : s.values)
      if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (low > high) low = high = 1;
  if (!logarithmic) low = 0;
  if (high <= low) high = low > 0 ? low * 1.1 : 1, low *= 0.9;
  Axis out;
  for (const double v :
       logarithmic ? round_log_numbers(low * 0.9, high * 1.1) : round_numbers(low, high * 1.05))
    out.ticks.emplace_back(logarithmic ? std::log10(v) : v, text(v));
  out.low = logarithmic ? std::log10(low * 0.9) : low;
  out.high = logarithmic ? std::log10(high * 1.1) : high * 1.05;
  return out;
}

// values: as axis() was given them; told: how a value is written out.
std::string chart(const std::string& title, const std::vector<Series>& series,
                  const std::vector<EpochRow>& epochs, bool logarithmic, bool downwards,
                  const std::function<std::string(double)>& tick,
                  const std::function<std::string(double)>& told) {
  constexpr double kLeft = 52, kRight = 350, kTop = 8, kBottom = 190;
  const Axis y_axis = axis(series, logarithmic, tick);
  const auto count = static_cast<double>(epochs.back().epoch);
  const auto x = [&](double epoch) {
    return count > 1 ? kLeft + (kRight - kLeft) * (epoch - 1) / (count - 1) : (kLeft + kRight) / 2;
  };
  const auto y = [&](double v) {  // of a value on the axis
    const double share = (v - y_axis.low) / (y_axis.high - y_axis.low);
    return downwards ? kTop + (kBottom - kTop) * share : kBottom - (kBottom - kTop) * share;
  };
  std::string out = "<figure class=card><h3>" + title + "</h3><ul class=legend>";
  for (const Series& s : series)
    put(out, "<li class=", s.style, ">", s.name, " <b>", told(s.values.back()), "</b></li>");
  put(out, "</ul><svg viewBox=\"0 0 360 224\" role=img aria-label=\"", title, " by epoch\">");
  for (const auto& [v, text] : y_axis.ticks)
    put(out, "<path class=grid d=\"M", px(kLeft), " ", px(y(v)), "H", px(kRight), "\"/><text x=\"",
        px(kLeft - 8), "\" y=\"", px(y(v) + 4), "\" text-anchor=end>", text, "</text>");
  std::vector<double> marks = count > 5 ? round_numbers(1, count) : std::vector<double>{};
  for (double k = 1; k <= count && count <= 5; ++k) marks.push_back(k);
  for (const double k : marks)
    put(out, "<text x=\"", px(x(k)), "\" y=\"208\" text-anchor=middle>", fixed("%g", k), "</text>");
  put(out, "<text x=\"", px(kRight), "\" y=\"222\" text-anchor=end>epoch</text>");
  for (size_t k = series.size(); k-- > 0;) {  // the first one on top
    const Series& s = series[k];
    std::string path, hits;
    double end_x = 0, end_y = 0;
    for (size_t i = 0; i < s.values.size(); ++i) {
      if (!std::isfinite(s.values[i])) continue;
      end_x = x(epochs[i].epoch), end_y = y(logarithmic ? std::log10(s.values[i]) : s.values[i]);
      put(path, path.empty() ? "M" : "L", px(end_x), " ", px(end_y));
      put(hits, "<circle class=hit cx=\"", px(end_x), "\" cy=\"", px(end_y), "\" r=7><title>epoch ",
          std::to_string(epochs[i].epoch), ", ", s.name, ": ", told(s.values[i]), "</title></circle>");
    }
    put(out, "<path class=\"line ", s.style, "\" d=\"", path, "\"/><circle class=\"dot ", s.style, "\" cx=\"",
        px(end_x), "\" cy=\"", px(end_y), "\" r=3.5 />", hits);
  }
  return out + "</svg></figure>";
}

std::string learning(const Page& page) {
  const std::vector<EpochRow>& epochs = page.e.epochs;
  Series loss{"b", "training", {}}, val_loss{"a", "validation", {}}, error{"b", "training", {}},
      val_error{"a", "validation", {}}, lr{"a", "at the end of the epoch", {}};
  for (const EpochRow& row : epochs) {
    // A logarithmic axis knows no zero; an epoch without errors is drawn as one in 100,000.
    const auto wrong = [](double accuracy) { return accuracy < 0 ? NAN : std::max(1 - accuracy, 1e-5); };
    loss.values.push_back(std::max(row.loss, 1e-9));
    val_loss.values.push_back(row.val_loss < 0 ? NAN : std::max(row.val_loss, 1e-9));
    error.values.push_back(wrong(row.accuracy));
    val_error.values.push_back(wrong(row.val_accuracy));
    lr.values.push_back(row.lr);
  }
  const bool validated = std::isfinite(val_loss.values.back());
  const auto plain = [](double v) { return fixed("%.3g", v); };
  const auto accuracy = [](double wrong) { return fixed("%.6g", 100 * (1 - wrong)) + " %"; };
  const auto exact = [](double wrong) { return percent(1 - wrong); };
  std::vector<Series> losses{loss}, errors{error};
  if (validated) losses.insert(losses.begin(), val_loss), errors.insert(errors.begin(), val_error);
  return "<section id=learning><h2>Learning</h2><p>" + grouped(static_cast<int64_t>(epochs.size())) +
         (epochs.size() == 1 ? " epoch" : " epochs") + " in " + duration(epochs.back().seconds) +
         ". Training figures are of the batches as they were trained on, augmentation included" +
         (validated ? ", validation figures of the averaged weights on samples kept apart"
                    : "; this run kept no samples apart for validation") +
         ". Loss and accuracy are on logarithmic scales.</p><div class=three>" +
         chart("Loss", losses, epochs, true, false, plain, plain) +
         chart("Accuracy", errors, epochs, true, true, accuracy, exact) +
         chart("Learning rate", {lr}, epochs, false, false, plain, plain) + "</div></section>";
}

// ---- calibration ----

std::string calibration(const Page& page) {
  const Metrics& m = page.e.metrics;
  constexpr double kLeft = 44, kSide = 300, kTop = 8, kBottom = kTop + kSide, kMass = 52;
  const auto x = [&](double v) { return kLeft + kSide * v; };
  const auto y = [&](double v) { return kBottom - kSide * v; };
  std::string out =
      "<section id=calibration><h2>Calibration</h2><p>How far the probability of an answer can be believed: "
      "of the "
      "answers given with 90&nbsp;%, 90&nbsp;% should be right. The expected calibration error is " +
      percent(m.calibration_error) +
      ", the mean distance from the diagonal, weighted by samples.</p><div class=sides><figure "
      "class=card><svg "
      "viewBox=\"0 0 360 410\" role=img aria-label=\"Accuracy by probability\">";
  for (const double v : {0., 0.25, 0.5, 0.75, 1.})
    put(out, "<path class=grid d=\"M", px(x(0)), " ", px(y(v)), "H", px(x(1)), "\"/><text x=\"",
        px(kLeft - 8), "\" y=\"", px(y(v) + 4), "\" text-anchor=end>", fixed("%g", 100 * v),
        "</text><text x=\"", px(x(v)), "\" y=\"", px(kBottom + kMass + 26), "\" text-anchor=middle>",
        fixed("%g", 100 * v), "</text>");
  put(out, "<path class=diagonal d=\"M", px(x(0)), " ", px(y(0)), "L", px(x(1)), " ", px(y(1)), "\"/>");
  int64_t most = 1;
  for (const CalibrationBin& bin : m.bins) most = std::max(most, bin.count);
  const double width = 1. / static_cast<double>(m.bins.size());
  std::string marks, rows;
  for (size_t i = 0; i < m.bins.size(); ++i) {
    const CalibrationBin& bin = m.bins[i];
    if (bin.count == 0) continue;
    const double from = static_cast<double>(i) * width;
    const std::string title = "<title>" + grouped(bin.count) + " samples, mean probability " +
                              percent(bin.confidence) + ", " + percent(bin.accuracy) + " right</title>";
    const std::string place = "x=\"" + px(x(from) + 1) + "\" width=\"" + px(kSide * width - 2) + "\" ";
    // Square roots, so that a bin of one sample in a thousand can still be seen.
    const double mass = kMass * std::sqrt(ratio(bin.count, most));
    put(out, "<rect class=fill ", place, "y=\"", px(y(bin.accuracy)), "\" height=\"",
        px(kSide * bin.accuracy), "\">", title, "</rect><rect class=mass ", place, "y=\"",
        px(kBottom + 8 + kMass - mass), "\" height=\"", px(mass), "\">", title, "</rect>");
    put(marks, bin.count < 20 ? "<g class=rare>" : "<g>", "<path class=gap d=\"M", px(x(bin.confidence)), " ",
        px(y(bin.confidence)), "V", px(y(bin.accuracy)), "\"/><circle class=\"dot a\" cx=\"",
        px(x(bin.confidence)), "\" cy=\"", px(y(bin.accuracy)), "\" r=3.5 /></g>");
    put(rows, "<tr><td class=start>", fixed("%.0f", 100 * from), "–", fixed("%.0f", 100 * (from + width)),
        "&nbsp;%<td>", grouped(bin.count), "<td>", percent(bin.confidence), "<td>", percent(bin.accuracy));
  }
  put(out, marks, "<text x=\"", px(x(1)),
      "\" y=\"404\" text-anchor=end>probability of the answer, %</text><text x=\"", px(x(0) + 8), "\" y=\"",
      px(y(1) + 16), "\">right, %</text><text x=\"", px(x(0) + 8), "\" y=\"", px(kBottom + 24),
      "\">samples (square root)</text></svg></figure>");
  put(out,
      "<div class=\"card scroll\"><table><thead><tr><th "
      "class=start>Probability<th>Samples<th>Mean<th>Right<tbody>",
      rows, "</table></div></div></section>");
  return out;
}

// ---- confusions ----

// The classes of the most confused pairs, as many as are shown.
std::vector<int32_t> shown_classes(const Page& page, const std::vector<ConfusedPair>& pairs) {
  std::vector<int32_t> shown;
  if (page.e.classes.size() <= kWholeMatrix) {
    for (size_t c = 0; c < page.e.classes.size(); ++c) shown.push_back(static_cast<int32_t>(c));
    return shown;
  }
  for (const ConfusedPair& pair : pairs)
    for (const int32_t c : {pair.a, pair.b})
      if (shown.size() < kPartOfMatrix && std::find(shown.begin(), shown.end(), c) == shown.end())
        shown.push_back(c);
  return shown;
}

std::string matrix(const Page& page, const std::vector<int32_t>& shown) {
  const Metrics& m = page.e.metrics;
  const size_t n = shown.size();
  const bool numbers = n <= 20;
  const double cell = numbers              ? 38
                      : n <= kPartOfMatrix ? 19
                                           : 14,
               margin = 44, side = cell * static_cast<double>(n);
  const double font = numbers ? 16 : n <= kPartOfMatrix ? 13 : 10;
  std::map<int32_t, size_t> place;
  for (size_t i = 0; i < n; ++i) place[shown[i]] = i;
  const auto middle = [&](size_t i) { return margin + cell * (static_cast<double>(i) + 0.5); };
  const auto share = [&](int32_t truth, int64_t count) {
    return ratio(count, m.classes[static_cast<size_t>(truth)].samples);
  };

  double largest = 1e-9;
  for (const Confusion& c : m.confusions)
    if (place.contains(c.truth) && place.contains(c.answer))
      largest = std::max(largest, share(c.truth, c.count));
  const std::string size = px(margin + side + 1);
  std::string out =
      "<svg class=matrix role=img aria-label=\"Confusion matrix\" viewBox=\"0 0 " + size + " " + size +
      "\" style=\"max-inline-size:" + size + "px" +
      (n > 12 ? ";min-inline-size:" + px(0.8 * (margin + side)) + "px" : "") +
      "\"><defs><pattern id=cells width=" + px(cell) + " height=" + px(cell) + " x=" + px(margin) +
      " y=" + px(margin) + " patternUnits=userSpaceOnUse><path class=frame d=\"M" + px(cell) + " 0H0V" +
      px(cell) + "\"/></pattern></defs><rect fill=\"url(#cells)\" x=" + px(margin) + " y=" + px(margin) +
      " width=" + px(side) + " height=" + px(side) + " /><rect class=frame x=" + px(margin) +
      " y=" + px(margin) + " width=" + px(side) + " height=" + px(side) +
      " /><text x=" + px(margin + side / 2) + " y=8>answer</text><text x=8 y=" + px(margin + side / 2) +
      " transform=\"rotate(-90 8 " + px(margin + side / 2) + ")\">truth</text>";
  const auto put_cell = [&](int32_t truth, int32_t answer, int64_t count, const char* style, double opacity) {
    const size_t row = place.at(truth), column = place.at(answer);
    put(out, "<rect class=", style, " x=", px(middle(column) - cell / 2 + 0.5),
        " y=", px(middle(row) - cell / 2 + 0.5), " width=", px(cell - 1), " height=", px(cell - 1));
    if (opacity > 0) put(out, " fill-opacity=", fixed("%.2f", opacity));
    put(out, "><title>", escaped(page.text(truth)), truth == answer ? " read right: " : " read as ",
        truth == answer ? "" : escaped(page.text(answer)) + ": ", grouped(count), " of ",
        grouped(m.classes[static_cast<size_t>(truth)].samples), ", ", percent(share(truth, count)),
        "</title></rect>");
    if (numbers)
      put(out, "<text x=", px(middle(column)), " y=", px(middle(row)),
          opacity > 0.6 ? " class=on>" : " class=n>", std::to_string(count), "</text>");
  };
  for (size_t i = 0; i < n; ++i) {
    const std::string name =
        " class=name style=\"font-size:" + px(font) + "px\">" + escaped(page.text(shown[i])) + "</text>";
    put(out, "<text x=", px(margin - 12), " y=", px(middle(i)), name, "<text x=", px(middle(i)),
        " y=", px(margin - 12), name);
    const ClassCounts& c = m.classes[static_cast<size_t>(shown[i])];
    if (c.right > 0) put_cell(shown[i], shown[i], c.right, "right", 0);
  }
  for (const Confusion& c : m.confusions)
    if (place.contains(c.truth) && place.contains(c.answer))
      put_cell(c.truth, c.answer, c.count, "wrong",
               0.08 + 0.92 * std::pow(share(c.truth, c.count) / largest, 0.8));
  return out + "</svg>";
}

std::string confusions(const Page& page, const std::vector<ConfusedPair>& pairs) {
  const Metrics& m = page.e.metrics;
  const std::vector<int32_t> shown = shown_classes(page, pairs);
  std::string out =
      "<section id=confusions><h2>Confusions</h2><p>Rows are the truth, columns the answer; the redder, "
      "the larger the share of the row’s samples.";
  if (shown.size() < page.e.classes.size())
    put(out, " Shown are the ", std::to_string(shown.size()), " of ",
        grouped(static_cast<int64_t>(page.e.classes.size())), " classes that are confused most often.");
  put(out, shown.size() > kPartOfMatrix ? "</p><div class=\"two whole\">" : "</p><div class=two>",
      "<div class=\"card scroll\">", matrix(page, shown),
      "</div><div class=\"card tall\"><table><thead><tr><th class=start>Truth<th "
      "class=start>Answer<th>Times<th>Share<tbody>");
  for (size_t i = 0; i < std::min<size_t>(m.confusions.size(), 50); ++i) {
    const Confusion& c = m.confusions[i];
    put(out, "<tr><td class=start>", page.label(c.truth), "<td class=start>", page.label(c.answer), "<td>",
        grouped(c.count), "<td>", percent(ratio(c.count, m.classes[static_cast<size_t>(c.truth)].samples)));
  }
  return out + "</table></div></div></section>";
}

std::string confused(const Page& page, const std::vector<ConfusedPair>& pairs) {
  std::map<std::pair<int32_t, int32_t>, std::vector<int64_t>> samples;  // by truth and answer
  for (const int64_t i : page.worst) samples[{page.answer(i).truth, page.answer(i).best}].push_back(i);
  std::string out =
      "<section id=pairs><h2>Most confused pairs</h2><p>Both directions together, each with the samples "
      "that the model was surest of.</p><div class=pairs>";
  for (size_t k = 0; k < std::min(kPairs, pairs.size()); ++k) {
    const ConfusedPair& p = pairs[k];
    put(out, "<article class=card><p><span>", page.label(p.a), "<i>⇄</i>", page.label(p.b), "</span><span>",
        grouped(p.count()), "</span></p>");
    for (const auto& [truth, answer, count] :
         {std::tuple{p.a, p.b, p.a_as_b}, std::tuple{p.b, p.a, p.b_as_a}}) {
      if (count == 0) continue;
      put(out, "<div class=as><span>", page.label(truth), page.label(answer), " &nbsp;", grouped(count),
          "</span><div>");
      const std::vector<int64_t>& of_pair = samples[{truth, answer}];
      for (size_t i = 0; i < std::min(kPairPictures, of_pair.size()); ++i) out += page.image(of_pair[i]);
      out += "</div></div>";
    }
    out += "</article>";
  }
  return out + "</div></section>";
}

std::string errors(const Page& page) {
  const size_t count = std::min(kErrors, page.worst.size());
  std::string out = "<section id=errors><h2>Worst errors</h2><p>" +
                    (count < page.worst.size() ? "The " + std::to_string(count) + " of " +
                                                     grouped(static_cast<int64_t>(page.worst.size())) +
                                                     " errors that the model was surest of"
                                               : "All errors, those that the model was surest of first") +
                    ": truth, answer and its probability.</p><div class=errors>";
  for (size_t k = 0; k < count; ++k) {
    const Answer& a = page.answer(page.worst[k]);
    put(out, "<figure>", page.image(page.worst[k]), "<figcaption title=\"the truth got ",
        fixed("%.2g %%, ", 100 * std::exp(a.log_likelihood)), "rank ", std::to_string(a.rank + 1), "\">",
        page.label(a.truth), page.label(a.best), "<br>", percent(a.probability), "</figcaption></figure>");
  }
  return out + "</div></section>";
}

// ---- tables ----

constexpr char kFilter[] =
    "<label class=filter hidden>Show only <input type=search autocomplete=off></label>";

// Its background is a bar as long as the error, relative to the largest.
std::string accuracy_cell(double accuracy, double worst) {
  return "<td class=bad data-v=" + fixed("%.6f", accuracy) +
         " style=\"--bad:" + fixed("%.1f%%", 100 * (1 - accuracy) / std::max(1 - worst, 1e-9)) + "\">" +
         percent(accuracy);
}

std::string class_table(const Page& page) {
  const Metrics& m = page.e.metrics;
  const std::vector<int32_t> order = worst_classes(m);
  const std::vector<Confusion> confused = most_confused_with(m);
  const ClassCounts& first = m.classes[static_cast<size_t>(order[0])];
  const double worst = ratio(first.right, first.samples);
  std::string out =
      "<section id=classes><h2>Classes</h2><p>Recall: of the samples of a class, how many were answered "
      "with it. Precision: of the samples answered with it, how many belong to it. Mean recall is " +
      percent(m.mean_recall) + ".</p>";
  if (order.size() > 20) out += kFilter;
  out +=
      "<div class=\"card tall\"><table class=sortable><thead><tr><th class=start>Class<th>Samples<th "
      "aria-sort=ascending>"
      "Recall<th>Precision<th class=start>Most often taken for<th>Times<tbody>";
  for (const int32_t c : order) {
    const ClassCounts& k = m.classes[static_cast<size_t>(c)];
    put(out, "<tr><td class=start>", page.label(c), "<td data-v=", std::to_string(k.samples), ">",
        grouped(k.samples));
    out += k.samples > 0 ? accuracy_cell(ratio(k.right, k.samples), worst) : "<td data-v=\"\">–";
    out += k.answered > 0 ? "<td data-v=" + fixed("%.6f", ratio(k.right, k.answered)) + ">" +
                                percent(ratio(k.right, k.answered))
                          : "<td data-v=\"\">–";
    const Confusion& to = confused[static_cast<size_t>(c)];
    if (to.count > 0)
      put(out, "<td class=start>", page.label(to.answer), "<td data-v=", std::to_string(to.count), ">",
          grouped(to.count));
    else
      out += "<td data-v=\"\" class=start>–<td data-v=0>0";
  }
  return out + "</table></div></section>";
}

std::string group_table(const std::vector<GroupRow>& rows) {
  const double worst = rows.front().accuracy();
  std::string out =
      "<section id=groups><h2>Groups</h2><p>" + grouped(static_cast<int64_t>(rows.size())) +
      " groups (the writers, for instance). Half of them reach " + percent(rows[rows.size() / 2].accuracy()) +
      (rows.size() < 10 ? "" : ", one in ten stays below " + percent(rows[rows.size() / 10].accuracy())) +
      ".</p>";
  if (rows.size() > 20) out += kFilter;
  out +=
      "<div class=\"card tall\"><table class=sortable><thead><tr><th "
      "class=start>Group<th>Samples<th>Errors<th "
      "aria-sort=ascending>Accuracy<tbody>";
  for (const GroupRow& row : rows)
    put(out, "<tr><td class=start><bdi>", escaped(row.name), "</bdi><td data-v=", std::to_string(row.samples),
        ">", grouped(row.samples), "<td data-v=", std::to_string(row.samples - row.right), ">",
        grouped(row.samples - row.right), accuracy_cell(row.accuracy(), worst));
  return out + "</table></div></section>";
}

// The base64 form that a content security policy wants of a script's SHA-256.
std::string script_hash() {
  const std::string hex = sha256(std::string_view(kScript));
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return base64(bytes);
}

}  // namespace

std::string report_page(const Evaluation& e, const std::function<Image(int64_t)>& picture) {
  const Page page{e, picture, worst_errors(e.answers)};
  const Metrics& m = e.metrics;
  const std::vector<ConfusedPair> pairs = confused_pairs(m.confusions);
  const std::vector<GroupRow> groups = group_rows(e);
  std::string data;
  for (const DataSource& source : e.data) put(data, data.empty() ? "" : " + ", escaped(source.name));

  std::string out =
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\"><meta "
      "http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'; "
      "script-src 'sha256-" +
      script_hash() + "'\"><title>" + escaped(e.network) + " on " + data + ": " + percent(m.top1) +
      "</title><style>" + kStyle + "</style>";
  put(out,
      "<header><svg class=mark viewBox=\"0 0 64 64\" aria-hidden=true><rect width=64 height=64 rx=15 "
      "fill=\"#c8402c\"/><path d=\"M16 45c9-2 20-12 26-26 1.5-3.5 6.5-3 6 1-.8 7-9 12-9 20 0 5 4.5 6.5 9 4\" "
      "fill=none "
      "stroke=\"#fffaf2\" stroke-width=6 stroke-linecap=round stroke-linejoin=round /></svg><div><h1>",
      escaped(e.network), " <span>on ", data, "</span></h1><p class=quiet>", escaped(e.model), " · ",
      grouped(static_cast<int64_t>(e.classes.size())), " classes · ", grouped(e.parameters), " parameters · ",
      rounded(e.multiply_adds), " multiply-adds · temperature ", fixed("%.3g", e.temperature),
      "</p></div></header>");
  out += "<div class=bar><nav aria-label=Sections>";
  if (!e.epochs.empty()) out += "<a href=\"#learning\">Learning</a>";
  out += "<a href=\"#calibration\">Calibration</a>";
  if (!pairs.empty())
    out += "<a href=\"#confusions\">Confusions</a><a href=\"#pairs\">Pairs</a><a href=\"#errors\">Errors</a>";
  out += "<a href=\"#classes\">Classes</a>";
  if (!groups.empty()) out += "<a href=\"#groups\">Groups</a>";
  put(out, "</nav></div><main><section class=hero><div><strong>",
      m.errors == 0 ? "100" : fixed("%.2f", 100 * m.top1), "<small>%</small></strong><p>of ",
      grouped(m.count), " samples right</p></div><dl class=facts>");
  const auto fact = [&](const char* name, const std::string& value) {
    put(out, "<div><dt>", name, "</dt><dd>", value, "</dd></div>");
  };
  fact("Errors", grouped(m.errors));
  fact("95 % interval", fixed("%.2f", 100 * m.top1_low) + "–" + fixed("%.2f", 100 * m.top1_high));
  if (e.classes.size() > 20) {
    fact("Among the first 5", percent(m.top5));
    fact("Among the first 10", percent(m.top10));
  } else {
    fact("Among the first 2", percent(m.top2));
    fact("Among the first 3", percent(m.top3));
  }
  fact("Mean recall", percent(m.mean_recall));
  fact("Loss", fixed("%.4g", m.loss));
  fact("Calibration error", percent(m.calibration_error));
  if (!e.epochs.empty()) fact("Training", duration(e.epochs.back().seconds));
  out += "</dl></section>";
  if (!e.epochs.empty()) out += learning(page);
  out += calibration(page);
  if (!pairs.empty()) put(out, confusions(page, pairs), confused(page, pairs), errors(page));
  out += class_table(page);
  if (!groups.empty()) out += group_table(groups);
  put(out, "</main><footer>Made by <code>biji eval</code>.</footer><script>", kScript, "</script></html>\n");
  return out;
}

}  // namespace biji
