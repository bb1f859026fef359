// Answers that wait for a line, and what was known last. Used by pages (as a module) and by the service worker (as a script):
// it sets one global, `answerQueue`. Everything is kept in the browser, belongs to one user, and is sent once; what is about one alert goes
// in order. An answer that the server cannot take holds up no answer about another alert, and after some tries none at all.

(() => {
  const NAME = "sentinel", VERSION = 1;
  const LOCK = "sentinel-answers";
  const LINE = "/live/me/line";
  const WAIT_MS = 12000; // what is not answered by then has no line
  const SENDING_MS = 30000; // who was sending it is gone by then
  const OLD_MS = 2 * 3600 * 1000; // an answer older than this is sent only when somebody says so again
  const KEPT_MS = 12 * 3600 * 1000; // as long as a session lasts
  const DONE_MS = 30 * 60 * 1000;
  const OPEN_MS = 3000; // some browsers never say whether they keep anything
  const HOLDS_UP = 5; // so often an answer that the server cannot take goes before the later ones about its alert
  const AGAIN = [408, 425, 429, 500, 502, 503, 504];
  const said = "BroadcastChannel" in globalThis ? new BroadcastChannel(LOCK) : null;

  const asked = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

  let opening = null;
  function opened() {
    opening = opening || new Promise((done, failed) => {
      const late = setTimeout(() => { opening = null; failed(new Error("this browser does not open its store")); }, OPEN_MS);
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("answers", { keyPath: "seq", autoIncrement: true });
        request.result.createObjectStore("kept", { keyPath: "name" });
      };
      request.onsuccess = () => {
        clearTimeout(late);
        request.result.onversionchange = () => { request.result.close(); opening = null; };
        request.result.onclose = () => { opening = null; };
        done(request.result);
      };
      request.onerror = () => { clearTimeout(late); opening = null; failed(request.error); };
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
    ended.catch(() => {}); // told once, by what is asked first
    const result = await asked(work(transaction.objectStore(name)));
    await ended;
    return result;
  }

  const tell = () => { if (said) said.postMessage("changed"); changed.forEach((each) => each()); };
  const changed = new Set();

  /** Every answer that is kept, the oldest first. */
  const all = () => store("answers", "readonly", (answers) => answers.getAll());

  /** What is kept of a new answer. `item`: {owner, about: {id, number, title}, word, verb, body} or {path, form} for an answer link. */
  const written = (item) => ({ state: "waiting", key: crypto.randomUUID(), pressed_at: new Date().toISOString(), since: Date.now(), why: "", tries: 0, ...item });

  /** Keep an answer. */
  async function add(item) {
    const whole = written(item);
    const seq = await store("answers", "readwrite", (answers) => answers.add(whole));
    tell();
    return { ...whole, seq };
  }

  /** Change what is kept of an answer, in one go whoever else has it in hand: `fields(kept)` says how, or null for not at all.
   * Resolves to the answer afterwards, or to null when it was dropped or left as it is. */
  async function change(seq, fields) {
    let after = null;
    await store("answers", "readwrite", (answers) => {
      const found = answers.get(seq);
      found.addEventListener("success", () => {
        const changed = found.result && fields(found.result);
        if (changed) answers.put(after = { ...found.result, ...changed });
      });
      return found;
    });
    if (after) tell();
    return after;
  }

  async function remove(seq) {
    await store("answers", "readwrite", (answers) => answers.delete(seq));
    tell();
  }

  const waits = (item) => ["waiting", "login"].includes(item.state) || (item.state === "sending" && Math.abs(Date.now() - item.sending) > SENDING_MS);
  const isOld = (item) => Date.now() - item.since > OLD_MS;

  async function fetched(path, read, init) {
    const limit = new AbortController(), late = setTimeout(() => limit.abort(), WAIT_MS);
    try {
      return await read(await fetch(path, { credentials: "same-origin", cache: "no-store", redirect: "manual", signal: limit.signal, ...init }));
    } finally {
      clearTimeout(late);
    }
  }

  /** Who is signed in at the other end: {user, csrf}; {user: ""} when nobody is; null without a line, or when it cannot say. */
  async function ask() {
    const line = await asks();
    return line.down || line.ill ? null : line;
  }

  async function asks() {
    try {
      return await fetched(LINE, async (response) => {
        if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) return { user: "", csrf: "" };
        return response.ok ? response.json().catch(() => ({ ill: true })) : { ill: true };
      }, { headers: { Accept: "application/json" } });
    } catch {
      return { down: true };
    }
  }

  /** Send one answer. Resolves to {state, why, alert}: `state` waiting with `down` means that there is no line, without it that the
   * server could not take it now. */
  async function deliver(item, csrf) {
    try {
      return await (item.form ? asForm(item) : asRest(item, csrf));
    } catch {
      return { state: "waiting", why: "", down: true };
    }
  }

  const JSON_ONLY = { Accept: "application/json" };
  const asForm = (item) => fetched(item.path, ofForm, { method: "POST", keepalive: true, headers: JSON_ONLY, body: new URLSearchParams(item.form) });
  const asRest = (item, csrf) => fetched(`/api/v1/alerts/${item.about.id}/${item.verb}`, (response) => ofRest(response, item), {
    method: "POST",
    keepalive: true,
    headers: { ...JSON_ONLY, "Content-Type": "application/json", "X-CSRFToken": csrf, "Idempotency-Key": item.key, "Sentinel-Language": item.language || "" },
    body: JSON.stringify({ ...item.body, pressed_at: item.pressed_at }),
  });

  /** Only Sentinel's own word proves that it has the answer: a proxy's page, or its way to a sign-in, does not. */
  async function ofForm(response) {
    const body = await response.json().catch(() => ({}));
    if (response.ok && body.taken === true) return { state: "sent", why: "" };
    if (response.ok || response.type === "opaqueredirect" || AGAIN.includes(response.status)) return { state: "waiting", why: `${response.status || ""}` };
    return { state: "refused", why: { 409: "over", 410: "link" }[response.status] || `${response.status}` };
  }

  async function ofRest(response, item) {
    const body = await response.json().catch(() => ({}));
    if (response.ok && body.id === item.about.id) return { state: "sent", why: "", alert: body };
    if (response.status === 401 || response.type === "opaqueredirect") return { state: "login", why: "" };
    const again = response.ok || AGAIN.includes(response.status) || (response.status === 409 && body.code !== "illegal_transition");
    if (again) return { state: "waiting", why: `${response.status}` };
    return { state: "refused", why: [body.detail || `${response.status}`, ...(body.errors || []).map((each) => each.msg || "")].join(" ").trim() };
  }

  /** Take an answer in hand. Resolves to null when somebody else has it, or dropped it. A store that fails does not hold it up. */
  const taken = (item) => change(item.seq, (kept) => (waits(kept) ? { state: "sending", sending: Date.now() } : null)).catch(() => item);

  /** Send `item` now. Resolves to what became of it. `fresh`: the token was just fetched; an old page's may be of an earlier session. */
  async function send(item, csrf, fresh = false) {
    if (!(await taken(item))) return (await all()).find((each) => each.seq === item.seq) || item;
    let end = await deliver(item, csrf);
    if (!fresh && end.state === "refused" && end.why.includes("CSRF")) end = await sentAgain(item);
    const { alert, ...fields } = end;
    const done_at = end.state === "sent" || end.state === "refused" ? new Date().toISOString() : null;
    const after = { down: false, ...fields, tries: item.tries + 1, done_at };
    await change(item.seq, () => after).catch(() => {}); // then it is sent again later: its key lets it have its effect once
    return { ...item, ...after, alert };
  }

  /** The page's token is of an earlier session: with one of now, as long as the same person is signed in. */
  async function sentAgain(item) {
    const line = await asks();
    if (line.down || line.ill) return { state: "waiting", why: "", down: Boolean(line.down) };
    return line.user === item.owner ? deliver(item, line.csrf) : { state: "login", why: "" };
  }

  /** Send one, if its turn came. Resolves to what became of it; `line` is asked for once, when somebody must be signed in. */
  async function inTurn(item, line) {
    if (isOld(item)) return change(item.seq, () => ({ state: "old" }));
    if (item.form) return send(item, "", true);
    line.now = line.now || await asks();
    if (line.now.down || line.now.ill) return { state: "waiting", down: line.now.down };
    if (line.now.user === item.owner) return send(item, line.now.csrf, true);
    return item.state === "login" ? item : change(item.seq, () => ({ state: "login" })); // nobody, or somebody else at this device
  }

  /** What cannot be taken holds up what is about the same alert; what only says that it was seen never does. */
  const holdsUp = (item) => item.verb !== "seen" && item.tries < HOLDS_UP;

  async function sendAll() {
    await tidy();
    const line = {}, tried = new Set(), held = new Set();
    for (;;) {
      const item = (await all()).find((each) => waits(each) && !tried.has(each.seq) && !held.has(each.about && each.about.id));
      if (!item) return;
      tried.add(item.seq);
      const end = await inTurn(item, line);
      if (end && end.state === "waiting" && end.down) return; // no line: what comes later goes later
      if (end && end.state === "waiting" && item.about && holdsUp(item)) held.add(item.about.id);
    }
  }

  /** In one place at a time; a page that the system put to sleep with the lock in its hand holds nobody up for long. */
  async function alone(work) {
    if (!navigator.locks) return work();
    const limit = new AbortController(), late = setTimeout(() => limit.abort(), SENDING_MS);
    return navigator.locks.request(LOCK, { signal: limit.signal }, () => { clearTimeout(late); return work(); }).catch((error) => (limit.signal.aborted ? work() : Promise.reject(error)));
  }

  let running = null, next = null;
  function start() {
    running = alone(sendAll).catch(() => {}).then(() => { running = null; });
    return running;
  }

  /** Send everything that waits, in one place at a time. Whoever asks while it runs waits for one more turn, together. Never rejects. */
  function flush() {
    if (!running) return start();
    next = next || running.then(() => { next = null; return running || start(); });
    return next;
  }

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
      if (item.done_at) await remove(item.seq);
      else if (item.about && item.about.title) await change(item.seq, (kept) => ({ about: { ...kept.about, title: "" } }));
    }
  }

  if (said) said.onmessage = () => changed.forEach((each) => each());
  globalThis.answerQueue = { add, all, ask, change, changed, deliver, flush, forget, keep, kept, remove, send, waits, written };
})();
