// The service worker of the installed app. SHELL = {version, offline, files, queue} is written in front of this by the server.
// It keeps the page that says that there is no line, and nothing else: no alert is ever shown from a cache as if it were of now.

importScripts(SHELL.queue);

const CACHE = `shell-${SHELL.version}`;
const WAIT_MS = 20000, PART_MS = 5000;

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
  else if (SHELL.files.includes(url.pathname)) event.respondWith(part(request, url.pathname));
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

/** What the page without a line is made of must not hang on the line. */
async function part(request, path) {
  try {
    return await Promise.race([fetch(request), later(PART_MS)]);
  } catch {
    return fromShell(path);
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

// --- Messages that are pushed ---

const TRIES = 3;
const PAUSE_MS = 2000;
const SHAKE = [400, 150, 400, 150, 400, 150, 800];

self.addEventListener("push", (event) => event.waitUntil(pushed(event.data)));

/** Show the message, whatever it is: a browser that is pushed to and shows nothing loses the right to be. Then say that it came. */
async function pushed(data) {
  let told = {};
  try { told = data.json(); } catch { /* nobody but Sentinel can write it; shown below all the same */ }
  const { title = "Sentinel", body = "", tag, lang, at, actions = [], loud = false } = told;
  await self.registration.showNotification(title, {
    body, tag, lang, actions, timestamp: at, renotify: Boolean(tag), requireInteraction: loud, vibrate: loud ? SHAKE : [200, 100, 200],
    icon: "/static/live/icon-192.png", badge: "/static/live/badge-96.png", data: told,
  });
  await said(told, "delivered");
}

/** Post a receipt; without one in time, Sentinel uses the next way to reach this person. */
async function said(told, word) {
  for (let turn = 0; told.receipt && turn < TRIES; turn += 1) {
    try {
      const response = await fetch(`${told.receipt}/${word}`, { method: "POST", credentials: "omit", keepalive: true });
      if (response.status < 500) return;
    } catch { /* tried again */ }
    await new Promise((done) => { setTimeout(done, PAUSE_MS); });
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(event.action ? answered(event.notification, event.action) : opened(event.notification.data || {}));
});

/** A button of the notification: answered by the message's own link, which needs no session. Without a line it waits like any answer. */
async function answered(notification, word) {
  const told = notification.data || {};
  if (!told.alert || !told.answer) { await opened(told); return; }
  const end = await saidBack({ owner: "", about: { ...told.alert, title: "" }, word, path: told.answer, form: { answer: `${word}:${told.alert.id}` } });
  const sign = { sent: "✓", refused: "✕", lost: "✕" }[end.state] || "…";
  const why = { sent: "", refused: SHELL.said[end.why] || SHELL.said.refused, lost: SHELL.said.lost }[end.state] ?? SHELL.said.kept;
  const label = (told.actions.find((each) => each.action === word) || { title: word }).title;
  await self.registration.showNotification(`${sign} ${label}`, {
    body: [why, told.title].filter(Boolean).join("\n"), tag: told.tag, lang: told.lang, requireInteraction: end.state !== "sent",
    icon: "/static/live/icon-192.png", badge: "/static/live/badge-96.png", data: { ...told, actions: [] },
  });
  if (!["sent", "refused"].includes(end.state) && self.registration.sync) await self.registration.sync.register("answers").catch(() => {});
}

/** Keep the answer and send it; where this browser keeps nothing, send it all the same. Resolves to {state, why}: `lost` was neither. */
async function saidBack(about) {
  const item = await answerQueue.add(about).catch(() => null);
  if (item === null) {
    const end = await answerQueue.deliver(about, "");
    return end.state === "waiting" ? { state: "lost" } : end;
  }
  await answerQueue.flush();
  return (await answerQueue.all().catch(() => [])).find((each) => each.seq === item.seq) || item;
}

/** Open what it is about, in a window that is there already if there is one, and say that it was opened. */
async function opened(told) {
  const path = typeof told.url === "string" && told.url.startsWith("/") && !told.url.startsWith("//") ? told.url : "/live/me/";
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((each) => new URL(each.url).pathname === path);
  await Promise.all([there ? there.focus() : self.clients.openWindow(path), said(told, "seen")]);
}

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renewed(event)));

/** The browser changed its subscription by itself: tell Sentinel the new one while somebody is signed in; else say that one must. */
async function renewed(event) {
  const before = event.oldSubscription;
  const now = event.newSubscription || (before && await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: before.options.applicationServerKey }));
  const line = now && await answerQueue.ask();
  if (line && line.user) {
    const response = await fetch("/api/v1/devices/push-tokens", {
      method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": line.csrf },
      body: JSON.stringify({ token: JSON.stringify(now), platform: "web" }),
    });
    if (response.ok) return;
  }
  await self.registration.showNotification("Sentinel", { body: SHELL.renew, tag: "renew", data: { url: "/live/me/" } });
}
