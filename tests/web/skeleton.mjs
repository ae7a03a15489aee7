// Pen strokes out of a scan: its lines thinned to one pixel (T. Zhang & C. Suen, "A fast parallel algorithm for thinning
// digital patterns", 1984), followed from end to end. For tests: the same character as a scan and as ink.
// Apart from what training draws anew (native/skeleton.h), so that a network is not measured by the very ink it learned from.

const kScale = 4; // thinning a 28-pixel picture leaves hardly anything

/** data: grey [width * height], 255 = ink. Returns ink [{ x, y }] in the picture's pixels. */
export function inkOf({ data, width, height }) {
  const w = (width + 2) * kScale, h = (height + 2) * kScale; // a margin, so that no pixel is at the border
  const on = new Uint8Array(w * h);
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : data[y * width + x]);
  for (let j = 0; j < h; ++j) {
    for (let i = 0; i < w; ++i) {
      const x = (i + 0.5) / kScale - 1.5, y = (j + 0.5) / kScale - 1.5, u = Math.floor(x), v = Math.floor(y);
      const [a, b] = [x - u, y - v];
      const value = (1 - b) * ((1 - a) * at(u, v) + a * at(u + 1, v)) + b * ((1 - a) * at(u, v + 1) + a * at(u + 1, v + 1));
      on[j * w + i] = value > 110;
    }
  }
  const around = [-w, -w + 1, 1, w + 1, w, w - 1, -1, -w - 1]; // from north, clockwise
  const dots = takeDots(on, w, around);
  thin(on, around);
  return [...dots, ...trace(on, around).filter((path) => path.length > 2 * kScale)].map((path) => ({
    x: smooth(path.map((p) => (p % w + 0.5) / kScale - 1)),
    y: smooth(path.map((p) => (Math.floor(p / w) + 0.5) / kScale - 1)),
  }));
}

// Takes pieces of ink of at most 4 pixels off, of which thinning might leave nothing: each a path of one.
function takeDots(on, w, around) {
  const dots = [];
  const seen = new Set();
  for (const start of on.keys()) {
    if (!on[start] || seen.has(start)) continue;
    const piece = [start];
    seen.add(start);
    for (const p of piece) {
      for (const q of around.map((step) => p + step).filter((q) => on[q] && !seen.has(q))) {
        seen.add(q);
        piece.push(q);
      }
    }
    const xs = piece.map((p) => p % w), ys = piece.map((p) => Math.floor(p / w));
    const middle = (values) => Math.round((Math.min(...values) + Math.max(...values)) / 2);
    if (Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) >= 4 * kScale) continue;
    for (const p of piece) on[p] = 0;
    dots.push([middle(ys) * w + middle(xs)]);
  }
  return dots;
}

function thin(on, around) {
  for (let changed = true; changed;) {
    changed = false;
    for (const odd of [true, false]) {
      const gone = [];
      for (let p = 0; p < on.length; ++p) {
        if (!on[p]) continue;
        const n = around.map((step) => on[p + step]);
        const count = n.reduce((sum, v) => sum + v, 0);
        const rises = n.reduce((sum, v, i) => sum + (!v && n[(i + 1) % 8] ? 1 : 0), 0);
        const [north, east, south, west] = [n[0], n[2], n[4], n[6]];
        const free = odd ? !(north && east && south) && !(east && south && west) : !(north && east && west) && !(north && south && west);
        if (count >= 2 && count <= 6 && rises === 1 && free) gone.push(p);
      }
      for (const p of gone) on[p] = 0;
      changed ||= gone.length > 0;
    }
  }
}

// Paths between ends and crossings, then rings. A crossing belongs to each path that ends there.
function trace(on, around) {
  const order = [0, 2, 4, 6, 1, 3, 5, 7].map((i) => around[i]); // straight neighbours before diagonal ones
  const degree = (p) => around.reduce((sum, step, i) => sum + (!on[p + step] && on[p + around[(i + 1) % 8]] ? 1 : 0), 0);
  const pixels = [...on.keys()].filter((p) => on[p]);
  const nodes = new Set(pixels.filter((p) => degree(p) !== 2));
  const used = new Set();
  const paths = [];
  const follow = (start) => {
    const path = [start];
    for (let p = start; ;) {
      const next = order.map((step) => p + step).find((q) => on[q] && q !== path.at(-2) && !(nodes.has(q) ? path.length < 2 : used.has(q)));
      if (next === undefined) return path;
      path.push(next);
      if (nodes.has(next)) return path;
      used.add(next);
      p = next;
    }
  };
  for (const node of nodes) {
    for (let path = follow(node); path.length > 1 && !(path.length === 2 && nodes.has(path[1])); path = follow(node)) paths.push(path);
  }
  for (const p of pixels) {
    if (used.has(p) || nodes.has(p)) continue;
    used.add(p);
    const ring = follow(p);
    paths.push([...ring, p]);
  }
  return paths;
}

// The mean over some neighbours; the ends stay.
function smooth(values) {
  return values.map((value, i) => {
    const reach = Math.min(kScale, i, values.length - 1 - i);
    const part = values.slice(i - reach, i + reach + 1);
    return part.reduce((sum, v) => sum + v, 0) / part.length;
  });
}
