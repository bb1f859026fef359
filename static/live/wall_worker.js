// The other thread of wall_watchdog.js: it says one word every so often.
self.addEventListener("message", (event) => setInterval(() => self.postMessage(0), event.data));
