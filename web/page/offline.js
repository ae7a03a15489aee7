// Once everything is here, a service worker keeps a copy for times without a network. Pages from file: and plain http have none.
import { pad } from './dom.js';

pad.addEventListener('biji-ready', () => navigator.serviceWorker?.register('./sw.js').catch(() => {}), { once: true });
