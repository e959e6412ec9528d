// The title and description, or the comment, that are being written on a page of their own: a draft of this reader, and of what is there
// already for as long as its texts are the same.
import { noteSaved, start as keepDraft } from "./drafts.js";

const NAMES = ["title", "description", "body"];
const keyOf = (reader, written) => `written ${reader} ${written}`;

export function start(form) {
  const fields = () => NAMES.map((name) => form.elements[name]).filter(Boolean);
  const before = (field) => form.elements[`was_${field.name}`]?.value.replaceAll("\r", "") ?? "";
  const read = (of) => JSON.stringify(Object.fromEntries(fields().map((field) => [field.name, of(field)])));
  const key = keyOf(form.dataset.reader, form.dataset.written);
  // What an address has filled in is nobody's text yet.
  let touched = Boolean(form.elements.seen);

  function write({ text, was }) {
    // The version before kept something else under this name.
    if (text === undefined || was !== read(before)) return;
    const texts = JSON.parse(text);
    for (const field of fields()) field.value = texts[field.name] ?? field.value;
    touched = true;
  }

  form.addEventListener("input", () => (touched = true));
  form.addEventListener("reset", () => (touched = false));
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-forgets]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    touched = false;
    sessionStorage.removeItem(key);
  });
  keepDraft(key, {
    form: () => form,
    isTouched: () => touched,
    isNew: () => fields().every((field) => field.value === before(field)),
    read: () => ({ text: read((field) => field.value), was: read(before) }),
    write,
  });
}

// A message says of what is saved, a new issue of a product or an edit of an issue, that it is.
export function forgetSaved(reader) {
  for (const { dataset } of document.querySelectorAll("[data-saved]")) noteSaved(keyOf(reader, dataset.saved));
}
