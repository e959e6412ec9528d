// What every page offers: its keys, the palette, a form to send, and a way back to what was done last.
import { composing } from "./composing.js";
import { available, issueHere, isOffered, offer, sendForm, table } from "./keys.js";

offer("submit", () => sendForm(document.activeElement), () => Boolean(document.activeElement.form), () => true);

// Of the sheet is shown what this page offers, but for keys that are switched off.
offer("help", () => {
  const off = document.documentElement.dataset.shortcuts === "off";
  for (const { name, row } of table.values()) {
    const silent = off && !row.querySelector(".caps:not([data-character])");
    row.hidden = silent || !isOffered(name);
  }
  for (const group of document.querySelectorAll("[data-key-group]")) group.hidden = !group.querySelector("[data-describes]:not([hidden])");
  document.getElementById("shortcuts").showModal();
});

// What was done last has its Undo in a message; when that has gone, the newest entry of the history has it: the newest
// of one's own, if there is one.
function newest() {
  const all = [...document.querySelectorAll("form.undo")];
  return (all.findLast((form) => "own" in form.dataset) ?? all.at(-1))?.querySelector("button");
}
function pointOut() {
  newest()?.scrollIntoView({ block: "center" });
  newest()?.focus();
}
offer("undo", pointOut, newest, newest);
if (location.hash === "#undo") pointOut();

const hasPalette = () => Boolean(document.getElementById("palette"));
offer("palette", openPalette, hasPalette, hasPalette);
// Where a page has no box of its own.
offer("search", openPalette, hasPalette, hasPalette);

// For what the palette was opened last: whoever leaves it before its module has come has nothing done by it.
let latest;

// The box has the focus at once, so that what is typed before its module has come is not taken for keys.
function openPalette() {
  const dialog = document.getElementById("palette");
  if (dialog.open) return dialog.close();
  document.querySelector("dialog[open]")?.close();
  const actions = available().filter((action) => !["palette", "submit"].includes(action.name));
  const context = { actions, issue: issueHere() };
  latest = context;
  dialog.querySelector("[role=combobox]").value = "";
  dialog.showModal();
  const begin = () => {
    context.failed = false;
    sayInPalette(dialog, "");
    const isLatest = () => dialog.open && context === latest;
    const came = (module) => {
      dialog.onkeydown = null;
      if (isLatest()) module.open(dialog, context);
    };
    const failed = () => {
      context.failed = true;
      if (isLatest()) sayInPalette(dialog, dialog.dataset.failed);
    };
    import("./palette.js").then(came, failed);
  };
  dialog.onkeydown = (event) => {
    if (event.key !== "Enter" || composing(event)) return;
    event.preventDefault();
    if (context.failed) begin();
    else context.entered = true;
  };
  begin();
}

// The module that would say so has not come; Enter asks for it once more.
function sayInPalette(dialog, text) {
  const [preview, said] = ["preview", "said"].map((name) => dialog.querySelector(`[data-palette-${name}]`));
  const problem = document.createElement("p");
  problem.className = "palette-problem";
  problem.textContent = said.textContent = text;
  preview.replaceChildren(problem);
  preview.hidden = !text;
}
