// Completing a query by keyboard: a combobox with a list of offers, which the server knows. Returns a function that says
// whether what is being written is, so far, the beginning of a field.
import { composing } from "./composing.js";
import { aborted } from "./fragments.js";

const PAUSE = 60;

export function complete(box, list) {
  let offers = [];
  let text = "";
  let range = [0, 0];
  let at = -1;
  let waiting;
  let controller;

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");

  const isOpen = () => !list.hidden;
  // The server counts characters, a script counts halves of some.
  const characters = (end) => [...box.value.slice(0, end)].length;
  const units = (count) => [...box.value].slice(0, count).join("").length;

  function close() {
    clearTimeout(waiting);
    controller?.abort();
    list.hidden = true;
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    clearTimeout(waiting);
    controller?.abort();
    controller = new AbortController();
    const params = new URLSearchParams({ q: box.value, at: characters(box.selectionStart) });
    if (box.dataset.product) params.set("product", box.dataset.product);
    try {
      const answer = await fetch(`${box.dataset.complete}?${params}`, { signal: controller.signal });
      if (answer.ok) show(await answer.json());
      else close();
    } catch (error) {
      // Without completions one can still type.
      if (!aborted(error)) close();
    }
  }

  function show(answer) {
    text = box.value;
    range = [units(answer.start), units(answer.end)];
    const written = box.value.slice(...range);
    offers = answer.offers.filter((offer) => offer.text !== written);
    if (!offers.length || document.activeElement !== box) return close();
    list.replaceChildren(...offers.map(option));
    list.hidden = false;
    list.scrollTop = 0;
    box.setAttribute("aria-expanded", "true");
    highlight(-1);
  }

  function option(offer, place) {
    const element = document.createElement("div");
    element.id = `${list.id}-${place}`;
    element.role = "option";
    element.className = "menu-item offer";
    element.ariaSelected = "false";
    const text = document.createElement("span");
    text.className = "offer-text";
    text.textContent = offer.text;
    const said = document.createElement("span");
    said.className = "offer-said";
    said.textContent = offer.said;
    element.append(text, " ", said);
    return element;
  }

  function highlight(place) {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = place;
    const chosen = list.children[at];
    if (!chosen) return box.removeAttribute("aria-activedescendant");
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", chosen.id);
  }

  function take(place) {
    // An offer is for the text that it was asked for.
    if (box.value !== text) return;
    const offer = offers[place];
    // What follows may go on with the same term, or close a parenthesis; or it is a term of its own.
    const more = offer.open || /^[^"(a-z-]/i.test(box.value.slice(range[1])) ? "" : " ";
    box.setRangeText(offer.text + more, ...range, "end");
    close();
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    if (offer.open) ask();
    else clearTimeout(waiting);
  }

  // From the last offer on to none, which is what was typed, and from there to the first.
  function walk(step) {
    const places = offers.length + 1;
    highlight(((at + 1 + step + places) % places) - 1);
  }

  function typed(event) {
    if (event.isComposing) return;
    clearTimeout(waiting);
    controller?.abort();
    highlight(-1);
    const before = box.value.slice(0, box.selectionStart);
    if (before && !/[\s()]$/.test(before)) waiting = setTimeout(ask, PAUSE);
    else close();
  }
  box.addEventListener("input", typed);
  box.addEventListener("compositionend", typed);

  box.addEventListener("keydown", (event) => {
    if (composing(event) || event.altKey) return;
    if (event.key === " " && (event.ctrlKey || event.metaKey)) ask();
    else if (event.ctrlKey || event.metaKey) return;
    else if (event.key === "ArrowDown" && !isOpen()) ask();
    else if (event.key === "ArrowDown" && isOpen()) walk(1);
    else if (event.key === "ArrowUp" && isOpen()) walk(-1);
    else if ((event.key === "Enter" || event.key === "Tab") && isOpen() && at >= 0 && !event.shiftKey) take(at);
    else if (event.key === "Escape" && isOpen()) close();
    else if (event.key === "Escape") box.blur();
    else {
      if (event.key === "Enter") close();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });

  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[role=option]");
    if (chosen) take([...list.children].indexOf(chosen));
  });
  box.addEventListener("blur", close);

  return () => isOpen() && offers.some((offer) => offer.open);
}
