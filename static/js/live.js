// A page that brings itself up to date: while it is looked at it asks every few seconds whether anything that it shows
// has changed. While nothing has, the answer is empty.
import { isSignIn, parse, signedOut } from "./fragments.js";
import { complain } from "./toasts.js";

const EVERY = 10_000;

const read = async (answer) => ({
  status: answer.status,
  signedOut: isSignIn(answer),
  html: await answer.text(),
});

// `mark` says what is shown ("" where nothing is to be asked), `address` where to ask for the `fragment`, `idle` whether
// this is the moment; `put` is given what came, and returns false where that was drawn for another reader; `gone` is
// called where the page is no longer there, and returns whether it asks for another one from now on. Whoever is no longer
// signed in as they were may be so again when they come back to the page: then all of it is drawn anew, as its forms were
// good for the session before.
export function live({ mark, address, fragment, put, gone = () => {}, idle = () => true }) {
  let asking = false;
  let stopped = false;
  let lost = false;

  async function ask() {
    const since = mark();
    if (stopped || asking || document.hidden || !since || !idle()) return;
    asking = true;
    const at = address();
    const answer = await fetchAnswer(at, lost ? "lost" : since);
    asking = false;
    // The server may be away, or something else be shown by now: it is asked again.
    if (!answer || mark() !== since || address() !== at || !idle()) return;
    if (answer.signedOut || answer.html) lost = answer.signedOut || put(parse(answer.html)) === false;
    if (lost) complain(signedOut());
    if (answer.status === 404 && !gone()) stop();
  }

  async function fetchAnswer(at, since) {
    const from = new URL(at, location);
    from.searchParams.set("since", since);
    try {
      const answer = await read(await fetch(from, { headers: { "X-Fragment": fragment } }));
      return answer.status === 200 && !answer.signedOut ? answer : { ...answer, html: "" };
    } catch {
      return null;
    }
  }

  const timer = setInterval(() => lost || ask(), EVERY);
  function stop() {
    stopped = true;
    clearInterval(timer);
  }
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("stale", ask);
  return ask;
}
