// The pages as an app: the service worker, and the word that installs it.

import { byId, show } from "./dom.js";

let offer = null;
window.addEventListener("beforeinstallprompt", (event) => { event.preventDefault(); offer = event; showOffer(); });
window.addEventListener("appinstalled", () => { offer = null; showOffer(); });

function showOffer() {
  const button = byId("install");
  if (button) show(button, offer !== null);
}

/** Resolves to the service worker's registration, or null where there is none. */
export const registered = "serviceWorker" in navigator && window.isSecureContext
  ? navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" }).then(() => navigator.serviceWorker.ready).catch(() => null)
  : Promise.resolve(null);

export function setUpApp() {
  byId("install").addEventListener("click", async () => {
    if (!offer) return;
    offer.prompt();
    await offer.userChoice;
    offer = null;
    showOffer();
  });
  showOffer();
}
