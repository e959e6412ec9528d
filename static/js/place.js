// An issue remembers that it was looked at, so that the list it came from can give its row the focus again.
const KEY = "row";

export function start(bar) {
  const { issue, list } = bar.dataset;
  sessionStorage.setItem(KEY, JSON.stringify({ issue, list }));
}

// The key of the issue that one comes back from to this list, if it is one.
export function lastIssue() {
  const last = JSON.parse(sessionStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  const [arrival] = performance.getEntriesByType("navigation");
  const here = location.pathname + location.search;
  return last && (arrival?.type === "back_forward" || last.list === here) ? last.issue : null;
}
