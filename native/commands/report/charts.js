// Drawings: curves by epoch, calibration, the confusion matrix.
'use strict';

const kWholeMatrix = 100; // classes up to which the confusion matrix is shown whole
const kPartOfMatrix = 24; // classes shown of a larger one

/** Multiples of 1, 2 or 5 times a power of ten, some four of them within low..high. */
function roundNumbers(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => power * factor >= rough) ?? 10);
  const numbers = [];
  for (let k = Math.ceil(low / step); k * step <= high; ++k) numbers.push(k * step);
  return numbers;
}

/** The same for a logarithmic axis: 1, 1 and 3, or 1, 2 and 5 times powers of ten, where three of them fit. */
function roundLogNumbers(low, high) {
  for (const factors of [[1], [1, 3], [1, 2, 5]]) {
    const numbers = [];
    for (let decade = Math.floor(Math.log10(low)); 10 ** decade <= high; ++decade)
      numbers.push(...factors.map((factor) => factor * 10 ** decade).filter((v) => v >= low && v <= high));
    if (numbers.length >= 3) return numbers;
  }
  return roundNumbers(low, high);
}

/** { at(value): 0..1, ticks }, a little wider than values, so that no curve touches the frame. */
function axisOf(values, logarithmic) {
  let low = logarithmic ? Math.min(...values) : 0;
  let high = Math.max(...values);
  if (high <= low) [low, high] = [low * 0.9, low > 0 ? low * 1.1 : 1];
  [low, high] = logarithmic ? [low * 0.9, high * 1.1] : [low, high * 1.05];
  const scale = logarithmic ? Math.log10 : (v) => v;
  return {
    at: (v) => (scale(v) - scale(low)) / (scale(high) - scale(low)),
    ticks: (logarithmic ? roundLogNumbers : roundNumbers)(low, high),
  };
}

/**
 * Curves by epoch. series: [{ style: 'a' | 'b', name, values: [number or null an epoch] }], the first one on top.
 * tick, exact: how values are written at the axis and beside the curve.
 */
function curves({ title, series, epochs, logarithmic = false, downwards = false, tick = significant, exact = significant }) {
  const [left, right, top, bottom] = [52, 350, 8, 190];
  const axis = axisOf(series.flatMap(({ values }) => values).filter((v) => v !== null), logarithmic);
  const count = epochs.at(-1);
  const x = (epoch) => (count > 1 ? left + ((right - left) * (epoch - 1)) / (count - 1) : (left + right) / 2);
  const y = (v) => (downwards ? top + (bottom - top) * axis.at(v) : bottom - (bottom - top) * axis.at(v));
  const marks = count > 5 ? roundNumbers(1, count) : Array.from({ length: count }, (_, i) => i + 1);

  const curve = ({ style, name, values }) => {
    const points = values.map((v, i) => ({ v, epoch: epochs[i] })).filter(({ v }) => v !== null);
    const places = points.map(({ v, epoch }) => [x(epoch), y(v)]);
    return [
      svg('path', { class: `line ${style}`, d: `M${places.map((place) => place.join(' ')).join('L')}` }),
      svg('circle', { class: `dot ${style}`, cx: places.at(-1)[0], cy: places.at(-1)[1], r: 3.5 }),
      points.map(({ v, epoch }, i) => svg('circle', { class: 'hit', cx: places[i][0], cy: places[i][1], r: 7 },
        svg('title', {}, `epoch ${epoch}, ${name}: ${exact(v)}`))),
    ].flat();
  };
  return html('figure', { class: 'card' },
    html('h3', {}, title),
    html('ul', { class: 'legend' }, series.map(({ style, name, values }) =>
      html('li', { class: style }, `${name} `, html('b', {}, values.at(-1) === null ? '–' : exact(values.at(-1)))))),
    svg('svg', { viewBox: '0 0 360 224', role: 'img', 'aria-label': `${title} by epoch` },
      axis.ticks.flatMap((v) => [
        svg('path', { class: 'grid', d: `M${left} ${y(v)}H${right}` }),
        svg('text', { x: left - 8, y: y(v) + 4, 'text-anchor': 'end' }, tick(v)),
      ]),
      marks.map((epoch) => svg('text', { x: x(epoch), y: 208, 'text-anchor': 'middle' }, String(epoch))),
      svg('text', { x: right, y: 222, 'text-anchor': 'end' }, 'epoch'),
      series.toReversed().flatMap(curve)));
}

/** Accuracy by probability, with the number of samples below. bins: the report's calibration. */
function calibrationChart(bins) {
  const [left, side, top, mass] = [44, 300, 8, 52];
  const bottom = top + side;
  const x = (v) => left + side * v;
  const y = (v) => bottom - side * v;
  const filled = bins.filter(({ samples }) => samples > 0);
  const most = Math.max(1, ...filled.map(({ samples }) => samples));
  const title = ({ samples, confidence, accuracy }) => svg('title', {},
    `${grouped(samples)} samples, mean probability ${percent(confidence)}, ${percent(accuracy)} right`);
  const bars = (bin) => {
    const place = { x: x(bin.from) + 1, width: side * (bin.to - bin.from) - 2 };
    // Square roots, so that a bin of one sample in a thousand can still be seen.
    const height = mass * Math.sqrt(bin.samples / most);
    return [
      svg('rect', { class: 'fill', ...place, y: y(bin.accuracy), height: side * bin.accuracy }, title(bin)),
      svg('rect', { class: 'mass', ...place, y: bottom + 8 + mass - height, height }, title(bin)),
    ];
  };
  const mark = ({ samples, confidence, accuracy }) => svg('g', samples < 20 ? { class: 'rare' } : {},
    svg('path', { class: 'gap', d: `M${x(confidence)} ${y(confidence)}V${y(accuracy)}` }),
    svg('circle', { class: 'dot a', cx: x(confidence), cy: y(accuracy), r: 3.5 }));
  return svg('svg', { viewBox: '0 0 360 410', role: 'img', 'aria-label': 'Accuracy by probability' },
    [0, 0.25, 0.5, 0.75, 1].flatMap((v) => [
      svg('path', { class: 'grid', d: `M${x(0)} ${y(v)}H${x(1)}` }),
      svg('text', { x: left - 8, y: y(v) + 4, 'text-anchor': 'end' }, String(100 * v)),
      svg('text', { x: x(v), y: bottom + mass + 26, 'text-anchor': 'middle' }, String(100 * v)),
    ]),
    svg('path', { class: 'diagonal', d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}` }),
    filled.flatMap(bars),
    filled.map(mark),
    svg('text', { x: x(1), y: 404, 'text-anchor': 'end' }, 'probability of the answer, %'),
    svg('text', { x: x(0) + 8, y: y(1) + 16 }, 'right, %'),
    svg('text', { x: x(0) + 8, y: bottom + 24 }, 'samples (square root)'));
}

/** The labels that the confusion matrix shows: all, or those of the most confused pairs. */
function shownLabels({ classes, pairs }) {
  if (classes.length <= kWholeMatrix) return classes.map((row) => row.label);
  return [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].slice(0, kPartOfMatrix);
}

/** Rows are the truth, columns the answer. shown: labels. */
function matrix({ classes, confusions }, shown) {
  const place = new Map(shown.map((text, i) => [text, i]));
  const rows = new Map(classes.filter((row) => place.has(row.label)).map((row) => [row.label, row]));
  const wrong = confusions.filter(({ truth, answer }) => place.has(truth) && place.has(answer));
  const share = (truth, count) => count / Math.max(1, rows.get(truth).samples);
  const largest = Math.max(1e-9, ...wrong.map(({ truth, count }) => share(truth, count)));

  const numbers = shown.length <= 20;
  const few = shown.length <= kPartOfMatrix;
  const cell = numbers ? 38 : few ? 19 : 14;
  const font = numbers ? 16 : few ? 13 : 10;
  const margin = 44;
  const side = cell * shown.length;
  const size = margin + side + 1;
  const middle = (i) => margin + cell * (i + 0.5);

  const cells = ({ truth, answer, count, opacity }) => {
    const [x, y] = [middle(place.get(answer)), middle(place.get(truth))];
    const right = truth === answer;
    return [
      svg('rect', {
        class: right ? 'right' : 'wrong', x: x - cell / 2 + 0.5, y: y - cell / 2 + 0.5, width: cell - 1, height: cell - 1,
        ...(right ? {} : { 'fill-opacity': opacity.toFixed(2) }),
      }, svg('title', {}, `${truth} ${right ? 'read right' : `read as ${answer}`}: ${grouped(count)} of ` +
        `${grouped(rows.get(truth).samples)}, ${percent(share(truth, count))}`)),
      numbers ? svg('text', { x, y, class: opacity > 0.6 ? 'on' : 'n' }, String(count)) : null,
    ];
  };
  const name = (text, x, y) => svg('text', { x, y, class: 'name', style: { 'font-size': `${font}px` } }, text);
  return svg('svg', {
    class: 'matrix', role: 'img', 'aria-label': 'Confusion matrix', viewBox: `0 0 ${size} ${size}`,
    style: { 'max-inline-size': `${size}px`, ...(shown.length > 12 ? { 'min-inline-size': `${0.8 * (margin + side)}px` } : {}) },
  },
  svg('defs', {}, svg('pattern', { id: 'cells', width: cell, height: cell, x: margin, y: margin, patternUnits: 'userSpaceOnUse' },
    svg('path', { class: 'frame', d: `M${cell} 0H0V${cell}` }))),
  svg('rect', { fill: 'url(#cells)', x: margin, y: margin, width: side, height: side }),
  svg('rect', { class: 'frame', x: margin, y: margin, width: side, height: side }),
  svg('text', { x: margin + side / 2, y: 8 }, 'answer'),
  svg('text', { x: 8, y: margin + side / 2, transform: `rotate(-90 8 ${margin + side / 2})` }, 'truth'),
  shown.flatMap((text, i) => [name(text, margin - 12, middle(i)), name(text, middle(i), margin - 12)]),
  [...rows.values()].filter(({ recall }) => recall > 0).flatMap((row) =>
    cells({ truth: row.label, answer: row.label, count: Math.round(row.recall * row.samples), opacity: 0 })),
  wrong.flatMap((confusion) =>
    cells({ ...confusion, opacity: 0.08 + 0.92 * (share(confusion.truth, confusion.count) / largest) ** 0.8 })));
}
