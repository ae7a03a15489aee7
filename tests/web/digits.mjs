// Digits as somebody might draw them: strokes of [x, y] in a unit square, y down.
const arc = (cx, cy, rx, ry, from, to, n = 24) =>
  Array.from({ length: n + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / n) * Math.PI) / 180;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });

/** kDigits['7'] is an array of strokes; angles count clockwise from the right, since y points down. */
export const kDigits = {
  0: [arc(0.5, 0.5, 0.28, 0.42, -90, -450)],
  1: [[[0.42, 0.22], [0.52, 0.08], [0.52, 0.5], [0.51, 0.92]]],
  2: [[...arc(0.5, 0.3, 0.24, 0.21, -170, 30), [0.62, 0.52], [0.42, 0.74], [0.24, 0.9], [0.5, 0.89], [0.78, 0.9]]],
  3: [[...arc(0.47, 0.28, 0.22, 0.18, -150, 90, 16), ...arc(0.47, 0.68, 0.26, 0.22, -90, 150, 16)]],
  4: [[[0.55, 0.08], [0.4, 0.36], [0.22, 0.62], [0.5, 0.61], [0.8, 0.6]], [[0.62, 0.34], [0.6, 0.6], [0.58, 0.94]]],
  5: [[[0.74, 0.1], [0.36, 0.11], [0.32, 0.44], ...arc(0.47, 0.66, 0.26, 0.24, -110, 140, 20)]],
  6: [[[0.64, 0.08], [0.44, 0.28], [0.3, 0.56], ...arc(0.49, 0.7, 0.2, 0.2, 180, -180, 24)]],
  7: [[[0.22, 0.12], [0.5, 0.11], [0.76, 0.11], [0.62, 0.42], [0.5, 0.68], [0.42, 0.92]]],
  8: [[...arc(0.5, 0.3, 0.19, 0.19, -30, -270, 20), ...arc(0.5, 0.7, 0.23, 0.21, -90, 270, 24), ...arc(0.5, 0.3, 0.19, 0.19, 90, -60, 12)]],
  9: [[...arc(0.49, 0.32, 0.2, 0.2, -10, -370, 24), [0.69, 0.5], [0.64, 0.74], [0.58, 0.92]]],
};

/** A digit as createRecognizer takes ink, size units tall, its corner at x, y. */
export function digitInk(digit, size = 200, x = 0, y = 0) {
  return kDigits[digit].map((stroke) => ({
    x: stroke.map(([px]) => x + px * size),
    y: stroke.map(([, py]) => y + py * size),
  }));
}
