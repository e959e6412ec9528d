// The queue, one issue after the other: the next one is fetched while this one is read, so that it is there at once.
import "./digits.js";
import { draftOf, fieldIn, forget, forgetSaved, give, keep, keyOfComment, noteAnswered, noteSending, recall } from "./drafts.js";
import { isPlain, isSignIn, parse, readerOf, say, send, signedOut, takeToken } from "./fragments.js";
import { offer, offerIssue } from "./offer.js";
import { live } from "./live.js";
import { start as startSelecting } from "./select.js";
import { start as startGlancing } from "./similar.js";
import { complain, show as showToast, tell } from "./toasts.js";
import { updateWithin } from "./update.js";

const PING = 20_000;
// The forms of fields and comments.
const FIELDS = /\/issues\/[\w-]+\/(set|comments)\/$/;
// The first of each field that is suggested still.
const FIRST = ".suggestion:nth-child(1 of :not(.is-gone)) input";

export function start(page) {
  const ready = new Map();
  // What is being decided; how often somebody has gone on: late answers are old.
  const deciding = new Set();
  let turns = 0;
  // What was read when it was trashed or hidden.
  let missing = null;
  // The queue when an issue was last in it: whoever still reads what others have decided goes on from its place.
  const orders = new Map();
  // How many fields and comments are being sent.
  let sending = 0;
  let isLeaving = false;
  // The number of what was sent last, and of what was told last as done.
  let lastSent = 0;
  let lastTold = 0;
  // The form that takes back what was done here last, also when its message has gone.
  let undo = document.querySelector(".toasts form");

  const part = (selector, within = page) => within.querySelector(selector);
  const text = () => part("[data-shown]");
  const shown = () => text()?.dataset.shown;
  const name = () => `${shown()} ${part(".triage-issue-title").textContent}`;
  const rows = () => [...page.querySelectorAll(".queue-row")];
  const keys = () => rows().map((row) => row.dataset.issue);
  const rowOf = (key) => rows().find((row) => row.dataset.issue === key);

  // The address of the page at an issue, or at none: of the same queue.
  function address(key) {
    const row = rowOf(key);
    if (row) return row.href;
    const here = new URL(location);
    if (key) here.searchParams.set("issue", key);
    else here.searchParams.delete("issue");
    return here.pathname + here.search;
  }

  async function ask(href, fragment, options = {}) {
    const answer = await fetch(href, { ...options, headers: { "X-Fragment": fragment } });
    const fresh = parse(await answer.text());
    const isLost = isSignIn(answer) || isForAnother(fresh);
    return { ok: answer.ok && !isLost, isLost, status: answer.status, fresh };
  }

  // What is no page of the queue says nothing of its reader.
  const isForAnother = (fresh) => ![undefined, readerOf(page)].includes(readerOf(fresh));

  // Why there is nothing to show.
  const troubleIn = ({ isLost, status } = {}) => (isLost ? signedOut() : status === 404 ? page.dataset.gone : page.dataset.failed);

  // What was fetched of an issue is good until it is shown, or until somebody decides.
  function fetchIssue(key) {
    if (!ready.has(key)) {
      const fetched = ask(address(key), "triage-issue").catch(() => ({ ok: false }));
      ready.set(key, fetched);
      fetched.then((answer) => answer.ok || ready.delete(key));
    }
    return ready.get(key);
  }

  function neighbour(step, key = shown()) {
    const all = keys();
    const at = all.indexOf(key);
    if (at >= 0) return all[at + step];
    const order = orders.get(key) ?? [];
    const before = order.slice(0, order.indexOf(key)).findLast((one) => all.includes(one));
    const place = all.indexOf(before) + 1;
    return all[step > 0 ? place : place - 1];
  }

  function noteOrder(key = shown()) {
    if (rowOf(key)) orders.set(key, keys());
  }

  function takeOut(key) {
    noteOrder(key);
    rowOf(key)?.closest(".queue-item").remove();
  }

  // What comes next is there when one goes on.
  function prefetch() {
    const next = shown() && neighbour(1);
    if (next) fetchIssue(next);
  }

  // Where a page of the queue ends, another begins.
  const further = (step) => part(`[data-further="${step}"]`);

  // What comes after a decision: where there is more than this page, it moves up to the place of the last.
  const following = (key) => neighbour(1, key) ?? (further(1) ? "last" : neighbour(-1, key)) ?? "";

  function put(fresh, asked) {
    keepDrafts();
    part(".triage-issue").replaceChildren(...document.importNode(fresh.body, true).childNodes);
    const key = shown();
    missing = null;
    rename(asked, key);
    giveDrafts(key);
    reveal();
    aim(key);
    settle(key);
    document.title = name();
    say(name());
  }

  // One is at it now, from the title on.
  function settle(key) {
    mark(key);
    text().focus({ preventScroll: true });
    begin();
    ping();
    prefetch();
  }

  // It has been moved meanwhile; its row is still where it was.
  function rename(before, key) {
    const row = rowOf(before);
    if (row) row.dataset.issue = key;
  }

  // An issue that came without the queue does not know what comes next in it.
  function aim(key) {
    for (const input of page.querySelectorAll(".triage-issue input[name=then]")) input.value = following(key);
    for (const input of page.querySelectorAll(".triage-issue [name=csrfmiddlewaretoken]")) input.value = token();
  }

  // One reads from the title on: where the window is narrow, the page is what is scrolled.
  function begin() {
    text()?.scrollTo(0, 0);
    scrollTo(0, 0);
  }

  const texts = (within = part(".triage-issue")) => [...within.querySelectorAll("textarea")];
  // Comments are the issue's page's, too; what is written to decide is kept beside them.
  const commentOf = (key) => keyOfComment(readerOf(page), key);
  const draftKey = (key, id) => (id === "comment-body" ? commentOf(key) : `${commentOf(key)} ${id}`);
  function keepDrafts() {
    if (!shown()) return;
    for (const { id } of texts()) keep(draftKey(shown(), id), fieldIn(page, id));
  }
  function giveDrafts(key, returns = false) {
    for (const { id, form } of texts()) {
      forgetSaved(draftKey(key, id), form.elements.seen?.value);
      recall(draftKey(key, id), fieldIn(page, id), returns);
    }
  }
  const readTexts = (form) => texts(form).map((field) => [field, field.value]);
  // What was `sent` is no draft any more; what was written since is.
  function forgetSent(key, sent) {
    for (const [{ id }, value] of sent) forget(draftKey(key, id), value);
  }

  const token = () => part("[name=csrfmiddlewaretoken]")?.value ?? "";

  // What came with a fragment and means something with scripts alone.
  function reveal() {
    for (const hidden of page.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
  }

  function mark(key) {
    for (const row of rows()) {
      if (row.dataset.issue === key) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    rowOf(key)?.scrollIntoView({ block: "nearest" });
    const place = part("[data-at]");
    if (place && rowOf(key)) place.textContent = rows().indexOf(rowOf(key)) + 1;
    for (const link of page.querySelectorAll("[data-step]")) {
      const step = Number(link.dataset.step);
      const beside = neighbour(step, key);
      link.hidden = !beside && !further(step);
      link.href = beside ? address(beside) : (further(step)?.href ?? "");
    }
  }

  const noteAddress = () => history.replaceState({ key: shown() }, "", address(shown()));

  async function go(key, { push = true } = {}) {
    if (!key) return;
    const turn = ++turns;
    // Whoever stays after all may have gone back meanwhile.
    if (key === shown()) {
      if (history.state?.key !== key) noteAddress();
      return;
    }
    const href = address(key);
    const answer = await fetchIssue(key);
    ready.delete(key);
    if (turn !== turns) return;
    if (!answer.ok) {
      complain(`${key}: ${troubleIn(answer)}`);
      if (!push) noteAddress();
      return refresh();
    }
    put(answer.fresh, key);
    if (push) history.pushState({ key: shown() }, "", href);
    else noteAddress();
  }

  // The issue that is read, as it is now, and under the key that it has now.
  function renew(fresh) {
    const key = part("[data-shown]", fresh).dataset.shown;
    rename(shown(), key);
    text().dataset.shown = key;
    untick(fresh);
    const others = part("[data-here]")?.textContent ?? "";
    const at = text().scrollTop;
    updateWithin(part(".triage-issue"), part(".triage-issue", fresh) ?? fresh.body);
    reveal();
    text().scrollTop = at;
    if (part("[data-here]")) part("[data-here]").textContent = others;
    document.title = name();
    aim(shown());
  }

  // What is suggested no more is not taken, either.
  function untick(fresh) {
    const suggested = [...fresh.querySelectorAll("[data-suggested] input")];
    for (const one of page.querySelectorAll("[data-suggested] :checked")) {
      one.checked = suggested.some(({ name, value }) => name === one.name && value === one.value);
    }
  }

  // What a link or a box of the queue is known by, drawn anew.
  const called = (one) => [one.dataset.issue, one.dataset.further, one.value].join();

  // The queue and its numbers, drawn anew around what is being read and written.
  function redraw(fresh, answered) {
    noteOrder();
    const chosen = new Set([...page.querySelectorAll("[name=ids]:checked")].map((box) => box.value));
    for (const selector of [".triage-head", "[data-queue]"]) {
      const old = part(selector);
      const young = part(selector, fresh);
      if (young?.dataset.mark) old?.setAttribute("data-mark", young.dataset.mark);
      if (!old || !young || old.contains(document.activeElement) && selector === ".triage-head") continue;
      const at = old.scrollTop;
      const focused = old.contains(document.activeElement) && called(document.activeElement);
      old.replaceWith(document.importNode(young, true));
      part(selector).scrollTop = at;
      if (focused) [...part(selector).querySelectorAll("a, input")].find((one) => called(one) === focused)?.focus();
    }
    takeOutDecided(answered);
    for (const box of page.querySelectorAll("[name=ids]")) box.checked = chosen.has(box.value);
    mark(shown());
    aim(shown());
    page.dispatchEvent(new Event("redrawn"));
  }

  // An answer may come before another decision is made; its row is there again, if that fails.
  function takeOutDecided(answered) {
    for (const key of deciding) if (key !== answered && key !== shown()) takeOut(key);
  }

  function whole(fresh, answered) {
    part("[data-toasts]", fresh)?.remove();
    keepDrafts();
    const before = shown();
    noteOrder();
    page.innerHTML = fresh.body.innerHTML;
    takeOutDecided(answered);
    reveal();
    giveDrafts(shown());
    page.dispatchEvent(new Event("redrawn"));
    const key = shown();
    document.title = key ? name() : part("h1").textContent;
    if (!key) {
      part(".empty h2").focus();
      say(part(".empty h2").textContent);
    } else {
      settle(key);
      if (key !== before) say(name());
    }
  }

  // An answer that comes after that to something sent later names nothing that was done last.
  function tellDone(toasts, number) {
    if (!toasts.length || number < lastTold) return;
    lastTold = number;
    toasts.forEach(showToast);
    // Where the last cannot be taken back, nothing before it is: no message names that any more.
    undo = toasts.map((one) => one.querySelector("form")).findLast(Boolean) ?? null;
  }

  // Not what the history tells of others.
  const ownUndo = () => [...page.querySelectorAll("form.undo[data-own] button")].at(-1);

  // While something is being sent, what was done before it is not the last any more.
  function takeBack() {
    if (deciding.size || sending) return tell(page.dataset.sending);
    if (!undo) return pointOut(ownUndo());
    undo.hidden = true;
    page.append(undo);
    undo.requestSubmit();
  }

  function hideUndo() {
    for (const one of document.querySelectorAll(".toasts > :has([data-action=undo])")) one.remove();
  }

  function pointOut(button) {
    button.scrollIntoView({ block: "center" });
    button.focus();
  }

  document.addEventListener("submit", (event) => {
    if (event.target === undo) undo = null;
  });

  const edited = () =>
    [...page.querySelectorAll(".triage-issue :is(textarea, input:not([type=hidden], [type=checkbox]))")].filter((one) => one.value !== one.defaultValue);
  const written = () => edited().length > 0;

  // What was written with a decision that was refused comes with the page, and is none the less not sent.
  function keepRefused() {
    for (const field of part(".triage-issue").querySelectorAll("details[open] :is(textarea, input.control)")) {
      const { value } = field;
      field.defaultValue = "";
      field.value = value;
    }
  }

  // What was fetched before a decision may be suggested something else by now.
  function redrawAround({ ok, fresh }, answered) {
    if (ok && part("[data-shown]", fresh)?.dataset.shown === shown()) renew(fresh);
    redraw(fresh, answered);
  }

  function giveBack(key, kept) {
    part(".triage-issue").replaceChildren(...kept);
    history.replaceState({ key }, "", address(key));
    document.title = name();
    if (document.activeElement === document.body) text().focus({ preventScroll: true });
    say(name());
  }

  async function decide(form, submitter) {
    const key = shown();
    if (deciding.has(key)) return;
    deciding.add(key);
    hideUndo();
    const turn = ++turns;
    const number = ++lastSent;
    const kept = [...part(".triage-issue").childNodes];
    const then = following(key);
    const body = new FormData(form, submitter);
    body.set("then", then);
    const typed = readTexts(form);
    for (const [{ id }, value] of typed) noteSending(draftKey(key, id), value, form.elements.seen.value);
    const sent = ask(form.action, "triage", { method: "POST", body });
    // The next one is on the screen before the answer is here; what was decided leaves the queue.
    const next = then && ready.has(then) ? await fetchIssue(then) : null;
    if (next?.ok) takeOut(key);
    // Unless one has gone on to another by now.
    const leads = next?.ok && turn === turns;
    if (leads) {
      ready.delete(then);
      put(next.fresh, then);
      noteAddress();
    }
    let answer;
    try {
      answer = await sent;
      const { fresh } = answer;
      if (answer.isLost || (!answer.ok && !part("[data-shown]", fresh))) throw new Error(answer.status);
      const toasts = [...fresh.querySelectorAll("[data-toasts] .toast")];
      ready.clear();
      // What was sent is no draft any more; what is written beside it still is.
      if (answer.ok) dropSent(form, key, typed);
      const stays = (leads || shown() !== key) && (answer.ok || written());
      if (!stays) whole(fresh, key);
      else if (number === lastSent) redrawAround(answer, key);
      // It does not know what has been sent since.
      if (number !== lastSent) part(".triage-head").dataset.mark = "";
      if (!answer.ok && !stays) keepRefused();
      tellDone(toasts, number);
      // Whoever takes the decision back has its report before them again, not the next one.
      for (const back of toasts.flatMap((toast) => [...toast.querySelectorAll("[name=next]")])) back.value = address(key);
      if (!answer.ok && stays) complain(part("[data-error-summary]", fresh)?.textContent ?? page.dataset.failed);
      else if (!answer.ok) part("[data-error-summary]")?.focus();
      noteAddress();
      prefetch();
    } catch {
      // What was written is given back, unless it is still there or something else is being written by now.
      if (!kept.every((one) => one.isConnected) && (!written() || shown() === key)) giveBack(key, kept);
      mark(shown());
      complain(`${key}: ${troubleIn(answer)}`);
      // Its row has gone, and it is still in the queue.
      part(".triage-head").dataset.mark = "";
    } finally {
      deciding.delete(key);
      // A browser that leaves the page breaks off what is being sent: nobody knows then whether it was done.
      if (answer || !isLeaving) for (const [{ id }] of typed) noteAnswered(draftKey(key, id));
      if (!part(".triage-head").dataset.mark) refresh();
    }
  }

  // Of most fields one suggestion alone is taken.
  page.addEventListener("change", (event) => {
    if (!event.target.matches("[data-only]:checked")) return;
    for (const other of page.querySelectorAll(`[data-only][name="${event.target.name}"]`)) if (other !== event.target) other.checked = false;
  });

  page.addEventListener("click", (event) => {
    if (!event.target.closest("[data-take]")) return;
    for (const one of page.querySelectorAll("[data-suggested] input")) one.checked = one.matches(FIRST);
    say(event.target.closest("[data-take]").textContent.trim());
  });

  page.addEventListener("submit", (event) => {
    const form = event.target;
    const sends = form.matches("[data-decision]") ? decide : FIELDS.test(form.action) ? change : null;
    if (!sends) return;
    event.preventDefault();
    event.stopPropagation();
    sends(form, event.submitter);
  });

  // A menu of the fields may open where one would have to scroll.
  page.addEventListener("toggle", (event) => {
    if (event.target.matches(".triage-beside details[open]")) event.target.querySelector(".menu-panel").scrollIntoView({ block: "nearest" });
  }, true);

  page.addEventListener("click", (event) => {
    const link = event.target.closest(".queue-row, [data-step]");
    if (!link || !isPlain(event)) return;
    const key = link.dataset.issue ?? neighbour(Number(link.dataset.step));
    // The link itself leads to another page of the queue.
    if (!key && !(deciding.size || sending)) return;
    event.preventDefault();
    if (key) go(key);
    else tell(page.dataset.sending);
  });

  const any = () => rows().length > 0;
  const items = () => [...page.querySelectorAll(".queue-item")];
  const selection = startSelecting(page, { rows: items, current: () => rowOf(shown())?.parentElement, go: (step) => go(neighbour(step)) });
  offer("back", () => selection.clear(), () => selection.count() > 0, any);
  offer("undo", takeBack, () => deciding.size || sending || undo || ownUndo());
  for (const [name, step] of [["next", 1], ["previous", -1]]) {
    const goOn = () => (neighbour(step) ? go(neighbour(step)) : goFurther(step));
    offer(name, goOn, () => neighbour(step) || further(step), any);
  }

  // With this page of the queue goes what was chosen in it; texts are kept.
  function goFurther(step) {
    const isUnsent = selection.count() || edited().some((one) => !one.matches("textarea"));
    if (deciding.size || sending) tell(page.dataset.sending);
    else if (isUnsent) tell(page.dataset.unsent);
    else further(step).click();
  }

  // What was set is drawn anew around what one does meanwhile, where it is still what is being read.
  async function sendFrom(form, key, submitter = null) {
    const sent = readTexts(form);
    hideUndo();
    sending += 1;
    const number = ++lastSent;
    const answer = await send(form, submitter).catch(() => ({ ok: false, errors: page.dataset.failed }));
    sending -= 1;
    ready.delete(key);
    if (!answer.ok) {
      if (!answer.errors) refreshAll();
      return answer;
    }
    leave(form, key, sent);
    tellDone(answer.toasts, number);
    const young = await fetchIssue(key);
    ready.delete(key);
    if (young.ok && shown() === key) renew(young.fresh);
    return answer;
  }

  function dropSent(form, key, sent) {
    forgetSent(key, sent);
    form.reset();
    for (const [field] of sent) field.value = "";
    emptyElsewhere(form, key, sent);
  }

  // Whoever went away and came back has the same text before them in another form.
  function emptyElsewhere(form, key, sent) {
    const ids = new Map(sent.map(([field, value]) => [field.id, value]));
    const again = (field) => shown() === key && !form.contains(field) && ids.get(field.id) === field.value;
    for (const field of texts().filter(again)) field.value = "";
  }

  // A form that was sent has done its work: its menu closes, and what was `sent` of its texts is no draft any more. What
  // was written since stays, internal if it was to be, and so does whoever writes it.
  function leave(form, key, sent) {
    const since = sent.filter(([field, value]) => field.value !== value).map(([field]) => [field, draftOf(field)]);
    const menu = form.closest("details");
    const left = (menu ?? form).contains(document.activeElement) && !since.length;
    dropSent(form, key, sent);
    for (const [field, kept] of since) give(field, kept);
    menu?.removeAttribute("open");
    if (left) text()?.focus({ preventScroll: true });
  }

  // Whoever is done with writing about what is gone is led on.
  const marks = () =>
    shown() && shown() === missing && !isWriting() ? "left" : [part(".triage-head"), text()].map((one) => one?.dataset.mark ?? "").join(".");
  const refresh = live({
    mark: marks,
    address: () => address(shown() === missing ? "" : shown()),
    fragment: "triage",
    idle: () => deciding.size === 0 && (shown() || !part("details[open]")),
    put: bringUpToDate,
    gone: leaveMissing,
  });

  // Also where nothing has changed but the session, whose forms are good no more.
  function refreshAll() {
    part(".triage-head").dataset.mark = "";
    refresh();
  }

  // The queue goes on without what is read; whoever writes there is not taken away from it.
  function leaveMissing() {
    if (missing === shown()) return false;
    missing = shown();
    complain(`${missing}: ${page.dataset.gone}`);
    const beside = neighbour(1) ?? neighbour(-1);
    takeOut(missing);
    if (isWriting()) return true;
    if (beside) go(beside, { push: false });
    else refresh();
    return true;
  }

  const isWriting = () => written() || part(".triage-issue").contains(document.activeElement) && document.activeElement.matches("input, textarea");

  // A field or a comment by its own form.
  async function change(form, submitter) {
    if (form.ariaBusy) return;
    form.ariaBusy = "true";
    const answer = await sendFrom(form, shown(), submitter);
    form.ariaBusy = null;
    if (!answer.ok) complain(answer.errors ?? page.dataset.failed);
    // It may be refused for what one does not see yet.
    refresh();
  }

  offerIssue(() => {
    const key = shown();
    return key ? { key, send: (form) => sendFrom(form, key), done: () => text()?.focus({ preventScroll: true }) } : null;
  });

  addEventListener("popstate", (event) => {
    const key = event.state?.key ?? new URLSearchParams(location.search).get("issue") ?? shown();
    // A link within the page makes an entry of the history that says nothing of what is shown.
    if (!event.state) history.replaceState({ key }, "");
    if (key) go(key, { push: false });
  });

  // What others decide meanwhile leaves the queue; the issue that is read changes around what is written about it.
  function bringUpToDate(fresh) {
    if (isForAnother(fresh)) return false;
    if (!shown() || (shown() === missing && !isWriting())) return arrive(fresh);
    const before = shown();
    const young = part("[data-shown]", fresh);
    if (young && before !== missing && young.dataset.mark !== text().dataset.mark) renew(fresh);
    // Without it the queue is asked for at its first, whose mark goes with it.
    if (before === missing) text().dataset.mark = young?.dataset.mark ?? "";
    redraw(fresh);
    if (shown() !== before) noteAddress();
    takeToken(fresh);
    ready.clear();
    prefetch();
  }

  // Into an empty queue.
  function arrive(fresh) {
    const at = document.activeElement;
    whole(fresh);
    // Whoever is elsewhere on the page stays there.
    if (at !== document.body && at.isConnected) at.focus({ preventScroll: true });
    if (shown()) noteAddress();
  }

  // Who else has this one before them.
  async function ping() {
    const place = part("[data-here]");
    if (!place?.dataset.here || document.hidden) return;
    const body = new URLSearchParams({ csrfmiddlewaretoken: token() });
    const answer = await fetch(place.dataset.here, { method: "POST", body, headers: { "X-Fragment": "here" } }).catch(() => null);
    if (answer?.ok && !isSignIn(answer) && place.isConnected) place.textContent = await answer.text();
  }

  startGlancing(page);

  giveDrafts(shown());
  addEventListener("pageshow", (event) => {
    isLeaving = false;
    if (event.persisted) giveDrafts(shown(), true);
  });
  addEventListener("pagehide", () => {
    isLeaving = true;
    keepDrafts();
  });
  document.addEventListener("visibilitychange", () => document.hidden && keepDrafts());

  setInterval(ping, PING);
  ping();

  prefetch();
  if (shown()) history.replaceState({ key: shown() }, "");
}
