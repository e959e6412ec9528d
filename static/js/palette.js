// The palette: actions by name, places, and after ">" fields to set by words. A combobox with a list of options.
import { composing } from "./composing.js";
import { aborted, latest } from "./fragments.js";
import { group, option, preview } from "./options.js";
import { complain as complainBeside } from "./toasts.js";

const PAUSE = 120;
// What one does most stands first; places to go to stand together.
const ORDER = ["triage", "fields", "always", "select", "move", "go"];
const load = latest("palette");
let parts;
let context;
let options = [];
let at = -1;
let waiting;
let pending = null;
let applies = false;

export function open(dialog, given) {
  parts ??= prepare(dialog);
  context = given;
  ask();
  if (context.entered) enter();
}

function prepare(dialog) {
  const find = (name) => dialog.querySelector(`[data-palette-${name}]`);
  const box = dialog.querySelector("[role=combobox]");
  const list = dialog.querySelector("[role=listbox]");
  box.addEventListener("input", (event) => !event.isComposing && ask(PAUSE));
  // The last input of an input method still belongs to it.
  box.addEventListener("compositionend", () => ask(PAUSE));
  box.addEventListener("keydown", onKey);
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => options[[...list.querySelectorAll("[role=option]")].indexOf(event.target.closest("[role=option]"))]?.take());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", leave);
  find("form").addEventListener("submit", (event) => {
    // What the browser sends is what `apply` has filled in.
    if (!applies) event.preventDefault();
  });
  return { dialog, box, list, form: find("form"), fields: find("fields"), preview: find("preview"), said: find("said"), words: dialog.dataset };
}

function leave() {
  clearTimeout(waiting);
  load.stop();
  pending = null;
  parts.dialog.ariaBusy = null;
  parts.box.value = "";
  parts.preview.hidden = true;
  show([], "");
}

const commands = () => /^\s*>/.exec(parts.box.value)?.[0];

// What is typed is answered once it rests; what is asked for last is what is shown.
function ask(pause = 0) {
  clearTimeout(waiting);
  load.stop();
  const prefix = commands();
  if (prefix === undefined) {
    parts.preview.hidden = true;
    show(actions(), "");
  }
  const rest = prefix === undefined ? findPlaces : () => findChanges(prefix);
  pending = new Promise((resolve) => {
    waiting = setTimeout(() => rest().catch(complain).finally(resolve), pause);
  });
}

function complain(error) {
  if (aborted(error)) return;
  preview(parts, { problems: [{ message: parts.words.failed }] });
  say(parts.words.failed);
}

const rank = (action) => ORDER.indexOf(action.group);

// Every word that is typed begins a word of the label.
function actions() {
  const wanted = parts.box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (label) => wanted.every((word) => label.toLowerCase().split(/[\s-]+/).some((one) => one.startsWith(word)));
  const found = context.actions.filter((action) => fits(action.label)).sort((one, other) => rank(one) - rank(other));
  return found.map((action) => ({
    heading: action.group === "go" ? parts.words.go : parts.words.actions,
    name: action.label,
    caps: action.row.querySelector(".caps"),
    take: () => leaveFor(action.press),
  }));
}

async function findPlaces() {
  const text = parts.box.value.trim();
  const own = actions();
  if (!text) return show(own, counted(own.length));
  const { places } = JSON.parse(await load(`${parts.words.places}?${new URLSearchParams({ q: text })}`));
  const found = places.map((place) => ({ ...place, heading: parts.words.go, take: () => leaveFor(() => location.assign(place.url)) }));
  const all = [...own, ...found];
  if (all.length) return show(all, counted(all.length));
  preview(parts, { note: parts.words.none });
  show([searchFor(text)], parts.words.none);
}

function searchFor(text) {
  const { searches, look } = parts.words;
  const address = `${searches}?${new URLSearchParams({ q: text })}`;
  return { heading: parts.words.go, name: look.replace("#", () => text), take: () => leaveFor(() => location.assign(address)) };
}

function leaveFor(press) {
  parts.dialog.close();
  press();
}

async function findChanges(prefix) {
  const { issue } = context;
  const text = parts.box.value.slice(prefix.length);
  if (!issue || !text.trim()) {
    const note = issue ? parts.words.explained : parts.words.issueless;
    preview(parts, { key: issue?.key, note });
    return show([], note);
  }
  const answer = JSON.parse(await load(`/issues/${issue.key}/words/?${new URLSearchParams({ q: text })}`));
  if (!answer.problems.length && !answer.changes.length) answer.note = parts.words.unchanged;
  preview(parts, answer);
  const mended = answer.problems.flatMap((problem) => offersFor(prefix, problem));
  const ready = !answer.problems.length && answer.changes.length;
  const set = { heading: parts.words.set, name: `${answer.key}: ${answer.changes.map((one) => `${one.label.toLowerCase()} ${one.after}`).join(", ")}`, take: () => apply(answer) };
  show(ready ? [set] : mended, answer.problems[0]?.message ?? answer.note ?? set.name);
}

// What can stand in the place of a word that is wrong, or missing.
function offersFor(prefix, problem) {
  const heading = problem.word ? parts.words.instead : parts.words.values;
  return problem.suggestions.map((name) => ({ heading, name: name.trim(), said: problem.word, mends: true, take: () => mend(prefix, problem, name) }));
}

// The server counts characters, a script counts halves of some.
function mend(prefix, problem, text) {
  const { box } = parts;
  const characters = [...box.value.slice(prefix.length)];
  characters.splice(problem.position, problem.length, text);
  box.value = `${prefix}${characters.join("")} `;
  ask();
}

// One form, one request: what is sent is what the preview shows, as far as it has seen the issue. Whoever has left the
// palette meanwhile is told beside it: it is for something else by now.
async function apply(answer) {
  const { dialog, form, fields } = parts;
  const given = context;
  const list = context.issue.list ? [["list", context.issue.list]] : [];
  fields.replaceChildren(...[...answer.fields, ["seen", answer.seen], ...list].map(([name, value]) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    return input;
  }));
  form.action = answer.action;
  if (!context.issue.send) {
    applies = true;
    return form.requestSubmit();
  }
  const { send, done } = context.issue;
  dialog.ariaBusy = "true";
  const told = await send(form);
  const wrong = told.errors ?? parts.words.failed;
  if (!dialog.open || context !== given) return told.ok || complainBeside(`${answer.key}: ${wrong}`);
  dialog.ariaBusy = null;
  if (told.ok) {
    dialog.close();
    return done();
  }
  preview(parts, { ...answer, problems: [{ message: wrong }] });
  show([], wrong);
}

function counted(number) {
  return number === 0 ? parts.words.none : number === 1 ? parts.words.one : parts.words.many.replace("#", number);
}

function say(text) {
  if (text) parts.said.textContent = text;
}

function show(found, said) {
  const { list, box } = parts;
  // What has been gone to with the arrow keys stays so when more comes.
  const chosen = at > 0 ? options[at]?.name : undefined;
  const place = Math.max(0, found.findIndex((one) => one.name === chosen));
  options = found;
  at = -1;
  let number = 0;
  list.replaceChildren(...[...grouped(found)].map(([heading, some]) => group(heading, some.map((one) => option(one, `palette-${number++}`)))));
  list.scrollTop = 0;
  box.setAttribute("aria-expanded", String(found.length > 0));
  highlight(found.length ? place : -1);
  say(said);
}

function grouped(found) {
  const groups = new Map();
  for (const one of found) groups.set(one.heading, [...(groups.get(one.heading) ?? []), one]);
  return groups;
}

function highlight(place) {
  const elements = parts.list.querySelectorAll("[role=option]");
  elements[at]?.setAttribute("aria-selected", "false");
  at = place;
  const chosen = elements[at];
  if (!chosen) return parts.box.removeAttribute("aria-activedescendant");
  chosen.setAttribute("aria-selected", "true");
  chosen.scrollIntoView({ block: "nearest" });
  parts.box.setAttribute("aria-activedescendant", chosen.id);
}

// What is still on its way is waited for: Enter is for what was typed, once, and for nothing that one has left.
async function enter() {
  const asked = pending;
  await asked;
  if (asked !== pending || parts.dialog.ariaBusy) return;
  pending = null;
  options[at]?.take();
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

function onKey(event) {
  if (composing(event)) return;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (STEPS[event.key] && plain && options.length) highlight((at + STEPS[event.key] + options.length) % options.length);
  else if (event.key === "Enter") enter();
  else if (event.key === "Tab" && options[at]?.mends) options[at].take();
  else return;
  event.preventDefault();
}
