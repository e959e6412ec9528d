// A similar issue is looked at in place; what closes the dialog gives the focus back to the link.
import { aborted, isAway, isPlain, latest } from "./fragments.js";
import { complain } from "./toasts.js";

export function start(page) {
  const dialog = document.querySelector("[data-glance]");
  const content = dialog.querySelector("[data-peek-content]");
  const load = latest("peek");

  page.addEventListener("click", async (event) => {
    const link = event.target.closest(".similar a");
    if (!link || !isPlain(event)) return;
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
      if (aborted(error) || !link.isConnected) return;
      if (!isAway(error)) return location.assign(link.href);
      complain(`${link.pathname.split("/").at(-2)}: ${page.dataset.failed}`);
    }
  });
}
