// Parts of pages, asked for by the header that the server knows them by.

// The element that says, to a screen reader, what has just changed.
export function say(text) {
  const status = document.querySelector("[data-said]");
  if (status) status.textContent = text;
}

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// A function that fetches one thing at a time: what is asked for last is what is shown.
export function latest(fragment) {
  let controller;
  return async function load(address) {
    controller?.abort();
    controller = new AbortController();
    const answer = await fetch(address, { headers: { "X-Fragment": fragment }, signal: controller.signal });
    const text = await answer.text();
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    return text;
  };
}

export const aborted = (error) => error.name === "AbortError";

// A form sent from a row of a list; the answer is the row, drawn anew, with messages or what is wrong.
export async function send(form, submitter, also = {}) {
  const body = new FormData(form, submitter);
  for (const [name, values] of Object.entries(also)) {
    body.delete(name);
    for (const value of [values].flat()) body.append(name, value);
  }
  const headers = { "X-Fragment": "row" };
  const answer = await fetch(form.action, { method: "POST", body, headers, redirect: "manual" });
  const page = answer.type === "opaqueredirect" ? parse("") : parse(await answer.text());
  return {
    ok: answer.ok,
    rows: [...page.querySelectorAll(".issue-row")],
    toasts: [...page.querySelectorAll(".toast")],
    errors: page.querySelector("[data-errors]")?.textContent,
  };
}
