// Files in a form: chosen, pasted or dropped. What is pasted into a text is named there; the server puts the address of
// the file in the place of its name. While they are sent the form says how far that is, and what is refused stays.
import { parse, say } from "./fragments.js";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const UNITS = ["bytes", "KB", "MB"];

export function start(form) {
  const field = form.querySelector("[data-files]");
  if (!field) return;
  const input = field.querySelector("input[type=file]");
  input.classList.add("visually-hidden");
  for (const button of form.querySelectorAll("[data-by-hand]")) button.hidden = true;

  let chosen = [];
  input.addEventListener("change", () => {
    // What is chosen comes to what was chosen before.
    take([...input.files].filter((file) => !chosen.includes(file)));
  });
  form.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // A table comes as a picture, too, and is meant as a text.
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    take([...files], event.target.closest("textarea"));
  });
  receive(form.dataset.drop ? form.closest(form.dataset.drop) : form, (files, text) => take(files, text));
  form.addEventListener("submit", (event) => {
    if (!chosen.length || event.defaultPrevented || form.dataset.sent) return;
    event.preventDefault();
    send(form, event.submitter, field);
  });

  function take(files, text) {
    const limit = Number(field.dataset.limit);
    const large = files.filter((file) => file.size > limit);
    complain(field, large.map((file) => `${file.name} ${field.dataset.tooLarge}`).join(" "));
    const taken = chosen.map((file) => file.name);
    const added = files.filter((file) => !large.includes(file)).map((file) => named(file, taken));
    if (text) for (const file of added) insert(text, reference(file));
    put([...chosen, ...added]);
    if (added.length && "atOnce" in form.dataset) form.requestSubmit();
  }

  function put(files) {
    chosen = files;
    const list = new DataTransfer();
    for (const file of files) list.items.add(file);
    input.files = list.files;
    // They are other objects now.
    chosen = [...input.files];
    show(field, chosen, (file) => {
      for (const text of form.querySelectorAll("textarea")) text.value = text.value.replace(reference(file), "");
      put(chosen.filter((one) => one !== file));
      input.focus();
    });
  }
}

function receive(place, take) {
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  place.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    place.classList.add("is-dropping");
  });
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("is-dropping"));
  place.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files], event.target.closest("textarea"));
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

function send(form, submitter, field) {
  const bar = field.querySelector("progress");
  const request = new XMLHttpRequest();
  const fail = (words) => {
    bar.hidden = true;
    delete form.dataset.sent;
    complain(field, words);
  };
  complain(field, "");
  bar.hidden = false;
  bar.value = 0;
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  request.addEventListener("error", () => fail(field.dataset.away));
  request.addEventListener("load", () => {
    if (request.status === 201) return go(form, request.getResponseHeader("Location"));
    const said = reason(parse(request.responseText), field);
    fail(said || request.statusText);
    say(said);
  });
  const body = new FormData(form, submitter);
  request.open("POST", form.action);
  request.setRequestHeader("X-Fragment", "upload");
  request.send(body);
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
  if (target.pathname + target.search !== location.pathname + location.search) return location.assign(target);
  history.replaceState(null, "", target);
  location.reload();
}
