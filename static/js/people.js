// Whom the beginning of a name may mean: a list beside a field for a person, which the server knows.
import { aborted } from "./fragments.js";

const PAUSE = 150;
const SHOWN = 12;

export function start(field) {
  const list = document.createElement("datalist");
  list.id = `${field.id}-people`;
  field.after(list);
  field.setAttribute("list", list.id);
  let timer;
  let controller;

  async function look() {
    controller?.abort();
    const beginning = field.value.trim();
    if (!beginning) return list.replaceChildren();
    controller = new AbortController();
    const params = new URLSearchParams({ q: beginning, page_size: SHOWN });
    try {
      const answer = await fetch(`${field.dataset.people}?${params}`, { signal: controller.signal });
      const { results } = answer.ok ? await answer.json() : { results: [] };
      list.replaceChildren(...results.map((one) => new Option(one.display_name, one.username)));
    } catch (error) {
      // Without completions one can still type.
      if (!aborted(error)) list.replaceChildren();
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
}
