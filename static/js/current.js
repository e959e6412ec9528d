// The page of an issue as it is now: new comments come, fields change, but for what somebody is writing or choosing.
import { start as startDeciding } from "./deciding.js";
import { commentIn, keyOfComment, noteComment, start as keepDraft } from "./drafts.js";
import { readerOf, say } from "./fragments.js";
import { live } from "./live.js";
import { leadBack } from "./place.js";
import { complain } from "./toasts.js";
import { steadily, updateWithin } from "./update.js";
import { forgetSaved } from "./written.js";

export function start(page) {
  startDeciding();
  const draft = keyOfComment(readerOf(page), page.querySelector("[data-open-issue]").dataset.openIssue);
  noteComment(draft);
  keepDraft(draft, commentIn(page));
  forgetSaved(readerOf(page));

  function put(fresh) {
    if (readerOf(fresh) !== readerOf(page)) return false;
    leadBack(fresh.querySelector("[data-module=place]"));
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
