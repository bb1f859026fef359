// This browser as a contact method: subscribing at its push service, and telling Sentinel.

import { byId, setText, show, toast, words } from "./dom.js";
import { call } from "./rest.js";
import { during } from "./press.js";
import { registered } from "./app.js";

const MINE = "sentinel-reached"; // whose contact method this browser is

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const same = (left, right) => left.length === right.length && left.every((each, place) => each === right[place]);

/** What this device is called in the list. */
function name() {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return [browser, system].filter(Boolean).join(", ");
}

/** Subscribe with Sentinel's present key, and register the subscription. Resolves to the contact method. Rejects with a text. */
async function reach(manager) {
  const key = await call("GET", "/api/v1/devices/web-push");
  if (!key.ok) throw new Error(key.problem);
  const wanted = bytes(key.body.public_key);
  let subscription = await manager.getSubscription();
  if (subscription && !same(new Uint8Array(subscription.options.applicationServerKey || []), wanted)) {
    await subscription.unsubscribe(); // made with a key that Sentinel has no more
    subscription = null;
  }
  subscription = subscription || await manager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
  const answer = await call("POST", "/api/v1/devices/push-tokens", { token: JSON.stringify(subscription), platform: "web", label: name() });
  if (!answer.ok) throw new Error(answer.problem);
  return answer.body;
}

async function leave(manager) {
  const subscription = await manager.getSubscription();
  if (!subscription) return;
  await call("DELETE", `/api/v1/devices/push-tokens/${encodeURIComponent(JSON.stringify(subscription))}`);
  await subscription.unsubscribe();
}

const kept = (value) => { try { if (value === undefined) return localStorage.getItem(MINE); localStorage.setItem(MINE, value); } catch { /* private window */ } return null; };

export async function setUpDevice(user, changed) {
  const registration = await registered;
  const state = (text) => setText(byId("device-state"), words(text));
  show(byId("device"), true);
  if (!registration || !("PushManager" in window) || !("Notification" in window)) {
    const apple = /iPhone|iPad/.test(navigator.userAgent);
    state(apple ? "To be reached on this device, add Sentinel to the home screen first (Share, then Add to Home Screen)." : "This browser cannot be reached by push, or the page is not open over https.");
    return;
  }
  const manager = registration.pushManager;

  async function look() {
    const mine = kept() === user && Notification.permission === "granted" && (await manager.getSubscription()) !== null;
    const denied = Notification.permission === "denied";
    state(mine ? "Sentinel reaches you on this device." : denied ? "This browser does not let Sentinel show notifications: allow it in the browser's settings of this page." : "Sentinel does not reach you on this device yet.");
    show(byId("device-on"), !mine && !denied);
    show(byId("device-off"), mine);
    return mine;
  }

  async function on() {
    try {
      if ((await Notification.requestPermission()) !== "granted") return;
      await reach(manager);
      kept(user);
      toast(words("Sentinel reaches you on this device. Test it now."));
      await changed();
    } catch (error) {
      toast(error.message || String(error), true);
    }
    await look();
  }

  byId("device-on").addEventListener("click", () => during(byId("device-on"), on));
  byId("device-off").addEventListener("click", () => during(byId("device-off"), async () => { await leave(manager); kept(""); await changed(); await look(); }));
  if (await look()) reach(manager).then(changed, (error) => toast(error.message || String(error), true)); // the key or the subscription may have changed
}
