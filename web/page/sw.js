// Offline: the page works without a network once it has been visited. With a network every file is fetched as usual
// (the HTTP cache revalidates it), so nobody sees an old version; the copies kept here serve when that fails.
const kCache = 'biji';
const kFiles = __BIJI_OFFLINE_FILES__; // put in by web/build.mjs

self.addEventListener('install', (event) => {
  // The page registers this worker when it is ready: all of these were fetched a moment ago and come from the HTTP cache.
  event.waitUntil(caches.open(kCache).then((cache) => cache.addAll(kFiles)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const cache = await caches.open(kCache);
  try {
    const response = await fetch(request);
    if (response.ok && response.type === 'basic') cache.put(request, response.clone()).catch(() => {}); // storage may be full
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
