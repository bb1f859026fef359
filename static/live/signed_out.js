// Nobody is signed in here: what the last one saw is forgotten.

import "./answer_queue.js";

globalThis.answerQueue.forget().catch(() => {});
