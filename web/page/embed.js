// The snippet that puts the pad on somebody's own page.
import { $ } from './dom.js';

$('copy').addEventListener('click', async ({ target }) => {
  try {
    await navigator.clipboard.writeText($('snippet').textContent);
    target.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('snippet')); // no permission: ready for Ctrl+C
    target.textContent = 'Selected';
  }
  setTimeout(() => (target.textContent = 'Copy'), 1500);
});
