// In a menu that is open a digit chooses what it stands beside; elsewhere the digits are decisions.
const OPEN = ":is(details.menu[open], [popover]:popover-open):has([data-digit])";

// A field that what a digit chooses is another way to fill takes no digit before anything is written in it.
const writing = (element) => {
  const field = element.closest("input, textarea, select");
  return field && !(field.hasAttribute("data-digits-pass") && !field.value);
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (document.documentElement.dataset.shortcuts === "off" || !/^[1-9]$/.test(event.key)) return;
  const menu = document.querySelector(OPEN);
  if (!menu || writing(event.target)) return;
  event.stopImmediatePropagation();
  // The digit that has opened the menu is still held.
  if (event.repeat) return event.preventDefault();
  const chosen = menu.querySelector(`[data-digit="${event.key}"]`);
  if (!chosen) return;
  event.preventDefault();
  chosen.click();
}, true);
