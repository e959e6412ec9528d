// A similar issue is looked at in place; what closes the dialog gives the focus back to the link.
import { aborted, latest } from "./fragments.js";

export function start(page) {
  const dialog = document.querySelector("[data-glance]");
  const content = dialog.querySelector("[data-peek-content]");
  const load = latest("peek");

  page.addEventListener("click", async (event) => {
    const link = event.target.closest(".similar a");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    try {
      const html = await load(`${link.pathname}peek/`);
      // One has gone on meanwhile.
      if (!link.isConnected || document.querySelector("dialog[open]")) return;
      content.innerHTML = html;
      link.focus({ preventScroll: true });
      dialog.showModal();
      dialog.scrollTop = 0;
    } catch (error) {
      if (!aborted(error)) location.assign(link.href);
    }
  });
}
