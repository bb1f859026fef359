// What one can call or look at from an alert: telephone numbers among its labels, and what its links lead to.

import { el, inWords, safeLink, words } from "./dom.js";
import { sign } from "./signs.js";

const TELEPHONE = /(^|[_\-. ])(phone|telephone|tel|mobile|call|callback|contact)([_\-. ]|$)/i;
const NUMBER = /^\+?[0-9][0-9 ().\/-]{4,24}$/;
const LOUD = /relay|audio|intercom|speak|talk|parler|haut|interphone/i;
const SEEN = /camera|stream|video|caméra|image|map|plan/i;

/** [[what, number], ...]: of the labels those whose name says telephone and whose value can be dialled. */
export function telephones(labels) {
  return Object.entries(labels).filter(([name, value]) => TELEPHONE.test(name) && NUMBER.test(value.trim())).map(([name, value]) => [name, value.trim()]);
}

const dialled = (number) => `tel:${number.replace(/[^+0-9]/g, "")}`;

/** Big links, or an empty list when there is nothing to call or to look at. */
export function reachOut(alert) {
  const calls = telephones(alert.labels).map(([name, number]) => el("a", { class: "button out", href: dialled(number) }, sign("call"), ` ${words("Call")} ${number}`, el("span", { class: "muted", text: ` ${name}` })));
  const links = inWords(alert, "links").map((link) => {
    const node = safeLink(link.href, link.text);
    if (!(node instanceof HTMLAnchorElement)) return null;
    node.className = "button out";
    const hint = `${link.text} ${link.href}`;
    node.prepend(sign(LOUD.test(hint) ? "hear" : SEEN.test(hint) ? "look" : "leave"), " ");
    return node;
  });
  return [...calls, ...links.filter(Boolean)];
}
