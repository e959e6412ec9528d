// How far a change of many issues is, asked again and again until it is done.
import { parse, say, signedOut } from "./fragments.js";
import { complain } from "./toasts.js";
import { updateWithin } from "./update.js";

const PAUSE = 2000;

export function start(page) {
  // Returns whether there is any sense in asking again at once.
  async function ask() {
    const answer = await fetch(location.href, { headers: { "X-Fragment": "progress" } });
    if (answer.redirected) complain(signedOut());
    else if (answer.ok) updateWithin(page, parse(await answer.text()).body);
    return !answer.redirected;
  }

  async function follow() {
    // The server may be away for a while.
    const goesOn = document.hidden || (await ask().catch(() => true));
    // Until somebody has been elsewhere, and may have signed in again.
    if (!goesOn) return document.addEventListener("visibilitychange", follow, { once: true });
    if (page.querySelector("[data-runs]")) setTimeout(follow, PAUSE);
    else say(page.querySelector("h1").textContent);
  }
  setTimeout(follow, PAUSE);
}
