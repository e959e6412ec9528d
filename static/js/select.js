// Selecting rows: the boxes are those of a form that works without this; keys tick them, and a bar says how many are.
import { isPlain, say } from "./fragments.js";
import { offer } from "./offer.js";

// The words that set what a key sets of one row.
const WORDS = { status: "s", assignee: "a", "to-me": "a @me", priority: "p", severity: "sp", component: "c", labels: "l", due: "d" };

export function start(page, { rows, current, go }) {
  const bar = document.querySelector("[data-selection]");
  const count = bar.querySelector("[data-selected]");
  let anchor;

  const boxOf = (row) => row?.querySelector("[name=ids]");
  const boxes = () => rows().map(boxOf).filter(Boolean);
  const selected = () => rows().filter((row) => boxOf(row)?.checked);

  function tick(row, checked) {
    const box = boxOf(row);
    if (box) box.checked = checked;
  }

  // The rows from one to another, in the order of the page.
  function between(one, other) {
    const all = rows();
    const [from, to] = [all.indexOf(one), all.indexOf(other)].sort((a, b) => a - b);
    return from < 0 ? [] : all.slice(from, to + 1);
  }

  // The range reaches from where it began to `row`: what it has left is selected no more.
  function reach(row, from) {
    for (const one of between(anchor, from)) tick(one, false);
    for (const one of between(anchor, row)) tick(one, true);
  }

  async function extend(step) {
    const from = current();
    if (!from) return go(step);
    if (!anchor?.isConnected || !boxOf(anchor)?.checked || !boxOf(from)?.checked) anchor = from;
    await go(step);
    // A peek that goes on, or the end of the list, may leave the focus where it was.
    reach(current() ?? from, from);
    tell();
  }

  function toggle() {
    const row = current();
    tick(row, !boxOf(row).checked);
    anchor = row;
    tell();
  }

  function all(checked = boxes().some((box) => !box.checked)) {
    for (const box of boxes()) box.checked = checked;
    tell();
  }

  // The bar, the boxes above the rows, and what is said; "" where it is not worth saying.
  function show() {
    const number = selected().length;
    const text = bar.dataset[number === 1 ? "one" : "many"].replace("#", number);
    count.textContent = text;
    for (const head of page.querySelectorAll("[data-select-all]")) {
      head.checked = number > 0 && number === boxes().length;
      head.indeterminate = number > 0 && !head.checked;
    }
    return text;
  }
  const tell = () => say(show());

  page.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) all(event.target.checked);
    else if (event.target.matches("[name=ids]")) tell();
  });
  bar.querySelector("[data-clear]").addEventListener("click", () => {
    all(false);
    const row = current() ?? (anchor?.isConnected ? anchor : rows()[0]);
    row?.querySelector(".issue-link, .queue-row").focus();
  });
  // The list may have changed without the page around it; the issue that the queue shows may be one of those decided on.
  bar.addEventListener("submit", () => {
    const here = new URL(location);
    if (here.searchParams.has("issue")) here.searchParams.delete("issue");
    bar.querySelector("[name=next]").value = here.pathname + here.search;
  });
  // Where a tap opens an issue, a button makes it select instead, until it is pressed once more.
  const isSelecting = () => Boolean(page.querySelector("[data-select-rows][aria-pressed=true]")?.offsetParent);
  page.addEventListener("click", (event) => {
    if (event.target.closest("[data-select-rows]")) {
      if (!page.classList.toggle("is-selecting") && selected().length) all(false);
      return fresh();
    }
    // What a script does for a key, or asks for another tab, is as ever.
    if (!event.isTrusted || !isPlain(event) || event.target.matches("[name=ids]") || !isSelecting()) return;
    const row = rows().find((one) => one.contains(event.target));
    if (!row) return;
    event.preventDefault();
    event.stopPropagation();
    if (!boxOf(row)) return;
    tick(row, !boxOf(row).checked);
    anchor = row;
    tell();
  }, true);
  page.addEventListener("click", (event) => {
    if (!event.target.matches("[name=ids]")) return;
    const row = rows().find((one) => one.contains(event.target));
    if (event.shiftKey && anchor?.isConnected) for (const one of between(anchor, row)) tick(one, event.target.checked);
    anchor = row;
  });
  const any = () => boxes().length > 0;
  const fresh = () => {
    for (const head of page.querySelectorAll("[data-select-all]")) head.hidden = false;
    for (const button of page.querySelectorAll("[data-select-rows]")) {
      button.hidden = !any();
      button.setAttribute("aria-pressed", page.classList.contains("is-selecting"));
    }
    show();
  };
  page.addEventListener("results", fresh);
  page.addEventListener("redrawn", fresh);
  // A page to which a browser goes back may be as it was left.
  addEventListener("pageshow", () => {
    page.classList.toggle("is-selecting", selected().length > 0);
    fresh();
  });
  fresh();

  const here = () => boxOf(current());
  offer("select", toggle, here, any);
  offer("select-next", () => extend(1), any, any);
  offer("select-previous", () => extend(-1), any, any);
  offer("select-all", () => all(), any, any);

  function write(words) {
    const box = bar.querySelector("[name=words]");
    box.value = `${box.value.trim()} ${words} `.trimStart();
    box.focus();
  }
  for (const [name, words] of Object.entries(WORDS)) offer(`${name} of many`, () => write(words), () => selected().length > 0);

  return {
    count: () => selected().length,
    clear: () => all(false),
    only: () => (selected().length === 1 ? selected()[0] : null),
  };
}
