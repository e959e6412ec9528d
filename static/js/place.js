// The way between a list and an issue of it: back leads to the list as it was left, and to the row of the issue.
import { readerOf } from "./fragments.js";

const ROW = "row";
const LIST = "list";

const read = (key) => JSON.parse(sessionStorage.getItem(key));
const here = () => location.pathname + location.search;

// A list, when it is left, with what the links of its rows say of it.
export function leaveList(page) {
  const references = [...page.querySelectorAll("[data-list]")].map((table) => table.dataset.list);
  const title = page.querySelector("h1").textContent;
  sessionStorage.setItem(LIST, JSON.stringify({ references, title, address: here(), reader: readerOf(document) }));
}

// An issue knows of its list what it finds and in which order. If that list was left last, back leads to it with its
// columns, sections and page, and to a view under its name.
export function leadBack(bar) {
  const last = read(LIST);
  if (!last?.references.includes(bar.dataset.reference) || last.reader !== bar.dataset.reader) return;
  const link = bar.querySelector("[data-action=back]");
  link.setAttribute("href", last.address);
  link.querySelector(".name").textContent = last.title;
  bar.dataset.list = last.address;
}

// An issue remembers that it was looked at, so that the list it came from can give its row the focus again.
export function start(bar) {
  leadBack(bar);
  const { issue, list } = bar.dataset;
  sessionStorage.setItem(ROW, JSON.stringify({ issue, list }));
}

// The key of the issue that one comes back from to this list, if it is one.
export function lastIssue() {
  const last = read(ROW);
  sessionStorage.removeItem(ROW);
  const [arrival] = performance.getEntriesByType("navigation");
  return last && (arrival?.type === "back_forward" || last.list === here()) ? last.issue : null;
}
