// Messages go away by themselves, but not while somebody points at them or has the focus in them.
import { say } from "./fragments.js";

const SHOWN = 8000;
const ARRIVED = 200;

// What stands in the page from the first is not read out by itself.
export function start(toasts) {
  const all = [...toasts.querySelectorAll(".toast")];
  all.forEach(tend);
  if (all.length) setTimeout(() => say(all.map((toast) => toast.firstElementChild.textContent).join(" ")), ARRIVED);
}

// Show a message that came with a fragment, in the place of the one before: its Undo is the one that `z` presses.
export function show(toast) {
  document.querySelector(".toasts").replaceChildren();
  add(toast);
}

// Beside what has been done, whose Undo is still to be reached.
function showBeside(toast) {
  for (const other of document.querySelectorAll(".toasts > .toast:not(:has([data-action=undo]))")) other.remove();
  add(toast);
}

function add(toast) {
  document.querySelector(".toasts").append(toast);
  toast.dataset.shown = "";
  for (const next of toast.querySelectorAll("[name=next]")) next.value = location.pathname + location.search;
  tend(toast);
}

const template = () => document.querySelector("template[data-error-toast]");

function made(text) {
  const toast = template().content.cloneNode(true).firstElementChild;
  toast.firstElementChild.textContent = text;
  return toast;
}

// Say what went wrong, where no answer of the server does.
export function complain(text) {
  showBeside(made(text));
}

// That the page would be left with something that one has written or chosen in it.
export const unsent = () => template().dataset.unsent;

// Say what is good to know, and goes away by itself.
export function tell(text) {
  const toast = made(text);
  toast.classList.remove("is-error");
  showBeside(toast);
}

function tend(toast) {
  const close = toast.querySelector("[data-close]");
  close.hidden = false;
  let timer;
  let from;
  const wait = () => {
    clearTimeout(timer);
    if (!toast.matches(".is-error, :hover, :focus-within")) timer = setTimeout(() => toast.remove(), SHOWN);
  };
  const stay = () => clearTimeout(timer);
  toast.addEventListener("mouseenter", stay);
  toast.addEventListener("mouseleave", wait);
  toast.addEventListener("focusin", (event) => {
    stay();
    if (!toast.contains(event.relatedTarget)) from = event.relatedTarget;
  });
  toast.addEventListener("focusout", wait);
  close.addEventListener("click", () => {
    toast.remove();
    from?.focus({ preventScroll: true });
  });
  wait();
}
