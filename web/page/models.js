// The menu of models, where there is a choice.
import { $, pad } from './dom.js';
import { startOver } from './status.js';

async function listModels() {
  const response = await fetch('./models/index.json');
  if (!response.ok) return;
  const models = await response.json();
  if (models.length < 2) return;
  $('models').replaceChildren(...models.map(({ name, title }) => new Option(title ?? name, name, name === pad.model, name === pad.model)));
  $('models').closest('label').hidden = false;
  $('models').addEventListener('change', ({ target }) => {
    startOver();
    pad.model = target.value;
    pad.querySelector('[slot=hint]').textContent = 'Write here';
  });
}
listModels().catch(() => {}); // the list is a convenience: the pad has its model anyway
