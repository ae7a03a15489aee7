// The attributes of <biji-pad>, in one table. What they mean: BijiPad in web/biji.d.ts.

/** Where the package's files are, unless told: beside this script. */
const kHere = new URL('.', import.meta.url).href;

// An attribute's text, or null, as the property's value: whatever a page writes, it is one that makes sense.
const text = (otherwise) => (value) => value ?? otherwise;
const name = (otherwise) => (value) => value || otherwise;
const oneOf = (...all) => (value) => (all.includes(value) ? value : all[0]);
const flag = (value) => value !== null;
const number = (otherwise, low, high, round = (value) => value) => (value) => {
  const wanted = round(parseFloat(value));
  return Number.isNaN(wanted) ? otherwise : Math.min(Math.max(wanted, low), high);
};

// Attribute, property, how it is read, and what a change of it asks for: 'load' the model anew, 'read' the ink again,
// 'refresh' the buttons, 'validate' the value, 'relabel' in another language, or nothing.
const kAttributes = [
  ['model', 'model', name('digits'), 'load'],
  ['candidates', 'candidates', number(5, 1, 20, Math.trunc), 'read'],
  ['allow', 'allow', text(''), 'read'],
  ['delay', 'delay', number(0, 0, 60000), null],
  ['assets', 'assets', text(kHere), 'load'],
  ['provider', 'provider', oneOf('auto', 'webgpu', 'wasm'), 'load'],
  ['name', 'name', text(''), null],
  ['disabled', 'disabled', flag, 'refresh'],
  ['readonly', 'readOnly', flag, 'refresh'],
  ['required', 'required', flag, 'validate'],
];

/** Attribute -> what its change asks for. lang has its property from HTMLElement. */
export const kChanges = new Map([
  ...kAttributes.filter(([, , , change]) => change).map(([attribute, , , change]) => [attribute, change]), ['lang', 'relabel'],
]);

/** Properties that a page may have set before the element was defined. */
export const kProperties = ['value', 'ink', ...kAttributes.map(([, property]) => property)];

/** Gives an element's class a property for each attribute. */
export function defineAccessors({ prototype }) {
  for (const [attribute, property, read] of kAttributes) {
    Object.defineProperty(prototype, property, {
      configurable: true,
      get() {
        return read(this.getAttribute(attribute));
      },
      set(value) {
        if (read === flag) this.toggleAttribute(attribute, Boolean(value));
        else this.setAttribute(attribute, value);
      },
    });
  }
}
