// Messages go away by themselves, but not while somebody points at them or has the focus in them.
const SHOWN = 8000;

export function start(toasts) {
  for (const toast of toasts.querySelectorAll(".toast")) {
    const close = toast.querySelector("[data-close]");
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
    let timer;
    const wait = () => {
      timer = setTimeout(() => toast.remove(), SHOWN);
    };
    const stay = () => clearTimeout(timer);
    toast.addEventListener("mouseenter", stay);
    toast.addEventListener("mouseleave", wait);
    toast.addEventListener("focusin", stay);
    toast.addEventListener("focusout", wait);
    if (!toast.classList.contains("is-error")) wait();
  }
}
