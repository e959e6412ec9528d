// A page that brings itself up to date: while it is looked at it asks every few seconds whether anything that it shows
// has changed. While nothing has, the answer is empty.
import { parse } from "./fragments.js";

const EVERY = 10_000;

const read = async (answer) => ({ status: answer.status, redirected: answer.redirected, html: await answer.text() });

// `mark` says what is shown ("" where nothing is to be asked), `address` where to ask for the `fragment`, `idle` whether
// this is the moment; `put` is given what came, and `gone` is called where the page is no longer there for its reader.
export function live({ mark, address, fragment, put, gone = () => {}, idle = () => true }) {
  let asking = false;

  async function ask() {
    const since = mark();
    if (asking || document.hidden || !since || !idle()) return;
    asking = true;
    const answer = await fetchAnswer(since);
    asking = false;
    // The server may be away: it is asked again.
    if (!answer || mark() !== since || !idle()) return;
    if (answer.html) put(parse(answer.html));
    if (answer.ends) stop();
    if (answer.status === 404) gone();
  }

  async function fetchAnswer(since) {
    const from = new URL(address(), location);
    from.searchParams.set("since", since);
    try {
      const { status, redirected, ...answer } = await read(await fetch(from, { headers: { "X-Fragment": fragment } }));
      return { status, html: status === 200 && !redirected ? answer.html : "", ends: redirected || status === 404 };
    } catch {
      return null;
    }
  }

  const timer = setInterval(ask, EVERY);
  const stop = () => clearInterval(timer);
  document.addEventListener("visibilitychange", ask);
  return ask;
}
