// A button that copies the text of the element beside it, and says so.
export function start(button) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.querySelector("[data-word]").textContent = button.dataset.done;
  });
}
