// The decisions on the page of an issue: what is similar to it is asked for when somebody is about to call it a duplicate.
import "./digits.js";
import { parse } from "./fragments.js";

export function start() {
  document.addEventListener("toggle", async (event) => {
    const menu = event.target;
    if (!menu.matches?.("details[data-similar][open]")) return;
    const address = menu.dataset.similar;
    menu.removeAttribute("data-similar");
    const answer = await fetch(address, { headers: { "X-Fragment": "menu" } }).catch(() => null);
    const similar = answer?.ok && parse(await answer.text()).querySelector("fieldset");
    // The server may be away: it is asked again when the menu is opened again.
    if (!similar) {
      menu.dataset.similar = address;
      return;
    }
    menu.querySelector("fieldset")?.remove();
    menu.querySelector("form .field").before(document.importNode(similar, true));
  }, true);
}
