// The page of an issue as it is now: new comments come, fields change, but for what somebody is writing or choosing.
import { start as startDeciding } from "./deciding.js";
import { draftOf, give as giveDraft } from "./drafts.js";
import { readerOf, say } from "./fragments.js";
import { live } from "./live.js";
import { complain } from "./toasts.js";
import { steadily, updateWithin } from "./update.js";
import { forgetSaved } from "./written.js";

// What is being written is kept while one sends something else, goes elsewhere or signs in again: in this tab alone,
// and as internal as it was.
function keepDraft(page) {
  const key = `draft ${readerOf(page)} ${page.querySelector("[data-open-issue]").dataset.openIssue}`;
  const made = `${key} made`;
  const field = () => page.querySelector("#comment-body");
  const isMade = () => field().value === sessionStorage.getItem(made);

  function give() {
    if (!field()) return;
    // A browser that goes back gives what has been sent since.
    if (field().value && isMade()) field().form.reset();
    const kept = JSON.parse(sessionStorage.getItem(key));
    // The page leads to a comment that has been made of it.
    if (kept?.sent && /^#comment-\d/.test(location.hash)) return sessionStorage.setItem(made, kept.text);
    if (kept && !field().value) giveDraft(field(), kept);
  }

  function keep() {
    if (!field()) return;
    const sent = "sent" in field().form.dataset;
    if (!field().value.trim() || (isMade() && !sent)) return sessionStorage.removeItem(key);
    sessionStorage.setItem(key, JSON.stringify({ ...draftOf(field()), sent }));
  }

  give();
  addEventListener("pageshow", (event) => event.persisted && give());
  addEventListener("pagehide", keep);
}

export function start(page) {
  startDeciding();
  keepDraft(page);
  forgetSaved(readerOf(page));

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
