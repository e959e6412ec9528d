// Brings a part of a page up to date around what somebody is doing in it: what they write, choose, look at or have the
// focus on stays; all else is as the server has drawn it.
import { isEdited } from "./edited.js";

const CONTROLS = "input, textarea, select";
const OPEN = "details[open], :popover-open";
// What a script has marked, and the server knows nothing of.
const OWN = ["is-current", "is-gone"];
// What else may change of an element that stays: to where it leads, and what the scripts and screen readers know by.
const SAID = ["data-seen", "data-mark", "data-list", "data-columns", "data-similar", "aria-sort", "href"];
// Files that were chosen, of which the server knows nothing either.
const CHOSEN = "[data-files]";
const FRESH = "is-fresh";

const keyOf = (element) => element.dataset.key ?? element.dataset.issue ?? (element.id || undefined);

// Whether somebody is at work in a part of the page.
function inUse(part) {
  const has = (selector) => part.matches(selector) || part.querySelector(selector) !== null;
  const fields = [...part.querySelectorAll(CONTROLS), ...(part.matches(CONTROLS) ? [part] : [])];
  return part.contains(document.activeElement) || has(`${OPEN}, .is-current`) || fields.some(isEdited);
}

// What a menu is by now that was open when it came: it is shown once that is closed.
const late = new WeakMap();
document.addEventListener("toggle", ({ target }) => {
  if (!target.open && late.has(target)) update(target, late.get(target));
}, true);

// Returns what stands there now: the old element, or a new one.
export function update(old, young) {
  late.delete(old);
  if (old.isEqualNode(young)) return old;
  if (!inUse(old)) {
    const fresh = document.importNode(young, true);
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.matches("details[open]")) late.set(old, young);
  if (old.matches(`${OPEN}, ${CONTROLS}, ${CHOSEN}`)) return old;
  dress(old, young);
  within(old, young);
  return old;
}

// The same for all that is in a part which itself stays.
export function updateWithin(part, young) {
  if (inUse(part)) within(part, young);
  else part.replaceChildren(...[...young.children].map((one) => document.importNode(one, true)));
}

function within(old, young) {
  const [olds, news] = [[...old.children], [...young.children]];
  if (old === document.activeElement && old.matches("a, button, summary")) old.innerHTML = young.innerHTML;
  else if ([...olds, ...news].every(keyOf)) merge(old, olds, news);
  else if (olds.length === news.length && olds.every((one, place) => one.tagName === news[place].tagName)) olds.forEach((one, place) => update(one, news[place]));
}

function dress(old, young) {
  const own = OWN.filter((name) => old.classList.contains(name));
  if (young.className !== old.className) old.className = [young.className, ...own].filter(Boolean).join(" ");
  for (const name of SAID) {
    if (young.hasAttribute(name)) old.setAttribute(name, young.getAttribute(name));
    else old.removeAttribute(name);
  }
}

// Children that have a key: each stays where it is, goes where it belongs, comes or goes. What somebody is at work in
// does not go: it stays, marked, until they have left it.
function merge(parent, olds, news) {
  const known = new Map(olds.map((one) => [keyOf(one), one]));
  const wanted = new Set(news.map(keyOf));
  const focused = document.activeElement;
  for (const one of olds) {
    if (wanted.has(keyOf(one))) continue;
    if (inUse(one)) one.classList.add("is-gone");
    else one.remove();
  }
  let last = null;
  for (const young of news) {
    let child = known.get(keyOf(young));
    child?.classList.remove("is-gone");
    if (child) child = update(child, young);
    else {
      child = document.importNode(young, true);
      child.classList.add(FRESH);
    }
    let place = last ? last.nextElementSibling : parent.firstElementChild;
    while (place?.classList.contains("is-gone")) place = place.nextElementSibling;
    if (place !== child) parent.insertBefore(child, place);
    last = child;
  }
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}

// Do it without moving what is looked at: what has the focus, or else stands in the middle of the window.
export function steadily(run) {
  const focused = document.activeElement;
  const visible = (one) => one && one !== document.body && one.checkVisibility() && one.getBoundingClientRect().bottom > 0 && one.getBoundingClientRect().top < innerHeight;
  const found = visible(focused) ? focused : document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest("[id], [data-issue]");
  const top = found?.getBoundingClientRect().top;
  run();
  const key = found && keyOf(found);
  const there = found?.isConnected ? found : key && (document.getElementById(key) ?? document.querySelector(`[data-issue="${CSS.escape(key)}"]`));
  if (there) scrollBy(0, there.getBoundingClientRect().top - top);
}
