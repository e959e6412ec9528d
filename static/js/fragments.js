// Parts of pages, asked for by the header that the server knows them by.

const PAUSE = 50;
const SIGN_IN = /^\/accounts\//;
let saying;

// Say, to a screen reader, what has just changed. What stands there already would not be read out again.
export function say(text) {
  const status = document.querySelector("[data-said]");
  if (!status) return;
  status.textContent = "";
  clearTimeout(saying);
  saying = setTimeout(() => { status.textContent = text; }, PAUSE);
}

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// That the server knows the reader no more, or as somebody else; and whether an answer says so. Others lead on to
// where what was asked for is now.
export const signedOut = () => {
  document.addEventListener("visibilitychange", renewTokens);
  return document.querySelector("template[data-error-toast]").dataset.signedOut;
};
export const isSignIn = (answer) => answer.redirected && SIGN_IN.test(new URL(answer.url).pathname);

// The text of a part. Throws where there is none for its reader.
export async function load(address, fragment, signal) {
  const answer = await fetch(address, { headers: { "X-Fragment": fragment }, signal });
  const text = await answer.text();
  if (!answer.ok || answer.redirected) throw Object.assign(new Error(answer.status), { signedOut: isSignIn(answer) });
  return text;
}

// A function that fetches one thing at a time: what is asked for last is what is shown.
export function latest(fragment) {
  let controller;
  const stop = () => controller?.abort();
  const loadLatest = (address) => {
    stop();
    controller = new AbortController();
    return load(address, fragment, controller.signal);
  };
  return Object.assign(loadLatest, { stop });
}

// Whether a link is followed here, rather than in another tab or window.
export const isPlain = (event) => !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

export const aborted = (error) => error.name === "AbortError";

// Whether there was no answer, or one that says that the server cannot answer now: then no page of it can be had, either.
export const isAway = (error) => error instanceof TypeError || Number(error.message) >= 500;

// For whom a part was drawn.
export const readerOf = (part) => part.querySelector("[data-reader]")?.dataset.reader;

// Whoever has signed in again meanwhile sends what was drawn before, whose forms were good for the session before.
export function takeToken(fresh) {
  const young = fresh.querySelector("[name=csrfmiddlewaretoken]")?.value;
  for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) input.value = young ?? input.value;
}

async function renewTokens() {
  if (document.hidden) return;
  const fresh = await load(location.href, "").then(parse, () => null);
  if (!fresh || readerOf(fresh) !== readerOf(document)) return;
  takeToken(fresh);
  document.removeEventListener("visibilitychange", renewTokens);
}

// A form sent from a row of a list; the answer is the row, drawn anew, with messages or what is wrong.
export async function send(form, submitter, also = {}) {
  const body = new FormData(form, submitter);
  for (const [name, values] of Object.entries(also)) {
    body.delete(name);
    for (const value of [values].flat()) body.append(name, value);
  }
  const headers = { "X-Fragment": "row" };
  const answer = await fetch(form.action, { method: "POST", body, headers });
  const page = parse(await answer.text());
  if (isSignIn(answer)) return { ok: false, rows: [], toasts: [], errors: signedOut() };
  return {
    ok: answer.ok,
    rows: [...page.querySelectorAll(".issue-row")],
    toasts: [...page.querySelectorAll(".toast")],
    errors: page.querySelector("[data-errors]")?.textContent,
  };
}
