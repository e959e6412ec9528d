// An issue beside its list. The panel has the focus while it is open, so that its text can be scrolled and read out;
// j and k go on to the next row, and Escape gives the focus back to the row that was looked at last.
import { aborted, isAway, latest, say } from "./fragments.js";
import { complain } from "./toasts.js";

export function start(page, { current, focus }) {
  const panel = page.querySelector("[data-peek-panel]");
  const content = panel.querySelector("[data-peek-content]");
  const load = latest("peek");
  const failed = page.querySelector("template[data-failed]").innerHTML;
  let shown;
  // What the panel holds: less than what is shown, while that is on its way.
  let drawn;

  const isOpen = () => !panel.hidden;
  const rowOf = (key) => key && page.querySelector(`.issue-row[data-issue="${CSS.escape(key)}"]`);

  function mark(row) {
    for (const marked of page.querySelectorAll(".issue-row.is-current")) marked.classList.remove("is-current");
    row?.classList.add("is-current");
  }

  async function show(row) {
    if (!row) return;
    const link = row.querySelector(".issue-link");
    // What is read anew stays where it was.
    const at = shown === row.dataset.issue ? panel.scrollTop : 0;
    shown = row.dataset.issue;
    mark(row);
    panel.setAttribute("aria-busy", "true");
    let within;
    try {
      const html = await load(`${link.pathname}peek/`);
      // It has been closed meanwhile.
      if (shown !== row.dataset.issue) return;
      within = content.contains(document.activeElement);
      content.innerHTML = html;
      drawn = shown;
    } catch (error) {
      if (aborted(error) || shown !== row.dataset.issue) return;
      if (!isAway(error)) return location.assign(link.href);
      panel.removeAttribute("aria-busy");
      shown = drawn;
      mark(rowOf(drawn));
      return complain(`${row.dataset.issue}: ${failed}`);
    }
    panel.removeAttribute("aria-busy");
    const opening = panel.hidden;
    panel.hidden = false;
    panel.scrollTop = at;
    // What has the focus in it may have gone.
    if (opening || within) panel.focus({ preventScroll: true });
    if (!opening && panel.contains(document.activeElement)) say(`${shown} ${link.textContent}`);
    // Leads back to this very list.
    for (const anchor of content.querySelectorAll(`a[href="${link.pathname}"]`)) anchor.href = link.href;
  }

  function close() {
    panel.hidden = true;
    panel.removeAttribute("aria-busy");
    const row = rowOf(shown);
    mark(null);
    shown = drawn = undefined;
    focus(row);
  }

  function toggle(row) {
    if (isOpen()) close();
    else show(row);
  }

  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-peek]");
    if (button) {
      const row = button.closest(".issue-row");
      if (isOpen() && row.dataset.issue === shown) close();
      else show(row);
    }
    if (event.target.closest("[data-peek-panel] [data-close]")) close();
  });

  // Other rows have come: the panel stays where its issue is still among them.
  page.addEventListener("results", () => {
    if (!shown) return;
    const row = rowOf(shown);
    if (row) mark(row);
    else {
      panel.hidden = true;
      panel.removeAttribute("aria-busy");
      shown = drawn = undefined;
    }
  });

  return {
    isOpen,
    close,
    show,
    toggle,
    refresh(row) {
      if (isOpen() && row.dataset.issue === shown) show(row);
    },
  };
}
