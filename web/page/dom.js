// Shorthands for the elements of index.html.
export const $ = (id) => document.getElementById(id);

/** The <biji-pad>. */
export const pad = $('pad');

export function button(text, pressed, click) {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = text;
  element.setAttribute('aria-pressed', String(pressed));
  element.addEventListener('click', click);
  return element;
}
