// Keys and what they do. The table is the server's (the sheet of keys holds it); a page claims an action by an element
// with `data-action="accept"`, which is then pressed, or a module offers one: `offer("accept", () => …)`, which those
// that are loaded later do through offer.js.
import { composing } from "./composing.js";
import { isEdited } from "./edited.js";

const WAIT = 1500;
const INTERACTIVE = "a, button, summary, input, select, textarea";
const MENU = "[popover], details.menu[open]";
const LETTER = /^\p{L}$/u;
// What one key writes: some write a sign that stands above a letter, or two letters.
const WRITTEN = /^[\p{L}\p{M}]{1,2}$/u;
// What a key does again and again while it is held; all else it does once.
const WALKS = ["next", "previous", "select-next", "select-previous"];
const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export const table = new Map();
const offers = new Map();
const always = () => true;

for (const row of document.querySelectorAll("[data-describes]")) {
  const { describes: name, keys } = row.dataset;
  const { keyGroup: group } = row.closest("[data-key-group]").dataset;
  table.set(name, { name, group, label: row.querySelector("dt").textContent, keys: keys.split("|"), row });
}
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const cap of document.querySelectorAll("kbd")) cap.textContent = cap.textContent.replace(/^Ctrl/, "⌘");
}

// `now` says whether it can be done at this moment, `here` whether this page has any use for it.
export function offer(name, press, now = always, here = always) {
  offers.set(name, { press, now, here });
}

// The issue that words set fields of, as far as a module knows it: `{ key, send, done }`, where `send(form)` answers
// for it, and `done` gives it the focus where nothing else has it.
let finder = () => null;
export function offerIssue(find) {
  finder = find;
}
document.addEventListener("offer", (event) => offer(...event.detail));
document.addEventListener("offer-issue", (event) => offerIssue(event.detail));
export function issueHere() {
  const open = document.querySelector("[data-open-issue]");
  return open ? { key: open.dataset.openIssue, list: open.dataset.reference } : finder();
}

export const typing = (element) => element.closest(TYPED);

// What is in a menu that is shut, or in a bar that is not shown, is not offered; what a narrow screen hides is.
function claims(name) {
  const shut = (one) => one.disabled || one.closest("[popover]:not(:popover-open)") || (one.closest("[data-bulk-bar]") && !one.checkVisibility());
  const all = [...document.querySelectorAll(`[data-action="${CSS.escape(name)}"]`)].filter((one) => !shut(one));
  return all.find((one) => one.checkVisibility()) ?? all[0];
}

export const isOffered = (name) => Boolean(claims(name) || offers.get(name)?.here());

// How the action can be done now: `{ press, element }`, the element being what claims it, if it is one; or undefined.
function way(name) {
  // While several are selected, what sets a field of one sets it of all.
  const many = offers.get(`${name} of many`);
  if (many?.now()) return { press: many.press };
  const element = claims(name);
  if (element) return { press: () => press(element), element };
  const offered = offers.get(name);
  return offered?.now() ? { press: offered.press } : undefined;
}

// The actions that can be done at this moment.
export function available() {
  return [...table.values()].map((action) => ({ ...action, ...way(action.name) })).filter((action) => action.press);
}

function press(element) {
  if (element.matches("details")) {
    element.open = true;
    // At once, and not when the browser tells that it is open: what is typed meanwhile belongs into the menu.
    element.dispatchEvent(new Event("enter", { bubbles: true }));
    element.scrollIntoView({ block: "nearest" });
  } else if (element.matches("input:not([type=checkbox]), textarea, select, [data-only-focus]")) {
    // What is in a menu is reached by opening that.
    element.closest("details")?.setAttribute("open", "");
    element.focus();
    element.select?.();
  } else if (element.matches("a[href]") && document.querySelector("[data-open-issue]") && isUnsent(element)) {
    import("./toasts.js").then(({ tell, unsent }) => tell(unsent()));
  } else {
    element.click();
  }
}

// Files that are chosen are edited fields, too. The text of a comment is kept, but who presses Escape may only have wanted
// to leave its field.
function isUnsent(link) {
  const kept = link.dataset.action === "back" ? "" : ":not(#comment-body)";
  return [...document.querySelectorAll(`:is(input, textarea, select):not(dialog *)${kept}`)].some(isEdited);
}

// A button without a form does what the module offers under its name.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button][data-action]");
  const offered = button && offers.get(button.dataset.action);
  if (offered?.now()) offered.press();
});

// A key as the table writes it.
function written(event) {
  const key = event.key === " " ? "space" : small(event);
  if (event.ctrlKey || event.metaKey) return event.altKey || event.shiftKey ? "" : `mod+${key}`;
  if (event.altKey) return "";
  return event.shiftKey && LETTER.test(key) ? `shift+${key}` : key;
}

// A letter is small whatever Caps Lock says; where a keyboard writes no Latin ones, the place of a key tells its letter.
function small({ key, code }) {
  if (!WRITTEN.test(key)) return key;
  const place = /\p{Script=Latin}/u.test(key) ? null : /^Key([A-Z])$/.exec(code);
  return (place?.[1] ?? key).toLowerCase();
}

let begun = "";
let timer;
function begin(keys) {
  clearTimeout(timer);
  begun = keys;
  if (keys) timer = setTimeout(begin, WAIT, "");
}

// What the keys pressed so far do, or undefined.
const meaning = (keys) => [...table.values()].filter((action) => action.keys.includes(keys)).map((action) => way(action.name)).find(Boolean);

// Whether a longer sequence that means something begins so.
const isBeginning = (keys) => [...table.values()].some((action) => action.keys.some((one) => one.startsWith(`${keys} `)) && way(action.name));

function swallow(event, does) {
  if (does) event.preventDefault();
}

const isWalk = (keys) => WALKS.some((name) => table.get(name)?.keys.includes(keys));

// What a held key has opened or gone to gets nothing of it: neither its letters nor its Enter, which would choose there.
let down;
addEventListener("keydown", (event) => {
  if (!event.repeat) down = event.target;
  if (event.target === down || (event.key.length > 1 && event.key !== "Enter") || isWalk(written(event))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// Where a key has a meaning of its own, or none at all.
function taken(event, key) {
  const { target } = event;
  if (typing(target) || document.documentElement.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return true;
  if (key === "Enter") return target.matches(INTERACTIVE);
  // The row's own link has no use for the space bar.
  if (key === "space") return target.matches(INTERACTIVE) && !target.matches(".issue-link");
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || composing(event) || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const key = written(event);
  if (!key) return;
  if (key === "Escape") return event.repeat ? undefined : escape(event);
  if (key.startsWith("mod+")) return withModifier(event, key);
  if (taken(event, key)) return begin("");
  const keys = begun ? `${begun} ${key}` : key;
  const does = meaning(keys);
  const menu = event.target.closest(MENU);
  // An open menu keeps its keys for itself, but for what it offers.
  if (menu && !menu.contains(does?.element ?? null)) return begin("");
  if (event.repeat && !isWalk(keys)) return swallow(event, does);
  begin(!does && isBeginning(keys) ? keys : "");
  if (!begun && !does) return explain(keys);
  event.preventDefault();
  does?.press();
});

// Why a key does nothing at this moment: an element says so for the actions that it names.
function explain(keys) {
  const idle = [...table.values()].filter((one) => one.keys.includes(keys) && (!offers.has(one.name) || offers.get(one.name).here()));
  const told = idle.map((one) => document.querySelector(`[data-idle~="${CSS.escape(one.name)}"]`)).find(Boolean);
  if (!told) return;
  const { why, whyAt } = told.dataset;
  const isAtOne = document.querySelector(".issue-row:is(.is-current, :focus-within)");
  import("./toasts.js").then(({ tell }) => tell((isAtOne && whyAt) || why));
}

// As the button that has the focus sends it, if one has: it may be what is chosen.
export const sendForm = (at) => at.form?.requestSubmit(at.type === "submit" ? at : null);

function withModifier(event, key) {
  if (event.repeat) return swallow(event, meaning(key));
  if (key === "mod+Enter") {
    if (!event.target.form) return explain(key);
    event.preventDefault();
    return sendForm(event.target);
  }
  const does = meaning(key);
  if (!does) return;
  event.preventDefault();
  does.press();
}

// Out of what is open, from the inmost on: a menu, a field, a peek or a selection, the page itself.
function escape(event) {
  begin("");
  const menu = document.activeElement.closest("details.menu[open]") ?? document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (document.querySelector("dialog[open], :popover-open")) {
    return;
  } else if (typing(event.target)) {
    event.target.blur();
  } else {
    way("back")?.press();
  }
}
