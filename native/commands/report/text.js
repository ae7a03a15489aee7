// How the page writes numbers and labels, and the elements that it is made of. Text goes into the page as text nodes
// and attributes alone: labels and names may hold anything.
'use strict';

/** An HTML element. attributes: { class, title, .. }, { style: { '--width': '3%' } }; children: nodes, strings, null. */
function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element, likewise. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill(node, { style, ...attributes }, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  // Not an attribute: the page's policy forbids those.
  for (const [property, value] of Object.entries(style ?? {})) node.style.setProperty(property, value);
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

/** A label in an element of its own, so that right-to-left characters stay inside, and with Chinese forms of Han. */
function label(text) {
  return html('bdi', text.codePointAt(0) >= 0x3000 ? { lang: 'zh-Hans' } : {}, text);
}

/** 10,000 */
function grouped(n) {
  return n.toLocaleString('en-US');
}

/** 25.8 k, 7.33 M */
function rounded(n) {
  if (n < 1e3) return String(n);
  return n < 1e6 ? `${significant(n / 1e3, 3)} k` : `${significant(n / 1e6, 4)} M`;
}

/** 0.000123; 1.23e-9 */
function significant(value, digits = 3) {
  return String(Number(value.toPrecision(digits)));
}

/** Of a share, 0..1. Only what is right without exception is 100 %. */
function percent(share) {
  if (share === 1) return '100\u00a0%';
  return share > 0.99995 ? '>\u00a099.99\u00a0%' : `${(100 * share).toFixed(2)}\u00a0%`;
}

/** 59 s; 3 min 20 s; 2 h 5 min */
function duration(seconds) {
  const s = Math.floor(seconds + 0.5);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}
