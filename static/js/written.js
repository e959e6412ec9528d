// The title and description that are being written on a page of their own are kept while one goes elsewhere or signs in
// again: in this tab alone, for this reader, and of what is there already for as long as its texts are the same.
const NAMES = ["title", "description"];
const keyOf = (reader, written) => `written ${reader} ${written}`;

export function start(form) {
  const fields = () => NAMES.map((name) => form.elements[name]).filter(Boolean);
  const before = (field) => form.elements[`was_${field.name}`]?.value.replaceAll("\r", "") ?? "";
  const isNew = () => fields().every((field) => field.value === before(field));
  const key = keyOf(form.dataset.reader, form.dataset.written);
  const read = (of) => Object.fromEntries(fields().map((field) => [field.name, of(field)]));
  const texts = () => read((field) => field.value);
  const was = () => JSON.stringify(read(before));
  const isMade = () => JSON.stringify(texts()) === sessionStorage.getItem(`made ${key}`);
  // What an address has filled in is nobody's text yet.
  let touched = Boolean(form.elements.seen);

  function give() {
    // A browser that goes back gives what has been saved since.
    if (isMade() && !isNew()) {
      form.reset();
      touched = false;
    }
    const kept = JSON.parse(sessionStorage.getItem(key));
    if (!kept || !isNew() || kept.was !== was()) return;
    for (const field of fields()) field.value = kept.texts[field.name] ?? field.value;
    touched = true;
  }

  function keep() {
    if (!touched) return;
    const sent = "sent" in form.dataset;
    if (isNew() || (isMade() && !sent)) return sessionStorage.removeItem(key);
    sessionStorage.setItem(key, JSON.stringify({ texts: texts(), was: was(), sent }));
  }

  give();
  form.addEventListener("input", () => (touched = true));
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-forgets]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    touched = false;
    sessionStorage.removeItem(key);
  });
  addEventListener("pageshow", (event) => event.persisted && give());
  addEventListener("pagehide", keep);
}

// A message says of what is saved, a new issue of a product or an edit of an issue, that it is.
export function forgetSaved(reader) {
  for (const { dataset } of document.querySelectorAll("[data-saved]")) {
    const key = keyOf(reader, dataset.saved);
    const { texts, sent } = JSON.parse(sessionStorage.getItem(key)) ?? {};
    if (!sent) continue;
    sessionStorage.removeItem(key);
    sessionStorage.setItem(`made ${key}`, JSON.stringify(texts));
  }
}
