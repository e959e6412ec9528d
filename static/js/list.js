// A list of issues by keys: walking, opening, peeking, changing. The link of a row holds the focus, so that Enter opens it.
import { start as startChanging } from "./change.js";
import { readerOf, say } from "./fragments.js";
import { offer, offerIssue } from "./offer.js";
import { live } from "./live.js";
import { start as startPeeking } from "./peek.js";
import { lastIssue, leaveList } from "./place.js";
import { start as startSelecting } from "./select.js";
import { complain } from "./toasts.js";
import { steadily, updateWithin } from "./update.js";

const CURRENT = "is-current";
const ROOM = 8;
// A row has no cell for these: who may set the priority may set them, too.
const WITHOUT_CELL = ["severity", "component", "due_on", "decision"];
const ASKED_FIRST = ["duplicate", "decline", "needinfo", "snooze", "reroute"];

export function start(page) {
  const results = page.querySelector("[data-results]");
  const rows = () => [...page.querySelectorAll(".issue-row")];
  const peek = startPeeking(page, { current, focus });
  const change = startChanging(page, { focus, changed: (row) => peek.refresh(row) });
  const selection = startSelecting(page, { rows, current, go });

  // The row with the focus, or the one that is looked at beside the list.
  function current() {
    return document.activeElement.closest?.(".issue-row") ?? page.querySelector(`.${CURRENT}`);
  }

  function focus(row) {
    row?.querySelector(".issue-link").focus();
  }

  // The next row (or the one before), which is then current.
  function move(step) {
    const all = rows();
    const next = all[Math.min(Math.max(all.indexOf(current()) + step, 0), all.length - 1)];
    next?.scrollIntoView({ block: "nearest" });
    return next;
  }

  function go(step) {
    const row = move(step);
    if (peek.isOpen()) peek.show(row);
    else focus(row);
  }

  // What stays above the rows may have several lines: no row is to be found beneath it.
  const below = () => {
    const head = page.querySelector(".list-head-second");
    if (!head) return;
    const { position, top } = getComputedStyle(head);
    document.documentElement.style.scrollPaddingTop = position === "sticky" ? `${parseFloat(top) + head.offsetHeight + ROOM}px` : "";
  };
  new ResizeObserver(below).observe(results);

  const any = () => rows().length > 0;
  const link = () => current().querySelector(".issue-link");
  const speaks = page.querySelector("[data-may-comment]");
  const spoken = [() => speaks && current(), () => speaks && any()];
  offer("next", () => go(1), any, any);
  offer("previous", () => go(-1), any, any);
  offer("open", () => link().click(), current, any);
  offer("peek", () => peek.toggle(current()), current, any);
  offer("back", () => (peek.isOpen() ? peek.close() : selection.clear()), () => peek.isOpen() || selection.count() > 0, any);
  offer("undo", () => location.assign(`${link().href}#undo`), ...spoken);

  const cell = (field) => `[data-field="${WITHOUT_CELL.includes(field) ? "priority" : field}"]`;
  const settable = (field) => [() => current()?.querySelector(cell(field)), () => page.querySelector(cell(field))];
  const set = (field) => () => change.open(current(), field);
  offer("status", set("status"), ...settable("status"));
  offer("assignee", set("assignee"), ...settable("assignee"));
  offer("priority", set("priority"), ...settable("priority"));
  offer("labels", set("labels"), ...settable("labels"));
  offer("severity", set("severity"), ...settable("severity"));
  offer("component", set("component"), ...settable("component"));
  offer("due", set("due_on"), ...settable("due_on"));
  offer("to-me", () => change.press(current(), "assignee", "to-me"), ...settable("assignee"));
  // While rows are selected the bar of the selection claims these keys.
  offer("accept", () => change.press(current(), "accept", "accept"), ...settable("decision"));
  for (const decision of ASKED_FIRST) offer(decision, set(decision), ...settable("decision"));
  offer("comment", set("comment"), ...spoken);

  offerIssue(() => {
    const row = current() ?? selection.only();
    if (!row) return null;
    const key = row.dataset.issue;
    const done = () => document.activeElement.matches("body, #palette *") && focus(rows().find((one) => one.dataset.issue === key));
    return { key, done, send: (form) => change.send(form, key) };
  });

  // Others change what is listed. What one is at, has chosen or looks at stays, even where it is listed no more.
  function put(fresh) {
    if (readerOf(fresh) !== readerOf(results)) return false;
    const looked = peek.isOpen() ? current() : null;
    const seen = looked?.dataset.seen;
    const was = new Set(page.querySelectorAll(".is-gone"));
    steadily(() => updateWithin(results, fresh.body));
    page.dispatchEvent(new Event("redrawn"));
    for (const row of page.querySelectorAll(".issue-row.is-gone")) if (!was.has(row)) say(results.dataset.gone.replace("#", row.dataset.issue));
    if (looked?.isConnected && looked.dataset.seen !== seen) peek.refresh(looked);
    return true;
  }
  live({
    mark: () => results.querySelector("[data-mark]")?.dataset.mark,
    address: () => location.href,
    fragment: "results",
    idle: () => results.getAttribute("aria-busy") !== "true",
    put,
    gone: () => complain(results.dataset.missing),
  });

  addEventListener("pagehide", () => leaveList(page));
  // Whoever comes back from an issue goes on from its row.
  const last = lastIssue();
  if (last) focus(rows().find((row) => row.dataset.issue === last));
}
