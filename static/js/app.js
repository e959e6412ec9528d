// What every page needs before anything else; the rest is loaded when a page first asks for it.
import { composing } from "./composing.js";
import "./everywhere.js";
import { table, typing } from "./keys.js";

const modules = {
  toasts: () => import("./toasts.js"),
  list: () => import("./list.js"),
  search: () => import("./search.js"),
  counts: () => import("./counts.js"),
  current: () => import("./current.js"),
  place: () => import("./place.js"),
  copy: () => import("./copy.js"),
  triage: () => import("./triage.js"),
  alike: () => import("./alike.js"),
  people: () => import("./people.js"),
  written: () => import("./written.js"),
  passkey: () => import("./passkey.js"),
  attach: () => import("./attach.js"),
  progress: () => import("./progress.js"),
};

function start(root) {
  const started = [];
  for (const element of root.querySelectorAll("[data-module]")) {
    for (const name of element.dataset.module.split(" ")) started.push(modules[name]?.().then((module) => module.start(element)));
  }
  // Says to whoever drives the page that every key has its meaning now.
  Promise.all(started).then(() => document.documentElement.setAttribute("data-ready", ""));
  for (const hidden of root.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
  root.querySelectorAll(".tabs").forEach(showCurrent);
  // Where one field alone is wrong the page has given it the focus.
  if (!root.querySelector("[autofocus]")) root.querySelector("[data-error-summary]")?.focus();
}

// Of a strip that is wider than the window, the tab that one is at; the page itself does not move.
function showCurrent(strip) {
  const current = strip.querySelector("[aria-current]");
  if (!current) return;
  const [inner, outer] = [current, strip].map((one) => one.getBoundingClientRect());
  strip.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

// What a module has drawn anew.
document.addEventListener("replaced", (event) => start(event.target));

// What is there for Enter alone is none.
const CONTROLS = ":is(a, button, input:not([type=hidden]), select, textarea):not([aria-hidden=true])";

// One menu is open at a time; Escape and a click elsewhere close it and give the focus back.
function closeMenus(but) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== but && !menu.contains(but)) menu.open = false;
  }
}

// What has the focus in a menu that opens: what is wrong or chosen in it, else what comes first. Where fingers write,
// a field would bring up the keyboard over the menu.
function firstOf(menu) {
  const wanted = ["[aria-invalid=true]", "[data-first]", "[aria-pressed=true], .menu-panel > [aria-current]", CONTROLS];
  const fits = matchMedia("(pointer: coarse)").matches ? (one) => !typing(one) : () => true;
  const panel = menu.querySelector(".menu-panel");
  return wanted.map((one) => [...(panel?.querySelectorAll(one) ?? [])].find(fits)).find(Boolean);
}

function enter(menu) {
  if (!menu.querySelector(".menu-panel")?.contains(document.activeElement)) firstOf(menu)?.focus({ preventScroll: true });
}

// What is typed above the items of a menu leaves those that hold it.
const typedIn = (field) => field.value.trim().toLowerCase();
// The letters of an avatar are no part of a name.
const namesOf = (item) => [item.lastChild.textContent, item.value].map((one) => one.toLowerCase());

function narrow(field) {
  field.removeAttribute("list");
  const items = [...field.form.parentElement.querySelectorAll(".menu-item")];
  for (const item of items) item.hidden = !namesOf(item).some((one) => one.includes(typedIn(field)));
  return items.filter((item) => !item.hidden);
}

// Enter takes the first that has a word which begins so, nobody last, and else the one whose key is typed. The whole user
// name of a member is meant as it stands, offered or not, and so may be what is in the midst of other names: both are
// sent as they are typed.
function meant(field) {
  const typed = typedIn(field);
  const members = [...field.form.parentElement.querySelectorAll("datalist option")];
  if (members.some((one) => one.value.toLowerCase() === typed)) return undefined;
  const begins = (name) => [name, ...name.split(/[\s._-]/)].some((word) => word.startsWith(typed));
  const left = narrow(field).filter((item) => namesOf(item).some(begins));
  const isAnother = members.some((one) => [one.value, one.textContent].some((name) => begins(name.toLowerCase())));
  const isKeyOf = (item) => !isAnother && table.get(item.dataset.action)?.keys.includes(typed);
  return left.find((item) => item.value) ?? left[0] ?? [...field.form.parentElement.querySelectorAll(".menu-item")].find(isKeyOf);
}

// Enter would send what they stand in without them.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || composing(event)) return;
  if (!event.target.matches(".suggestion > input, [name=internal]")) return;
  event.preventDefault();
  event.target.click();
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-narrows]")) narrow(event.target);
});
document.addEventListener("keydown", (event) => {
  const { target: field } = event;
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || composing(event) || !field.matches("[data-narrows]") || !field.value.trim()) return;
  const item = meant(field);
  if (!item) return;
  event.preventDefault();
  item.click();
});

// A key has opened a menu.
document.addEventListener("enter", (event) => {
  closeMenus(event.target);
  enter(event.target);
});
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")), true);
// Tab leads out of a menu to what may lie beneath it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || !event.target.closest("details.menu[open]")) return;
  setTimeout(() => closeMenus(document.activeElement.closest("details.menu")));
});
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("details.menu[open]")) {
      closeMenus(event.target);
      enter(event.target);
    }
  },
  true,
);

// Controls that send their form as soon as they change; without a script its button does.
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// A second press of the same button sends nothing twice. After a while it is no second press any more: nothing tells a
// page that somebody has stopped what was on its way.
const ANSWERED = 30_000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  // What opens beside the page leaves its form to be sent again.
  if (form.method !== "post" || form.target) return;
  if (Date.now() - (form.dataset.sent ?? 0) < ANSWERED) event.preventDefault();
  else form.dataset.sent = Date.now();
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The arrow keys walk through an open menu; Home and End go to its ends.
const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const steps = event.key.startsWith("Arrow") ? "[type=checkbox], [data-narrows]" : "[type=checkbox]";
  if (!step || composing(event) || event.target.matches(`input:not(${steps}), select, textarea`)) return;
  // What is typed narrows the items, among which the button that sends it as it stands is none.
  const isItem = (one) => one === event.target || one.type !== "submit" || !one.form?.querySelector("[data-narrows]");
  const items = itemsAround(event.target)?.filter(isItem);
  if (!items) return;
  const at = items.indexOf(event.target);
  event.preventDefault();
  items[Math.min(Math.max(at + step, 0), items.length - 1)]?.focus();
});

// A letter goes on to the next of its items that begins with it, before it means anything else.
document.addEventListener("keydown", (event) => {
  if (composing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!/^\p{L}$/u.test(event.key) || typing(event.target)) return;
  const items = itemsAround(event.target) ?? [];
  const after = items.indexOf(event.target) + 1;
  const letter = event.key.toLowerCase();
  const next = [...items.slice(after), ...items.slice(0, after)].find((item) => nameOf(item).startsWith(letter));
  if (!next) return;
  event.preventDefault();
  next.focus();
}, true);

function itemsAround(target) {
  const panel = target.closest(".menu-panel") ?? target.closest("details[open]")?.querySelector(".menu-panel");
  return panel && [...panel.querySelectorAll(CONTROLS)].filter((item) => item.checkVisibility());
}

// What an item says, without the key and the sign before it.
function nameOf(item) {
  const parts = [...(item.closest("label") ?? item).childNodes].filter((part) => !part.matches?.("[aria-hidden=true]"));
  return parts.map((part) => part.textContent).join("").trim().toLowerCase();
}

start(document);
