// Fields changed in the row of a list: a menu beside the cell, whose forms are those of the issue's own page.
import "./digits.js";
import { draftOf, give } from "./drafts.js";
import { aborted, isAway, isPlain, latest, load, send, signedOut } from "./fragments.js";
import { complain as complainOnTop, show as showToast } from "./toasts.js";

const GAP = 4;
const NOTHING = { rows: [], toasts: [] };

export function start(page, { focus, changed }) {
  const menu = page.querySelector("[data-row-menu]");
  const content = menu.querySelector("[data-menu-content]");
  const trouble = menu.querySelector("[data-menu-error]");
  const failed = page.querySelector("template[data-failed]").innerHTML;
  const loadMenu = latest("menu");
  const drafts = new Map();
  // The texts that are being sent, each with its row and field.
  const sending = new Set();
  // What has been pressed and not been answered yet, and when all of it is.
  const pressed = new Set();
  let answered = Promise.resolve();
  let around = {};
  let opened = {};
  let typed = "";
  let entered = false;

  const rowOf = (key) => page.querySelector(`.issue-row[data-issue="${CSS.escape(key)}"]`);
  const cellOf = (row, field) => row?.querySelector(`[data-field="${field}"]`);
  const linkOf = (row) => row.querySelector(".issue-link");
  const menuOf = (row, field) => `${linkOf(row).pathname}menu/${field}/`;

  function complain(text) {
    trouble.textContent = text;
    trouble.hidden = !text;
  }

  // Returns whether it could be opened.
  async function open(row, field) {
    const cell = cellOf(row, field);
    keepDraft();
    opened = { key: row.dataset.issue, field };
    complain("");
    wait();
    try {
      content.innerHTML = await loadMenu(menuOf(row, field));
    } catch (error) {
      if (aborted(error)) return;
      delete menu.dataset.loading;
      if (!menu.matches(":popover-open")) return;
      if (!isAway(error)) return location.assign(field === "comment" ? `${linkOf(row).href}#comment-body` : linkOf(row).href);
      close();
      return complainOnTop(`${row.dataset.issue}: ${failed}`);
    }
    delete menu.dataset.loading;
    if (!menu.matches(":popover-open")) return;
    place(cell?.checkVisibility() ? cell : linkOf(row));
    begin();
    return true;
  }

  // The menu has the focus before it has come, so that whoever types on at once does not press the keys of the list.
  function wait() {
    typed = "";
    entered = false;
    menu.dataset.loading = "";
    content.replaceChildren();
    if (!menu.matches(":popover-open")) menu.showPopover();
    menu.focus();
  }

  menu.addEventListener("keydown", (event) => {
    if (!("loading" in menu.dataset) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length > 1 && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    if (event.key === "Enter") entered = true;
    else typed += event.key;
  });

  // Below the cell, or above where there is more room; never beyond the window.
  function place(anchor) {
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = at.bottom + GAP + height <= innerHeight;
    menu.style.left = `${Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - 2 * GAP))}px`;
    menu.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  }

  function begin() {
    const wanted = ["[data-first]", "[aria-pressed=true]", ".menu-item input", ".menu-item"];
    wanted.map((one) => content.querySelector(one)).find(Boolean)?.focus();
    const box = content.querySelector("textarea");
    if (box) give(box, drafts.get(draft(opened.key, opened.field)) ?? { text: "", internal: false });
    const chosen = /^[1-9]$/.test(typed) && content.querySelector(`[data-digit="${typed}"]`);
    if (chosen) return chosen.click();
    if (!typed || !document.activeElement.matches(".control")) return;
    const field = document.activeElement;
    field.value = (field === box ? box.value : "") + typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (entered && opened.field === "assignee") enter(field);
  }

  // As if it were pressed now: it may mean an item of the menu.
  function enter(field) {
    const pressed = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    if (field.dispatchEvent(pressed)) field.form.requestSubmit();
  }

  function close() {
    if (menu.matches(":popover-open")) menu.hidePopover();
  }

  // What is known of the list, for the answer to be drawn alike; of one that is empty by now, what it was.
  function surroundings(key) {
    const table = (key && rowOf(key)?.closest(".issue-list")) ?? page.querySelector(".issue-list");
    if (table) around = { columns: table.dataset.columns.split(" "), list: table.dataset.list };
    return around;
  }

  function put(rows) {
    for (const fresh of rows) {
      for (const old of page.querySelectorAll(`.issue-row[data-issue="${CSS.escape(fresh.dataset.issue)}"]`)) {
        const row = document.importNode(fresh, true);
        const snippet = old.querySelector(".snippet");
        if (snippet) row.querySelector(".col-title").append(snippet);
        const box = row.querySelector("[name=ids]");
        if (box) box.checked = old.querySelector("[name=ids]:checked") !== null;
        if (old.classList.contains("is-current")) row.classList.add("is-current");
        const hadFocus = old.contains(document.activeElement);
        old.replaceWith(row);
        if (hadFocus) focus(row);
        changed(row);
      }
    }
    page.dispatchEvent(new Event("redrawn"));
  }

  // A form from elsewhere about the issue of a row. Returns the answer, whose errors its sender shows.
  async function sendFrom(form, key) {
    const answer = await send(form, null, surroundings(key)).catch(() => ({ ...NOTHING, errors: failed }));
    put(answer.rows);
    if (answer.ok) answer.toasts.forEach(showToast);
    return answer;
  }

  async function submit(form, submitter, { key, field }, also = {}) {
    const box = form.querySelector("textarea");
    const sent = box?.value;
    const text = sent && `${draft(key, field)} ${sent}`;
    if (form.ariaBusy) return;
    if (sending.has(text)) return complainOnTop(`${key}: ${page.querySelector("template[data-failed]").dataset.sending}`);
    form.ariaBusy = "true";
    if (text) sending.add(text);
    const answer = await send(form, submitter, { ...surroundings(key), ...also }).catch(() => NOTHING);
    sending.delete(text);
    form.ariaBusy = null;
    put(answer.rows);
    // By now one may have closed the menu, be at another row, or write in another menu.
    const isOwn = content.contains(form);
    const isOpen = isOwn && menu.matches(":popover-open");
    const isHere = isOpen || document.activeElement === document.body;
    if (answer.ok) {
      // What was written since stays, and so does whoever writes it.
      const goesOn = box?.value !== sent;
      if (drafts.get(draft(key, field))?.text === sent) drafts.delete(draft(key, field));
      if (isOwn && !goesOn) form.reset();
      emptyElsewhere(key, field, sent);
      if (isOpen && !goesOn) close();
      answer.toasts.forEach(showToast);
      if (isHere && !(isOpen && goesOn)) focusUnlessPeeking(rowOf(key));
    } else if (isHere || rowOf(key)?.contains(document.activeElement)) {
      await explain(key, field, answer);
    } else {
      complainOnTop(`${key}: ${answer.errors ?? failed}`);
    }
  }

  // Whoever has opened the menu again has the same text before them in another form.
  function emptyElsewhere(key, field, sent) {
    const box = content.querySelector("textarea");
    if (box && box.value === sent && opened.key === key && opened.field === field) box.value = "";
  }

  // The menu stays, with what is wrong above it and with what can be chosen now.
  async function explain(key, field, answer) {
    const row = rowOf(key);
    if (field === "accept" || !row) return complainOnTop(answer.errors ?? failed);
    if (answer.rows.length && !(await open(row, field))) return complainOnTop(`${key}: ${answer.errors ?? failed}`);
    opened = { key, field };
    if (!menu.matches(":popover-open")) {
      content.replaceChildren();
      menu.showPopover();
    }
    complain(answer.errors ?? failed);
    place(cellOf(row, field) ?? linkOf(row));
  }

  function focusUnlessPeeking(row) {
    if (!page.querySelector("[data-peek-panel]").contains(document.activeElement)) focus(row);
  }

  // The message with the focus has gone, and its row is not listed any more.
  function focusInList() {
    const row = [...page.querySelectorAll(".issue-row")].find((one) => one.getBoundingClientRect().top >= 0);
    if (row) focus(row);
    else page.querySelector("#q")?.focus();
  }

  // Press a button of a menu without opening that: whatever is pressed at once is done one after the other.
  function press(row, field, action) {
    const [key, seen, address] = [row.dataset.issue, row.dataset.seen, menuOf(row, field)];
    if (pressed.has(address)) return;
    pressed.add(address);
    const pressNow = async () => {
      const form = document.createElement("div");
      form.innerHTML = await load(address, "menu");
      const button = form.querySelector(`[data-action="${action}"]`);
      // As far as this row has shown: what somebody has changed since is a conflict.
      if (button) await submit(button.form, button, { key, field }, { seen: rowOf(key)?.dataset.seen ?? seen });
    };
    const fail = (error) => complainOnTop(`${key}: ${error.signedOut ? signedOut() : failed}`);
    answered = answered.then(pressNow).catch(fail).finally(() => pressed.delete(address));
  }

  menu.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    submit(event.target, event.submitter, opened);
  });

  // What was written but not sent is there when the same is asked for of the same row again.
  const draft = (key, field) => `${key} ${field}`;
  function keepDraft() {
    const box = content.querySelector("textarea");
    if (box) drafts.set(draft(opened.key, opened.field), draftOf(box));
  }

  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    keepDraft();
    if (document.activeElement === document.body || menu.contains(document.activeElement)) focusUnlessPeeking(rowOf(opened.key));
  });

  page.addEventListener("click", (event) => {
    const cell = event.target.closest("a.cell[data-field]");
    if (!cell || !isPlain(event)) return;
    event.preventDefault();
    open(cell.closest(".issue-row"), cell.dataset.field);
  });

  // The cells are links for want of a script; with one they open a menu, and say so.
  function offer() {
    for (const cell of page.querySelectorAll("a.cell:not([role])")) {
      cell.setAttribute("role", "button");
      cell.setAttribute("aria-haspopup", "dialog");
    }
  }
  page.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches("a.cell")) return;
    event.preventDefault();
    event.target.click();
  });
  page.addEventListener("results", offer);
  page.addEventListener("redrawn", offer);
  offer();
  surroundings();

  // Undo of what was changed here draws the row anew, too.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest(".toast[data-shown] form");
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.ariaBusy) return;
    form.ariaBusy = "true";
    const answer = await send(form, event.submitter, surroundings()).catch(() => NOTHING);
    form.ariaBusy = null;
    if (!answer.ok) return complainOnTop(answer.errors ?? failed);
    put(answer.rows);
    const hadFocus = form.contains(document.activeElement);
    answer.toasts.forEach(showToast);
    const row = answer.rows.map((one) => rowOf(one.dataset.issue)).find(Boolean);
    if (row) focusUnlessPeeking(row);
    else if (hadFocus) focusInList();
  }, true);

  return { open, press, send: sendFrom };
}
