// A list of issues by keys: walking, opening, peeking, changing. The link of a row holds the focus, so that Enter opens it.
import { start as startChanging } from "./change.js";
import { start as startPeeking } from "./peek.js";
import { lastIssue } from "./place.js";

const CURRENT = "is-current";

export function start(page) {
  const rows = () => [...page.querySelectorAll(".issue-row")];
  const peek = startPeeking(page, { move, current, focus });
  const change = startChanging(page, { focus, changed: (row) => peek.refresh(row) });

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

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    o: () => current()?.querySelector(".issue-link").click(),
    " ": () => peek.toggle(current()),
    s: () => change.open(current(), "status"),
    a: () => change.open(current(), "assignee"),
    p: () => change.open(current(), "priority"),
    l: () => change.open(current(), "labels"),
    i: () => change.toMe(current()),
  };

  function go(step) {
    const row = move(step);
    if (peek.isOpen()) peek.show(row);
    else focus(row);
  }

  // Whoever comes back from an issue goes on from its row.
  const last = lastIssue();
  if (last) focus(rows().find((row) => row.dataset.issue === last));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    if (document.documentElement.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, textarea, select") || event.target.closest("[popover], details[open]")) return;
    // A button or a link other than the row's own has a use for the space bar, and so has the page without a row.
    if (event.key === " " && (event.target.matches("button, summary, .cell") || !current())) return;
    event.preventDefault();
    keys[event.key]();
  });
}
