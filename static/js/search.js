// The list follows its search box: results come as one types, and what changes them (chips, order, pages) loads alone.
import { complete } from "./completion.js";
import { aborted, isPlain, latest, parse, readerOf, say } from "./fragments.js";
import { complain } from "./toasts.js";

const PAUSE = 150;
// While somebody is still writing a term it is not yet a mistake.
const PATIENCE = 1200;

function withoutCursor(address) {
  const parameters = new URLSearchParams(address);
  parameters.delete("cursor");
  return `${parameters}`;
}

const words = (text) => text.split(/\s+/).filter(Boolean);

// A query with what somebody has written since it `was` shown, when it is another by `now`.
function withWritten(text, was, now) {
  if (text === was) return now;
  const [written, gone] = [words(text), words(was)];
  while (gone.length && written[0] === gone[0]) for (const some of [written, gone]) some.shift();
  while (gone.length && written.at(-1) === gone.at(-1)) for (const some of [written, gone]) some.pop();
  const end = /\s*$/.exec(text)[0];
  return [...words(now).filter((one) => !gone.includes(one)), ...written].join(" ") + end;
}

export function start(page) {
  const form = page.querySelector("[data-search]");
  const box = form.querySelector("[name=q]");
  const results = page.querySelector("[data-results]");
  const load = latest("results");
  const loadCount = latest("count");
  let shown = location.search;
  // What was asked for last, which may still be on its way.
  let wanted = shown;
  // What one types, until Enter or until the box is left, is one step of the history: back leads to what was before.
  let typing = false;
  let changed = false;
  let waiting;
  let patience;
  let known = {};
  // How far the results were scrolled that others have replaced.
  let left = 0;
  // What the query is of which the results are shown; the box may say more by now.
  let query = results.querySelector("[data-query]").dataset.query;
  // Whether nobody was told yet how long the list is that was asked for.
  let unsaid = false;

  const asked = (of) => `?${new URLSearchParams(new FormData(of))}`;

  // `how`: "typing" leaves the box alone and the history as it was; after "going" and "back" it says what is shown. What
  // was typed and not looked for yet stays.
  async function show(address, how) {
    clearTimeout(waiting);
    clearTimeout(patience);
    results.setAttribute("aria-busy", "true");
    wanted = address;
    let html;
    try {
      html = await load(location.pathname + address);
    } catch (error) {
      if (aborted(error)) return false;
      wanted = shown;
      results.removeAttribute("aria-busy");
      complain(results.dataset.failed);
      return false;
    }
    if (readerOf(parse(html)) !== readerOf(results)) {
      location.assign(location.pathname + address);
      return false;
    }
    const place = how === "typing" ? null : whereabouts();
    left = scrollY;
    results.innerHTML = html;
    results.removeAttribute("aria-busy");
    shown = address;
    const was = query;
    query = results.querySelector("[data-query]").dataset.query;
    if (how === "going" || how === "back" && box.value === was) box.value = withWritten(box.value, was, query);
    rename();
    judge(how);
    place?.();
    results.dispatchEvent(new Event("results", { bubbles: true }));
    unsaid = true;
    count();
    return true;
  }

  // A query makes of the list of all issues that of what one is asked, and the contrary.
  function rename() {
    const { title, home } = results.querySelector("[data-query]").dataset;
    const heading = page.querySelector("h1");
    if (heading.textContent === title) return;
    document.title = document.title.replace(heading.textContent, () => title);
    heading.textContent = title;
    if (heading.title) heading.title = title;
    for (const link of document.querySelectorAll(".sidebar > .sidebar-link")) {
      if (link.pathname === home) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  // Others may have changed the view, or the page of a step back has come at last: the box follows, unless one types.
  function followRedrawn() {
    const was = query;
    shown = wanted = location.search;
    query = results.querySelector("[data-query]").dataset.query;
    rename();
    if (query !== was && box.value === was) {
      box.value = query;
      judge("redrawn");
    }
    count();
  }

  // A list of several pages does not wait until it is counted. Its length is then said, if it is still the one that is
  // shown, and once. Where it cannot be counted now, a link stays that does so.
  async function count() {
    const place = results.querySelector("[data-count]");
    const link = place.querySelector("a");
    if (link) {
      const address = withoutCursor(link.search);
      if (known.address === address) link.textContent = known.text;
      try {
        known = { address, text: await loadCount(link.href) };
        // Where one is, one stays.
        if (link === document.activeElement) link.textContent = known.text;
        else link.replaceWith(known.text);
      } catch (error) {
        if (aborted(error)) return;
      }
    }
    if (!unsaid || !place.isConnected) return;
    unsaid = false;
    say(place.textContent);
  }

  function judge(how) {
    const problems = results.querySelector("#query-problems");
    box.removeAttribute("aria-invalid");
    box.removeAttribute("aria-describedby");
    if (!problems) return;
    const tell = () => {
      problems.hidden = false;
      box.setAttribute("aria-invalid", "true");
      box.setAttribute("aria-describedby", problems.id);
    };
    if (how !== "typing") return tell();
    problems.hidden = true;
    patience = setTimeout(tell, PATIENCE);
  }

  // Returns a function that puts the focus back to where it was, in the results that have come since.
  function whereabouts() {
    const from = document.activeElement;
    if (!results.contains(from)) return null;
    const menu = from.closest("details[id]")?.id ?? from.closest(".chip")?.querySelector("details")?.id;
    const head = from.closest("th")?.classList[0];
    const inTable = from.closest(".pagination");
    return () => {
      const there = (menu && results.querySelector(`#${menu} > summary`)) || (head && results.querySelector(`.${head} > a`));
      const next = inTable ? results.querySelector(".issue-link") : there || results.querySelector("#filter > summary");
      next?.focus({ preventScroll: true });
    };
  }

  async function go(address) {
    if (!(await show(address, "going"))) return;
    typing = false;
    // What is chosen already is no step of the history.
    if (address !== location.search) step(address);
    scrollTo(0, 0);
    if (box.value.trim() !== query.trim()) follow();
  }

  function step(address) {
    history.replaceState({ scroll: left }, "");
    history.pushState(null, "", location.pathname + address);
  }

  const isShown = (address) => address === shown && wanted === shown;

  async function type() {
    clearTimeout(waiting);
    const address = asked(form);
    if (isShown(address) || !(await show(address, "typing"))) return;
    if (address === location.search) return;
    if (typing) history.replaceState(null, "", location.pathname + address);
    else step(address);
    typing = true;
  }

  // The beginning of a field is not yet a word to look for.
  function follow() {
    if (beginsField()) waiting = setTimeout(type, PATIENCE);
    else type();
  }

  async function enter() {
    await type();
    typing = false;
    judge("entered");
  }

  function typed(event) {
    if (event.isComposing) return;
    changed = true;
    clearTimeout(waiting);
    clearTimeout(patience);
    waiting = setTimeout(follow, PAUSE);
  }
  box.addEventListener("input", typed);
  // The last input of an input method still belongs to it.
  box.addEventListener("compositionend", typed);
  // The form is that of the box alone: what is chosen in the results is sent by a form of its own.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await enter();
    // The key of an issue alone leads to it.
    const { opens } = results.querySelector("[data-query]").dataset;
    if (opens && isShown(asked(form))) location.assign(opens);
  });
  box.addEventListener("blur", () => {
    if (changed) enter();
    changed = false;
  });

  page.addEventListener("click", (event) => {
    const link = event.target.closest("[data-results] a[href]");
    if (!link || !isPlain(event)) return;
    if (event.defaultPrevented || link.target || link.pathname !== location.pathname || link.hash) return;
    event.preventDefault();
    go(link.search);
  });
  results.addEventListener("submit", (event) => {
    if (event.target.method !== "get") return;
    event.preventDefault();
    go(asked(event.target));
  });

  addEventListener("popstate", async () => {
    if (isShown(location.search)) return;
    typing = false;
    const scroll = history.state?.scroll ?? 0;
    if (await show(location.search, "back")) scrollTo(0, scroll);
  });

  // Who goes forward, too, comes back to where they were. On the way to another list the browser scrolls by itself.
  addEventListener("scrollend", () => {
    if (location.search === shown) history.replaceState({ scroll: scrollY }, "");
  });

  page.addEventListener("redrawn", followRedrawn);
  count();
  const beginsField = complete(box, form.querySelector("[role=listbox]"));
  // What was typed before this module had come.
  if (box.value !== results.querySelector("[data-query]").dataset.query) box.dispatchEvent(new InputEvent("input"));
}
