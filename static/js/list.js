// Walking through the rows of a list by keys; the row's own link holds the focus, so that Enter opens it.
export function start(list) {
  const links = () => [...list.querySelectorAll(".issue-link")];
  const move = (step) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    if (document.documentElement.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return;
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      move(event.key === "j" ? 1 : -1);
    } else if (event.key === "o" && document.activeElement.matches(".issue-link")) {
      document.activeElement.click();
    }
  });
}
