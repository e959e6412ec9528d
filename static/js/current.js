// The page of an issue as it is now: new comments come, fields change, but for what somebody is writing or choosing.
import { start as startDeciding } from "./deciding.js";
import { readerOf, say } from "./fragments.js";
import { live } from "./live.js";
import { complain } from "./toasts.js";
import { steadily, updateWithin } from "./update.js";

// What is being written is kept while one sends something else, goes elsewhere or signs in again: in this tab alone.
function keepDraft(page) {
  const key = `draft ${readerOf(page)} ${page.querySelector("[data-open-issue]").dataset.openIssue}`;
  const field = () => page.querySelector("#comment-body");
  const kept = JSON.parse(sessionStorage.getItem(key));
  // The page leads to a comment that has been made.
  const isMade = kept?.sent && /^#comment-\d/.test(location.hash);
  if (kept && !isMade && field() && !field().value) field().value = kept.text;
  addEventListener("pagehide", () => {
    const text = field()?.value;
    if (text?.trim()) sessionStorage.setItem(key, JSON.stringify({ text, sent: "sent" in field().form.dataset }));
    else if (field()) sessionStorage.removeItem(key);
  });
}

export function start(page) {
  startDeciding();
  keepDraft(page);

  function put(fresh) {
    if (readerOf(fresh) !== readerOf(page)) return false;
    steadily(() => updateWithin(page, fresh.body));
    say(page.dataset.news);
    return true;
  }

  live({
    mark: () => page.querySelector("[data-mark]").dataset.mark,
    address: () => location.href,
    fragment: "issue",
    put,
    gone: () => complain(page.dataset.gone),
  });
}
