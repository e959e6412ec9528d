// A page that brings itself up to date: while it is looked at it asks every few seconds whether anything that it shows
// has changed. While nothing has, the answer is empty.
import { parse } from "./fragments.js";
import { complain, signedOut } from "./toasts.js";

const EVERY = 10_000;

const SIGN_IN = /^\/accounts\//;

const read = async (answer) => ({
  status: answer.status,
  signedOut: answer.redirected && SIGN_IN.test(new URL(answer.url).pathname),
  html: await answer.text(),
});

// `mark` says what is shown ("" where nothing is to be asked), `address` where to ask for the `fragment`, `idle` whether
// this is the moment; `put` is given what came, and returns false where that was drawn for another reader; `gone` is
// called where the page is no longer there.
export function live({ mark, address, fragment, put, gone = () => {}, idle = () => true }) {
  let asking = false;
  let stopped = false;

  async function ask() {
    const since = mark();
    if (stopped || asking || document.hidden || !since || !idle()) return;
    asking = true;
    const at = address();
    const answer = await fetchAnswer(at, since);
    asking = false;
    // The server may be away, or something else be shown by now: it is asked again.
    if (!answer || mark() !== since || address() !== at || !idle()) return;
    const isLost = answer.signedOut || (answer.html && put(parse(answer.html)) === false);
    if (isLost) complain(signedOut());
    if (answer.status === 404) gone();
    if (isLost || answer.status === 404) stop();
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

  const timer = setInterval(ask, EVERY);
  function stop() {
    stopped = true;
    clearInterval(timer);
  }
  document.addEventListener("visibilitychange", ask);
  return ask;
}
