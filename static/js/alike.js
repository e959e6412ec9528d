// While a title is written, what is known already that is like it: a quiet list, never in the way.
import { aborted, latest, say } from "./fragments.js";

const PAUSE = 350;

export function start(place) {
  const title = document.querySelector(place.dataset.of);
  const load = latest("alike");
  let timer;
  let asked = "";

  async function look() {
    const text = title.value.trim();
    if (text === asked) return;
    asked = text;
    try {
      place.innerHTML = await load(`${place.dataset.address}&title=${encodeURIComponent(text)}`);
      const count = place.querySelectorAll("li").length;
      if (count) say(count === 1 ? place.dataset.one : place.dataset.said.replace("#", count));
    } catch (error) {
      if (!aborted(error)) place.replaceChildren();
    }
  }

  title?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
}
