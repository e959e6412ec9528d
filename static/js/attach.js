// Files in a form: chosen, pasted or dropped. What is pasted into a text is named there; the server puts the address of
// the file in the place of its name. While they are sent the form says how far that is, and what is refused stays.
import { parse, say, signedOut } from "./fragments.js";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const UNITS = ["bytes", "KB", "MB"];

let started = false;

// Listens on the document, so that parts of the page which are drawn anew need nothing; the style sheet shows a button
// in the place of the browser's field as soon as this is there.
export function start() {
  if (started) return;
  started = true;
  document.documentElement.setAttribute("data-attach", "");
  document.addEventListener("change", (event) => {
    // What is chosen comes to what was chosen before.
    if (event.target.matches("[data-files] > input")) take(event.target.form, [...event.target.files]);
  });
  takeRestored();
  addEventListener("pageshow", takeRestored);
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    const form = formOf(event.target);
    // A table comes as a picture, too, and is meant as a text.
    if (!form || !files.length || types.includes("text/plain")) return;
    event.preventDefault();
    take(form, [...files], event.target.closest("textarea"));
  });
  document.addEventListener("dragover", (event) => {
    const form = formOf(event.target);
    mark(form && event.dataTransfer.types.includes("Files") ? placeOf(form) : null);
    if (marked) event.preventDefault();
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(null));
  document.addEventListener("drop", (event) => {
    const form = formOf(event.target);
    mark(null);
    if (!form || !event.dataTransfer.files.length) return;
    event.preventDefault();
    take(form, [...event.dataTransfer.files], event.target.closest("textarea"));
  });
  // Before the page notes that the form is sent.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!chosen.get(form)?.length) return;
      event.preventDefault();
      if (!form.ariaBusy) send(form, event.submitter);
    },
    true,
  );
  document.addEventListener("reset", (event) => chosen.delete(event.target));
}

const chosen = new WeakMap();
const fieldOf = (form) => form.querySelector("[data-files]");
const placeOf = (form) => (form.dataset.drop ? form.closest(form.dataset.drop) : form);
let marked = null;

function mark(place) {
  if (place === marked) return;
  marked?.classList.remove("is-dropping");
  marked = place;
  marked?.classList.add("is-dropping");
}

// The form that takes what is given to a place of the page: its own, or the one that says so of what is around it.
function formOf(place) {
  if (!(place instanceof Element)) return null;
  const own = place.closest("form");
  if (own) return fieldOf(own) ? own : null;
  return [...document.querySelectorAll("form[data-drop]")].find((form) => placeOf(form)?.contains(place)) ?? null;
}

// What a browser chooses again as it comes back to a page, or somebody chose before this was there, is seen, too.
function takeRestored() {
  for (const input of document.querySelectorAll("[data-files] > input")) {
    const { form, files } = input;
    if (files.length && !chosen.get(form)?.length && !("atOnce" in form.dataset)) take(form, [...files]);
  }
}

function take(form, files, text) {
  const field = fieldOf(form);
  const before = chosen.get(form) ?? [];
  if (form.ariaBusy && !("atOnce" in form.dataset)) {
    put(form, before);
    return complain(field, field.dataset.busy);
  }
  const limit = Number(field.dataset.limit);
  const large = files.filter((file) => file.size > limit);
  complain(field, large.map((file) => `${file.name} ${field.dataset.tooLarge}`).join(" "));
  const taken = before.map((file) => file.name);
  const added = files.filter((file) => !large.includes(file)).map((file) => named(file, taken));
  if (text) for (const file of added) insert(text, reference(file));
  put(form, [...before, ...added]);
  if (added.length && "atOnce" in form.dataset) form.requestSubmit();
}

function put(form, files) {
  const field = fieldOf(form);
  const list = new DataTransfer();
  for (const file of files) list.items.add(file);
  const input = field.querySelector("input");
  input.files = list.files;
  chosen.set(form, files);
  show(field, files, (file) => {
    if (form.ariaBusy) return complain(field, field.dataset.busy);
    for (const text of form.querySelectorAll("textarea")) text.value = text.value.replace(reference(file), "");
    put(form, files.filter((one) => one !== file));
    input.focus();
  });
}

// A name that no other file of the form has, and that means nothing special to a form or a text.
function named(file, taken) {
  const plain = file.name.replace(/[\\/"<>&[\]\s\p{C}]+/gu, "-");
  const dot = plain.lastIndexOf(".");
  const [stem, suffix] = dot > 0 ? [plain.slice(0, dot), plain.slice(dot)] : [plain, ""];
  let name = plain;
  for (let number = 2; taken.includes(name); number += 1) name = `${stem}-${number}${suffix}`;
  taken.push(name);
  return name === file.name ? file : new File([file], name, { type: file.type });
}

function reference(file) {
  const address = encodeURIComponent(file.name).replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `${PICTURES.includes(file.type) ? "!" : ""}[${file.name}](attachment:${address})`;
}

function insert(text, words) {
  const { selectionStart, selectionEnd, value } = text;
  const before = selectionStart && value[selectionStart - 1] !== "\n" ? "\n" : "";
  text.setRangeText(`${before}${words}\n`, selectionStart, selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function show(field, files, leaveOut) {
  const list = field.querySelector(".file-list");
  const rows = files.map((file) => {
    const row = field.querySelector("template").content.cloneNode(true).firstElementChild;
    for (const place of row.querySelectorAll("[data-name]")) place.textContent = file.name;
    row.querySelector("[data-size]").textContent = sized(file.size);
    row.querySelector("button").addEventListener("click", () => leaveOut(file));
    return row;
  });
  list.replaceChildren(...rows);
  list.hidden = !rows.length;
}

function sized(bytes) {
  const step = bytes < 1024 ? 0 : bytes < 1024 * 1024 ? 1 : 2;
  return `${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${UNITS[step]}`;
}

function complain(field, words) {
  const error = field.querySelector(".field-error");
  error.querySelector("span").textContent = words;
  error.hidden = !words;
}

function send(form, submitter) {
  const field = fieldOf(form);
  const bar = field.querySelector("progress");
  const sent = chosen.get(form);
  const request = new XMLHttpRequest();
  // What would be written meanwhile would go with what the form holds.
  const texts = [...form.querySelectorAll("textarea, input.control")];
  const setBusy = (busy) => {
    form.ariaBusy = busy ? "true" : null;
    for (const text of texts) text.readOnly = busy;
  };
  const fail = (words) => {
    setBusy(false);
    bar.hidden = true;
    delete form.dataset.sent;
    complain(field, words);
  };
  complain(field, "");
  setBusy(true);
  bar.hidden = false;
  bar.value = 0;
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  for (const end of ["error", "abort"]) request.addEventListener(end, () => fail(field.dataset.away));
  request.addEventListener("load", () => {
    setBusy(false);
    if (request.status === 201) return sendRest(form, sent) || go(form, request.getResponseHeader("Location"));
    // Where it is not refused it has led to the sign-in.
    if (request.status === 200) return fail(signedOut());
    const page = parse(request.responseText);
    if (page.querySelector(".conflict + form")) return showConflict(form, page);
    const said = reason(page, field);
    fail(said || field.dataset.away);
    say(said);
    // It is refused for what one does not see yet.
    if (request.status === 409) document.dispatchEvent(new Event("stale"));
  });
  const body = new FormData(form, submitter);
  request.open("POST", form.action);
  request.setRequestHeader("X-Fragment", "upload");
  request.send(body);
}

// What was dropped meanwhile is sent as well. Returns whether there is anything.
function sendRest(form, sent) {
  const rest = (chosen.get(form) ?? []).filter((file) => !sent.includes(file));
  if (!rest.length || !("atOnce" in form.dataset)) return false;
  delete form.dataset.sent;
  put(form, rest);
  form.requestSubmit();
  return true;
}

// Somebody has changed the same: what they have made of it stands above the form, which knows of it by now.
function showConflict(form, page) {
  const files = chosen.get(form);
  const [conflict, fresh] = [page.querySelector(".conflict"), page.querySelector(".conflict + form")].map((one) => document.importNode(one, true));
  form.parentElement.querySelector(".conflict")?.remove();
  form.before(conflict);
  form.replaceChildren(...fresh.children);
  form.dispatchEvent(new Event("replaced", { bubbles: true }));
  delete form.dataset.sent;
  put(form, files);
  conflict.focus();
}

// What a page says of why it was not done: beside this field, or above all.
function reason(page, field) {
  const own = `#${field.querySelector(".field-error").id}:not([hidden])`;
  const places = ["[data-errors]", own, "[data-error-summary]", ".composer-error", "main p"];
  return places.map((place) => page.querySelector(place)?.textContent.trim()).find(Boolean) ?? "";
}

// To where a redirect would have led; where that is this page it is loaded once more.
function go(form, address) {
  const target = new URL(address, location);
  form.reset();
  // What is left of the form is not sent while the page that follows is on its way.
  form.dataset.sent = Date.now();
  if (target.pathname + target.search !== location.pathname + location.search) return location.assign(target);
  history.replaceState(null, "", target);
  location.reload();
}
