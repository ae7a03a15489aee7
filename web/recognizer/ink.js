// Ink from outside, checked: the one validator of the recogniser and of <biji-pad>. Type Ink: web/biji.d.ts.
import { BijiError } from './errors.js';

// The limits of shared/ink.h.
const kMaxPoints = 1 << 18;
const kMaxStrokes = 1 << 14;
const kMaxCoordinate = 1e7;

/**
 * Ink as the WebAssembly modules take it.
 * @typedef {object} PackedInk
 * @property {Float32Array} points  [points, 4]: x, y, t, pressure, stroke after stroke
 * @property {Int32Array} ends      [strokes]: the index of the point after each stroke's last
 */

/**
 * Checks and copies ink. Safe for anything: throws BijiError 'input', which names the stroke, for what is not an array of
 * strokes, for arrays of different lengths, coordinates that are not finite numbers or exceed 1e7, and for more ink than
 * anybody draws. Pressure outside 0..1 becomes the nearest bound; where pressure or time is missing or no number,
 * it is 0.5 or 0.
 * @returns {PackedInk}
 */
export function packInk(ink) {
  if (!Array.isArray(ink)) throw bad('Ink is an array of strokes: [{ x: [..], y: [..] }, ..].');
  if (ink.length > kMaxStrokes) throw bad(`${ink.length} strokes are more than anybody draws: ${kMaxStrokes} are allowed.`);
  const ends = new Int32Array(ink.length);
  let count = 0;
  for (let i = 0; i < ink.length; ++i) {
    const { x, y, t, pressure } = ink[i] ?? {};
    const n = x?.length;
    if (!Number.isInteger(n) || n < 0 || y?.length !== n) throw bad(`Stroke ${i} needs arrays x and y of the same length.`);
    if (pressure != null && pressure.length !== n) throw bad(`Stroke ${i} has ${pressure.length} pressures for ${n} points.`);
    if (t != null && t.length !== n) throw bad(`Stroke ${i} has ${t.length} times for ${n} points.`);
    count += n;
    if (count > kMaxPoints) throw bad(`With stroke ${i} this is more than anybody draws: ${kMaxPoints} points are allowed.`);
    ends[i] = count;
  }

  const points = new Float32Array(4 * count);
  for (let i = 0, at = 0; i < ink.length; ++i) {
    const { x, y, t, pressure } = ink[i];
    for (let j = 0; at < ends[i]; ++j, ++at) {
      points[4 * at] = coordinate(x[j], i, 'x', j);
      points[4 * at + 1] = coordinate(y[j], i, 'y', j);
      points[4 * at + 2] = Number.isFinite(t?.[j]) ? t[j] : 0;
      points[4 * at + 3] = Number.isFinite(pressure?.[j]) ? Math.min(Math.max(pressure[j], 0), 1) : 0.5;
    }
  }
  return { points, ends };
}

/**
 * The strokes of packed ink as plain arrays: [{ x, y, t, pressure }, ..].
 * @param {PackedInk} ink
 */
export function unpackInk({ points, ends }) {
  return Array.from(ends, (end, i) => {
    const begin = i === 0 ? 0 : ends[i - 1];
    const column = (k) => Array.from({ length: end - begin }, (_, j) => points[4 * (begin + j) + k]);
    return { x: column(0), y: column(1), t: column(2), pressure: column(3) };
  });
}

function coordinate(value, stroke, axis, point) {
  if (typeof value === 'number' && Math.abs(value) <= kMaxCoordinate) return value; // NaN is not
  throw bad(`Stroke ${stroke} has ${axis}[${point}] = ${String(value)}: coordinates are finite numbers, at most ${kMaxCoordinate}.`);
}

function bad(message) {
  return new BijiError('input', message);
}
