// How far a change of many issues is, asked again and again until it is done.
import { latest, say } from "./fragments.js";

const PAUSE = 2000;
const load = latest("progress");

export function start(page) {
  async function ask() {
    if (!document.hidden) {
      const html = await load(location.href).catch(() => null);
      if (html) page.innerHTML = html;
    }
    if (page.querySelector("[data-runs]")) setTimeout(ask, PAUSE);
    else say(page.querySelector("h1").textContent);
  }
  setTimeout(ask, PAUSE);
}
