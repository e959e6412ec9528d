// The page of an issue as it is now: new comments come, fields change, but for what somebody is writing or choosing.
import { start as startDeciding } from "./deciding.js";
import { say } from "./fragments.js";
import { live } from "./live.js";
import { complain } from "./toasts.js";
import { steadily, updateWithin } from "./update.js";

export function start(page) {
  startDeciding();

  function put(fresh) {
    steadily(() => updateWithin(page, fresh.body));
    say(page.dataset.news);
  }

  live({
    mark: () => page.querySelector("[data-mark]").dataset.mark,
    address: () => location.href,
    fragment: "issue",
    put,
    gone: () => complain(page.dataset.gone),
  });
}
