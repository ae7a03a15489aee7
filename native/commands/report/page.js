// Fills the page with what `biji eval` measured. A section without data is taken out.
'use strict';

const kErrors = 120; // on the contact sheet
const kPairs = 24; // with pictures
const kPairPictures = 5; // each direction
const kConfusions = 50; // in the list

const report = JSON.parse(document.getElementById('report').textContent);
const pictures = JSON.parse(document.getElementById('pictures').textContent);

function fillHeader() {
  const { network, model, data, classes, parameters, temperature } = report;
  const on = data.map(({ name }) => name).join(' + ');
  document.title = `${network} on ${on}: ${percent(report.top1)}`;
  document.getElementById('title').append(`${network} `, html('span', {}, `on ${on}`));
  document.getElementById('model').textContent = [
    model, `${grouped(classes.length)} classes`, `${grouped(parameters)} parameters`,
    `${rounded(report.multiply_adds)} multiply-adds`, `temperature ${significant(temperature)}`].join(' · ');
}

function fillFacts() {
  const { top1, errors, samples, classes, epochs } = report;
  document.getElementById('accuracy').textContent = errors === 0 ? '100' : (100 * top1).toFixed(2);
  document.getElementById('samples').textContent = grouped(samples);
  const facts = {
    Errors: grouped(errors),
    '95 % interval': `${(100 * report.top1_low).toFixed(2)}–${(100 * report.top1_high).toFixed(2)}`,
    ...(classes.length > 20
      ? { 'Among the first 5': percent(report.top5), 'Among the first 10': percent(report.top10) }
      : { 'Among the first 2': percent(report.top2), 'Among the first 3': percent(report.top3) }),
    'Mean recall': percent(report.mean_recall),
    Loss: significant(report.loss, 4),
    'Calibration error': percent(report.calibration_error),
    ...(epochs.length > 0 ? { Training: duration(epochs.at(-1).seconds) } : {}),
  };
  document.getElementById('facts').append(...Object.entries(facts).map(([name, value]) =>
    html('div', {}, html('dt', {}, name), html('dd', {}, value))));
}

function fillLearning(text, [charts]) {
  const { epochs } = report;
  const validated = epochs.at(-1).val_loss !== null;
  const training = (values) => ({ style: 'b', name: 'training', values });
  const both = (values, validation) => (validated
    ? [{ style: 'a', name: 'validation', values: validation }, training(values)]
    : [training(values)]);
  const column = (key, map = (v) => v) => epochs.map((row) => (row[key] === null ? null : map(row[key])));
  // A logarithmic axis knows no zero; an epoch without errors is drawn as one in 100,000.
  const loss = (v) => Math.max(v, 1e-9);
  const wrong = (accuracy) => Math.max(1 - accuracy, 1e-5);
  text.textContent = `${grouped(epochs.length)} ${epochs.length === 1 ? 'epoch' : 'epochs'} in ` +
    `${duration(epochs.at(-1).seconds)}. Training figures are of the batches as they were trained on, augmentation included` +
    `${validated ? ', validation figures of the averaged weights on samples kept apart'
      : '; this run kept no samples apart for validation'}. Loss and accuracy are on logarithmic scales.`;
  const common = { epochs: epochs.map(({ epoch }) => epoch) };
  charts.append(
    curves({ ...common, title: 'Loss', series: both(column('loss', loss), column('val_loss', loss)), logarithmic: true }),
    curves({
      ...common, title: 'Accuracy', series: both(column('accuracy', wrong), column('val_accuracy', wrong)),
      logarithmic: true, downwards: true,
      tick: (v) => `${significant(100 * (1 - v), 6)} %`, exact: (v) => percent(1 - v),
    }),
    curves({ ...common, title: 'Learning rate', series: [{ style: 'a', name: 'at the end of the epoch', values: column('lr') }] }));
}

function fillCalibration(text, [sides]) {
  text.textContent = 'How far the probability of an answer can be believed: of the answers given with 90\u00a0%, 90\u00a0% ' +
    `should be right. The expected calibration error is ${percent(report.calibration_error)}, the mean distance from the ` +
    'diagonal, weighted by samples.';
  sides.children[0].append(calibrationChart(report.calibration));
  sides.children[1].append(table([
    { name: 'Probability', start: true, cell: ({ from, to }) => `${(100 * from).toFixed(0)}–${(100 * to).toFixed(0)}\u00a0%` },
    { name: 'Samples', cell: ({ samples }) => grouped(samples) },
    { name: 'Mean', cell: ({ confidence }) => percent(confidence) },
    { name: 'Right', cell: ({ accuracy }) => percent(accuracy) },
  ], report.calibration.filter(({ samples }) => samples > 0)));
}

function fillConfusions(text, [two]) {
  const shown = shownLabels(report);
  const samples = new Map(report.classes.map((row) => [row.label, row.samples]));
  text.textContent = 'Rows are the truth, columns the answer; the redder, the larger the share of the row’s samples.' +
    (shown.length < report.classes.length ? ` Shown are the ${shown.length} of ${grouped(report.classes.length)} classes ` +
      'that are confused most often.' : '');
  two.classList.toggle('whole', shown.length > kPartOfMatrix);
  two.children[0].append(matrix(report, shown));
  two.children[1].append(table([
    { name: 'Truth', start: true, cell: ({ truth }) => label(truth) },
    { name: 'Answer', start: true, cell: ({ answer }) => label(answer) },
    { name: 'Times', cell: ({ count }) => grouped(count) },
    { name: 'Share', cell: ({ truth, count }) => percent(count / samples.get(truth)) },
  ], report.confusions.slice(0, kConfusions)));
}

function picture({ sample, truth, png }) {
  const image = html('img', { alt: truth, title: `sample ${sample}`, src: `data:image/png;base64,${png}` });
  image.addEventListener('load', () => image.classList.toggle('coarse', image.naturalWidth <= 32));
  return image;
}

function fillPairs(text, [cards]) {
  const direction = (truth, answer, count) => (count === 0 ? null : html('div', { class: 'as' },
    html('span', {}, label(truth), label(answer), ` \u00a0${grouped(count)}`),
    html('div', {}, pictures.filter((p) => p.truth === truth && p.answer === answer).slice(0, kPairPictures).map(picture))));
  cards.append(...report.pairs.slice(0, kPairs).map((pair) => html('article', { class: 'card' },
    html('p', {}, html('span', {}, label(pair.a), html('i', {}, '⇄'), label(pair.b)),
      html('span', {}, grouped(pair.a_as_b + pair.b_as_a))),
    direction(pair.a, pair.b, pair.a_as_b),
    direction(pair.b, pair.a, pair.b_as_a))));
}

function fillErrors(text, [sheet]) {
  const shown = report.worst_errors.slice(0, kErrors);
  const bySample = new Map(pictures.map((entry) => [entry.sample, entry]));
  text.textContent = (shown.length < report.errors
    ? `The ${shown.length} of ${grouped(report.errors)} errors that the model was most certain of`
    : 'All errors, those that the model was most certain of first') + ': truth, answer and its probability.';
  sheet.append(...shown.map((error) => html('figure', {},
    picture(bySample.get(error.sample)),
    html('figcaption', { title: `the truth got ${significant(100 * error.truth_probability, 2)} %, rank ${error.truth_rank}` },
      label(error.truth), label(error.answer), html('br'), percent(error.probability)))));
}

/** A column whose background is a bar as long as the error, relative to the largest. */
function accuracyColumn(name, key, rows) {
  const worst = Math.max(1e-9, ...rows.map((row) => 1 - (row[key] ?? 1)));
  return {
    name,
    value: (row) => row[key],
    cell: (row) => (row[key] === null ? '–' : percent(row[key])),
    bad: (row) => (1 - (row[key] ?? 1)) / worst,
  };
}

function fillClasses(text) {
  text.textContent = 'Recall: of the samples of a class, how many were answered with it. Precision: of the samples answered ' +
    `with it, how many belong to it. Mean recall is ${percent(report.mean_recall)}.`;
  // The lowest recall first, then the most samples; classes without samples last.
  const rows = report.classes.toSorted((a, b) => (a.recall ?? 2) - (b.recall ?? 2) || b.samples - a.samples);
  text.after(...sortableTable([
    { name: 'Class', start: true, value: (row) => row.label, cell: (row) => label(row.label) },
    { name: 'Samples', value: (row) => row.samples, cell: (row) => grouped(row.samples) },
    accuracyColumn('Recall', 'recall', rows),
    { name: 'Precision', value: (row) => row.precision, cell: (row) => (row.precision === null ? '–' : percent(row.precision)) },
    {
      name: 'Most often taken for', start: true, value: (row) => row.confused_with?.label ?? null,
      cell: (row) => (row.confused_with ? label(row.confused_with.label) : '–'),
    },
    { name: 'Times', value: (row) => row.confused_with?.count ?? 0, cell: (row) => grouped(row.confused_with?.count ?? 0) },
  ], rows, 'Recall'));
}

function fillGroups(text) {
  const { groups } = report;
  const errors = ({ samples, accuracy }) => Math.round(samples * (1 - accuracy));
  const at = (share) => percent(groups[Math.floor(groups.length * share)].accuracy);
  text.textContent = `${grouped(groups.length)} groups (the writers, for instance). Half of them reach ${at(1 / 2)}` +
    `${groups.length < 10 ? '' : `, one in ten stays below ${at(1 / 10)}`}.`;
  text.after(...sortableTable([
    { name: 'Group', start: true, value: (row) => row.name, cell: (row) => html('bdi', {}, row.name) },
    { name: 'Samples', value: (row) => row.samples, cell: (row) => grouped(row.samples) },
    { name: 'Errors', value: errors, cell: (row) => grouped(errors(row)) },
    accuracyColumn('Accuracy', 'accuracy', groups),
  ], groups, 'Accuracy'));
}

fillHeader();
fillFacts();
const confused = report.confusions.length > 0;
for (const [id, present, fillSection] of [
  ['learning', report.epochs.length > 0, fillLearning],
  ['calibration', true, fillCalibration],
  ['confusions', confused, fillConfusions],
  ['pairs', confused, fillPairs],
  ['errors', confused, fillErrors],
  ['classes', true, fillClasses],
  ['groups', report.groups.length > 0, fillGroups],
]) {
  const section = document.getElementById(id);
  if (!present) {
    section.remove();
    continue;
  }
  document.getElementById('sections').append(html('a', { href: `#${id}` }, section.dataset.name));
  fillSection(section.querySelector('h2 + p'), section.querySelectorAll(':scope > div'));
}
