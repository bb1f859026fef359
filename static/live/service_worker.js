// The service worker of the installed app. SHELL = {version, offline, files, queue} is written in front of this by the server.
// It keeps the page that says that there is no line, and nothing else: no alert is ever shown from a cache as if it were of now.

importScripts(SHELL.queue);

const CACHE = `shell-${SHELL.version}`;
const WAIT_MS = 20000;

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(take()));

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([SHELL.offline, ...SHELL.files].map((path) => new Request(path, { cache: "reload", credentials: "same-origin" })));
  await self.skipWaiting();
}

async function take() {
  for (const name of await caches.keys()) if (name.startsWith("shell-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname.endsWith("/logout/")) event.waitUntil(answerQueue.forget().catch(() => {}));
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && url.pathname.startsWith("/live/") && !url.pathname.startsWith("/live/wall/")) event.respondWith(page(request));
  else if (SHELL.files.includes(url.pathname)) event.respondWith(fetch(request).catch(() => fromShell(url.pathname)));
});

const later = (ms) => new Promise((done, failed) => { setTimeout(() => failed(new Error("no answer")), ms); });

/** A page of now; without a line, the page that says so. */
async function page(request) {
  try {
    return await Promise.race([fetch(request), later(WAIT_MS)]);
  } catch {
    return fromShell(SHELL.offline);
  }
}

async function fromShell(path) {
  return (await caches.match(path, { cacheName: CACHE })) || Response.error();
}

self.addEventListener("sync", (event) => { if (event.tag === "answers") event.waitUntil(send()); });

/** Send what waits. Rejects while something still does, so that the browser comes back. */
async function send() {
  await answerQueue.flush();
  if ((await answerQueue.all()).some((item) => item.state === "waiting")) throw new Error("no line yet");
}
