// Tables: plain ones, and those that sort by the column whose head is clicked.
'use strict';

const kFilterFrom = 20; // rows beyond which a table has a filter

/**
 * columns: [{ name, start?, cell(row): node or string, value?(row): number or string, null = unknown,
 *             bad?(row): 0..1, the length of a bar behind the cell }]
 */
function table(columns, rows) {
  const classes = ({ start, bad }) => [start ? 'start' : '', bad ? 'bad' : ''].join(' ').trim();
  return html('table', {},
    html('thead', {}, html('tr', {}, columns.map((column) =>
      html('th', column.start ? { class: 'start' } : {}, column.name)))),
    html('tbody', {}, rows.map((row) => html('tr', {}, columns.map((column) =>
      html('td', {
        class: classes(column),
        ...(column.bad ? { style: { '--bad': `${(100 * column.bad(row)).toFixed(1)}%` } } : {}),
      }, column.cell(row)))))));
}

/** [filter or null, card with the table]. rows come in ascending order of the column called sorted. */
function sortableTable(columns, rows, sorted) {
  const node = table(columns, rows);
  const [body] = node.tBodies;
  const lines = [...body.rows].map((tr, i) => ({ tr, row: rows[i] }));
  const heads = [...node.tHead.rows[0].cells];
  heads.forEach((head, i) => {
    const column = columns[i];
    if (column.name === sorted) head.setAttribute('aria-sort', 'ascending');
    const button = html('button', {}, ...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const up = head.getAttribute('aria-sort') !== 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      lines.sort((r, s) => (up ? 1 : -1) * order(column.value(r.row), column.value(s.row)) || 0);
      const known = lines.filter(({ row }) => column.value(row) !== null);
      const unknown = lines.filter(({ row }) => column.value(row) === null); // these come last both ways
      body.append(...[...known, ...unknown].map(({ tr }) => tr));
    });
  });
  const card = html('div', { class: 'card tall' }, node);
  return rows.length > kFilterFrom ? [filter(lines), card] : [card];
}

function order(a, b) {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a ?? '').localeCompare(String(b ?? ''));
}

function filter(lines) {
  const input = html('input', { type: 'search', autocomplete: 'off' });
  input.addEventListener('input', () => {
    const text = input.value.trim();
    for (const { tr } of lines) tr.hidden = ![...tr.querySelectorAll('bdi')].some((b) => b.textContent.includes(text));
  });
  return html('label', { class: 'filter' }, 'Show only', input);
}
