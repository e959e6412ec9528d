// What somebody is writing is kept while they send something else, go elsewhere or sign in again: in this tab alone, and
// until it is saved.
const get = (key) => JSON.parse(sessionStorage.getItem(key));
const savedOf = (key) => `${key} saved`;
const sendingOf = (key) => `${key} sending`;
const isSaved = (key, place) => place.read().text === sessionStorage.getItem(savedOf(key));

// The text of a field, and whether it is to be internal, as the box in its form says.
export const draftOf = (field) => ({ text: field.value, internal: Boolean(field.form.elements.internal?.checked) });

export function give(field, { text, internal }) {
  field.value = text;
  const box = field.form.elements.internal;
  if (box) box.checked = internal;
}

// A place is where one writes: its `form()`, if that is there, whether it `isNew()`, which is to say that nothing is
// written in it yet, and what to `read()` there, `{ text, … }`, and to `write` there again; if it can say so, whether it
// `isTouched()` by a person. This is that of a field.
export function fieldIn(page, id) {
  const field = () => page.querySelector(`#${id}`);
  return {
    form: () => field()?.form,
    isNew: () => !field().value.trim(),
    read: () => draftOf(field()),
    write: (kept) => give(field(), kept),
  };
}

export const commentIn = (page) => fieldIn(page, "comment-body");

export const keyOfComment = (reader, issue) => `draft ${reader} ${issue}`;

// Whoever `returns` to a page as they left it may have written on elsewhere, or sent it from there: what was not sent was
// kept when they left.
export function recall(key, place, returns = false) {
  if (!place.form()) return;
  // A browser that goes back gives what has been saved since.
  if (!place.isNew() && isSaved(key, place)) place.form().reset();
  const kept = get(key);
  if (kept && (returns || place.isNew())) place.write(kept);
  else if (!kept && returns && !place.isNew()) place.form().reset();
}

export function keep(key, place) {
  if (!place.form() || place.isTouched?.() === false) return;
  const sent = "sent" in place.form().dataset;
  if (place.isNew()) return sessionStorage.removeItem(key);
  sessionStorage.setItem(key, JSON.stringify({ ...place.read(), sent, at: location.hash }));
}

export function forget(key, text) {
  if (get(key)?.text === text) sessionStorage.removeItem(key);
}

// Whoever leaves before the answer does not learn whether what they sent was saved: it was, if the issue is no more the
// version that they had `seen`.
export function noteSending(key, text, seen) {
  sessionStorage.setItem(sendingOf(key), JSON.stringify({ text, seen }));
}

export const noteAnswered = (key) => sessionStorage.removeItem(sendingOf(key));

export function forgetSaved(key, seen) {
  const sending = get(sendingOf(key));
  if (!sending || sending.seen === seen) return;
  forget(key, sending.text);
  noteAnswered(key);
}

// The page that comes says so of what was sent.
export function noteSaved(key) {
  const { text, sent } = get(key) ?? {};
  if (!sent) return;
  sessionStorage.removeItem(key);
  sessionStorage.setItem(savedOf(key), text);
}

// Of a comment the page that comes leads to it; where it was sent from may have led to another.
export function noteComment(key) {
  const { hash } = location;
  if (/^#comment-\d/.test(hash) && hash !== get(key)?.at) noteSaved(key);
}

export function start(key, place) {
  recall(key, place);
  addEventListener("pageshow", (event) => event.persisted && recall(key, place, true));
  addEventListener("pagehide", () => keep(key, place));
  // A page that is out of sight may be ended without another word.
  document.addEventListener("visibilitychange", () => document.hidden && keep(key, place));
}
