// Answers that wait for a line, and what was known last. Used by pages (as a module) and by the service worker (as a script):
// it sets one global, `answerQueue`. Everything is kept in the browser, belongs to one user, and is sent in order, once.

(() => {
  const NAME = "sentinel", VERSION = 1;
  const LOCK = "sentinel-answers";
  const LINE = "/live/me/line";
  const WAIT_MS = 12000; // what is not answered by then has no line
  const SENDING_MS = 30000; // who was sending it is gone by then
  const OLD_MS = 2 * 3600 * 1000; // an answer older than this is sent only when somebody says so again
  const KEPT_MS = 12 * 3600 * 1000; // as long as a session lasts
  const DONE_MS = 30 * 60 * 1000;
  const AGAIN = [408, 425, 429, 500, 502, 503, 504];
  const said = "BroadcastChannel" in globalThis ? new BroadcastChannel(LOCK) : null;

  const asked = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

  let opening = null;
  function opened() {
    opening = opening || new Promise((done, failed) => {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("answers", { keyPath: "seq", autoIncrement: true });
        request.result.createObjectStore("kept", { keyPath: "name" });
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => { request.result.close(); opening = null; };
        done(request.result);
      };
      request.onerror = () => { opening = null; failed(request.error); };
    });
    return opening;
  }

  async function store(name, mode, work) {
    const database = await opened();
    const transaction = database.transaction(name, mode);
    const ended = new Promise((done, failed) => {
      transaction.oncomplete = () => done();
      transaction.onabort = transaction.onerror = () => failed(transaction.error);
    });
    const result = await asked(work(transaction.objectStore(name)));
    await ended;
    return result;
  }

  const tell = () => { if (said) said.postMessage("changed"); changed.forEach((each) => each()); };
  const changed = new Set();

  /** Every answer that is kept, the oldest first. */
  const all = () => store("answers", "readonly", (answers) => answers.getAll());

  /** Keep an answer. `item`: {owner, about: {id, number, title}, word, verb, body} or {path, form} for an answer link. */
  async function add(item) {
    const whole = { state: "waiting", key: crypto.randomUUID(), pressed_at: new Date().toISOString(), why: "", ...item };
    const seq = await store("answers", "readwrite", (answers) => answers.add(whole));
    tell();
    return { ...whole, seq };
  }

  async function change(item, fields) {
    Object.assign(item, fields);
    await store("answers", "readwrite", (answers) => answers.put(item));
    tell();
    return item;
  }

  async function remove(seq) {
    await store("answers", "readwrite", (answers) => answers.delete(seq));
    tell();
  }

  const waits = (item) => ["waiting", "login"].includes(item.state) || (item.state === "sending" && Date.now() - item.since > SENDING_MS);
  const isOld = (item) => Date.now() - Date.parse(item.confirmed_at || item.pressed_at) > OLD_MS;

  const fetched = (path, init) => fetch(path, { credentials: "same-origin", cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(WAIT_MS), ...init });

  /** Who is signed in at the other end: {user, csrf}; {user: ""} when nobody is; null without a line. */
  async function ask() {
    try {
      const response = await fetched(LINE, { headers: { Accept: "application/json" } });
      if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) return { user: "", csrf: "" };
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  /** Send one answer. Resolves to {state, why, alert}: `state` waiting means that there is no line. */
  async function deliver(item, csrf) {
    try {
      return await judged(item.form ? await asForm(item) : await asRest(item, csrf), item);
    } catch {
      return { state: "waiting", why: "" };
    }
  }

  const asForm = (item) => fetched(item.path, { method: "POST", body: new URLSearchParams(item.form) });
  const asRest = (item, csrf) => fetched(`/api/v1/alerts/${item.about.id}/${item.verb}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf, "Idempotency-Key": item.key },
    body: JSON.stringify({ ...item.body, pressed_at: item.pressed_at }),
  });

  async function judged(response, item) {
    if (item.form) {
      if (response.type === "opaqueredirect" || response.ok) return { state: "sent", why: "" };
      if (AGAIN.includes(response.status)) return { state: "waiting", why: "" };
      return { state: "refused", why: { 409: "over", 410: "link" }[response.status] || `${response.status}` };
    }
    const body = await response.json().catch(() => ({}));
    if (response.ok) return { state: "sent", why: "", alert: body };
    if (response.status === 401 || response.type === "opaqueredirect") return { state: "login", why: "" };
    if (AGAIN.includes(response.status) || (response.status === 409 && body.code !== "illegal_transition")) return { state: "waiting", why: "" };
    return { state: "refused", why: [body.detail || `${response.status}`, ...(body.errors || []).map((each) => each.msg || "")].join(" ").trim() };
  }

  /** Send `item` now. Resolves to what became of it. `fresh`: the token was just fetched; an old page's may be of an earlier session. */
  async function send(item, csrf, fresh = false) {
    await change(item, { state: "sending", since: Date.now() });
    const { alert, ...end } = await deliver(item, csrf);
    if (!fresh && end.state === "refused" && end.why.includes("CSRF")) Object.assign(end, { state: "waiting", why: "" });
    await change(item, { ...end, done_at: end.state === "sent" || end.state === "refused" ? new Date().toISOString() : null });
    return { ...item, alert };
  }

  async function sendAll() {
    await tidy();
    let line = null;
    for (const item of (await all()).filter(waits)) {
      if (isOld(item)) { await change(item, { state: "old" }); continue; }
      if (!item.form && line === null) {
        line = await ask();
        if (line === null) return;
      }
      if (!item.form && line.user === "") { if (item.state !== "login") await change(item, { state: "login" }); continue; }
      if (!item.form && line.user !== item.owner) continue; // somebody else's turn at this device
      const { state } = await send(item, line && line.csrf, true);
      if (state === "waiting") return; // what comes later goes later
    }
  }

  const alone = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());

  /** Send everything that waits, in order, in one place at a time. Never rejects. */
  const flush = () => alone(sendAll).catch(() => {});

  /** Forget what is done. */
  async function tidy() {
    for (const item of await all()) if (item.done_at && Date.now() - Date.parse(item.done_at) > DONE_MS) await remove(item.seq);
  }

  /** Keep the list that the page shows, for when there is no line. */
  const keep = (owner, at, alerts) => store("kept", "readwrite", (kept) => kept.put({ name: "list", owner, at, since: Date.now(), alerts }));

  /** The last list that was known: {owner, at, alerts}, or null. */
  async function kept() {
    const found = await store("kept", "readonly", (each) => each.get("list"));
    return found && Date.now() - found.since < KEPT_MS ? found : null;
  }

  /** Somebody signed out, or somebody else is here than `owner`: forget what was shown. Answers that wait stay, without a title. */
  async function forget(owner = null) {
    const found = await store("kept", "readonly", (each) => each.get("list"));
    if (found && found.owner !== owner) await store("kept", "readwrite", (each) => each.clear());
    for (const item of await all()) {
      if (item.owner === owner || !item.owner) continue;
      if (!waits(item) && item.state !== "old") await remove(item.seq);
      else if (item.about && item.about.title) await change(item, { about: { ...item.about, title: "" }, body: { ...item.body } });
    }
  }

  if (said) said.onmessage = () => changed.forEach((each) => each());
  globalThis.answerQueue = { add, all, ask, change, changed, flush, forget, keep, kept, remove, send, waits };
})();
